// Draining: from the ring to the files, in the thread that calls. L4; the drainer thread comes by regularly,
// flush() and the end of the process drain in their own thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "drain/channel_registry.h"
#include "drain/codec_pool.h"
#include "drain/counters.h"
#include "drain/ring_keeper.h"
#include "drain/sequencer.h"
#include "drain/waitlist.h"
#include "queue/name_log.h"
#include "queue/notices.h"
#include "queue/op_ring.h"

namespace tickertape {

// Whether flush() waits for values that are still on a device. If it does not, it returns when everything in
// front of the first op that waits for one is in the file.
enum class DeferredValues { kLeave, kAwait };

// How long a caller waits at most before it looks again by itself, in case it missed a signal.
inline constexpr std::chrono::milliseconds kRecheckInterval{5};

// Thread-safe: one thread at a time has the drain lock and drains; the others wait for it.
class Drainer {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Whether a wait asks WaitHooks::is_over(), and then throws Interrupted.
  enum class Wait { kUntilInterrupted, kToTheEnd };

  Drainer(OpRing& ring, NameLog& names, CodecPool& pool, Waitlist& waitlist, ChannelRegistry& channels,
          Notices& notices, Counters& counters)
      : ring_(ring),
        pool_(pool),
        waitlist_(waitlist),
        channels_(channels),
        notices_(notices),
        counters_(counters),
        sequencer_(ring, names, pool, channels, notices, counters),
        keeper_(ring, channels, notices) {}

  // Returns 0 when every op that was pushed to `channel` before is in its file. Otherwise returns the error
  // number of what keeps it out, or ETIMEDOUT if the end of the process gave up waiting. Throws Interrupted.
  int flush(Channel& channel, DeferredValues deferred);

  // Writes everything that can be written. Throws Interrupted if `wait` allows it.
  void drain_all(Wait wait);

  // Writes what can be written without waiting, unless another thread is draining.
  void try_drain() noexcept;

  // Writes everything before `target`; false if that takes until after `deadline`.
  bool drain_until(std::uint64_t target, Time deadline);

  // Waits until the tail of the ring is no longer `seen_tail`, at most for kRecheckInterval.
  void wait_for_room(std::uint64_t seen_tail);

  // Ends every wait for the drain lock, now and later: the disk of the thread that holds it hangs.
  void give_up() { gave_up_.store(true, std::memory_order_relaxed); }
  bool has_given_up() const { return gave_up_.load(std::memory_order_relaxed); }

  // Drops the ops that still wait for a device, writes what is behind them, and returns the number of dropped
  // ops. Does nothing while another thread drains.
  std::uint64_t give_up_deferred_values();

  // --- For the drainer thread

  struct Round {
    bool more;  // call again at once
    bool idle;  // nothing to do until somebody opens a file
  };
  Round drain_round() noexcept;
  // True while a caller of flush() waits for the drain lock. A hint.
  bool flush_waits() const { return flushers_waiting_.load(std::memory_order_relaxed) != 0; }

 private:
  using Lock = std::unique_lock<std::timed_mutex>;
  struct DeviceWait;

  bool step();
  bool mend_ring();
  bool try_step() noexcept;
  template <typename Step>
  bool contained(Step step_once) noexcept;
  void report_unexpected(const char* what) noexcept;
  Lock lock(Wait wait);
  void wait_for_codec(Lock& drain_lock, std::uint64_t seen_finished, Wait wait);
  void wait_for_device(Lock& drain_lock, DeviceWait& so_far);
  void complete_deferred(Lock& drain_lock);

  OpRing& ring_;
  CodecPool& pool_;
  Waitlist& waitlist_;
  ChannelRegistry& channels_;
  Notices& notices_;
  Counters& counters_;

  std::timed_mutex drain_;
  Sequencer sequencer_;                   // under drain_
  RingKeeper keeper_;                     // under drain_
  bool told_of_unexpected_ = false;       // under drain_; since the last step that went well
  std::atomic<int> flushers_waiting_{0};  // relaxed: a hint
  std::atomic<bool> gave_up_{false};      // relaxed: it does not matter when it is seen

  std::mutex room_mutex_;  // orders "is there room?" and "now there is", nothing else
  std::condition_variable room_signal_;
};

}  // namespace tickertape
