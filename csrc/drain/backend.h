// What every writer of a process shares: one op ring, one drainer, one codec pool. L4; writers push into the
// ring, and call this to open, flush, close, and wait.
//
// docs/architecture.md "Locks" has the order of the locks behind it. None is held while foreign code runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "drain/channel.h"
#include "drain/channel_registry.h"
#include "drain/codec_pool.h"
#include "drain/counters.h"
#include "drain/drainer.h"
#include "drain/drainer_thread.h"
#include "drain/waitlist.h"
#include "queue/name_log.h"
#include "queue/notices.h"
#include "queue/op_ring.h"

namespace tickertape {

// Thread-safe. Never destroyed: anything may log until the very end of the process (process_backend.h).
class Backend {
 public:
  // Makes the ring and starts the thread. Throws IoError, std::bad_alloc.
  Backend();

  // --- Files

  // As ChannelRegistry::open().
  Channel& open(SinkPlan plan);

  // Closes the sink of a channel when everything is in it. Does not wait. No op may be pushed to the channel
  // afterwards.
  void close(Channel& channel) noexcept;

  // As Drainer::flush().
  int flush(Channel& channel, DeferredValues deferred = DeferredValues::kLeave) {
    return drainer_.flush(channel, deferred);
  }

  // --- Producers' slow paths

  // Waits until there is room since the ring's tail was `seen_tail`, or for some milliseconds. False if there
  // will never be room: the process ends and its disk takes nothing. Hold no lock. Throws Interrupted.
  bool wait_for_room(std::uint64_t seen_tail);

  // To be called after a push that returned kDoneNeedsAttention: wakes the drainer, or drains if it has
  // ended.
  void wake_or_drain();

  OpRing& ring() { return ring_; }
  NameLog& names() { return names_; }
  Notices& notices() { return notices_; }
  Counters& counters() { return counters_; }
  Waitlist& waitlist() { return waitlist_; }
  std::uint64_t bytes_queued() const { return ring_.head() - ring_.tail() + ring_.heap_bytes(); }
  // Events that were accepted and are not in their file yet.
  std::uint64_t events_queued();

  // --- The end

  // Drains what was pushed before and ends the thread; later pushes are written by their caller at once.
  // Returns the number of events that are still queued when the time is over. All calls together wait for
  // settings::exit_timeout_seconds() at most. For one thread at a time.
  std::uint64_t stop();

  // stop(), then removes the ring's file if it is empty. Otherwise says on standard error what is left.
  void finish();

 private:
  void say_what_is_left();

  Notices notices_;
  Counters counters_;
  std::uint64_t queue_bytes_ = 0;
  OpRing ring_;
  NameLog names_;
  CodecPool pool_;
  Waitlist waitlist_;
  ChannelRegistry channels_;
  Drainer drainer_;
  DrainerThread thread_;

  // True: there is no thread any more (or never was), and callers drain. Stored with release order before the
  // thread ends, loaded with acquire order by producers on their slow path.
  std::atomic<bool> synchronous_{false};
  double exit_seconds_left_;  // for stop()
};

}  // namespace tickertape
