// The one backend of a process: its op ring, its drainer thread, its codec pool and every open file. L4.
//
// Locks, in the order they may be taken: creation (the singleton), drain, registry; the ring's, the names',
// the notices' and the pool's are leaves. None is held while foreign code runs.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "drain/channel.h"
#include "drain/codec_pool.h"
#include "drain/counters.h"
#include "drain/sequencer.h"
#include "drain/waitlist.h"
#include "queue/name_log.h"
#include "queue/notices.h"
#include "queue/op_ring.h"
#include "sink/sink.h"

namespace tickertape {

// Whether flush() waits for values that are still on a device. Where it does not, it returns when everything
// in front of the first op that waits for one is in the file.
enum class DeferredValues { kLeave, kAwait };

// What a caller does while it waits in the core, since the core knows neither the GIL nor Python's signals.
struct WaitHooks {
  void* (*begin)() = [] { return static_cast<void*>(nullptr); };  // before a wait; its result goes to `end`
  void (*end)(void*) = [](void*) {};
  bool (*is_over)() = [] { return false; };  // true: the wait ends with Interrupted
  void (*complete_deferred)() = [] {
  };  // settles what device copies without a device it can (device/device_copy.h)
};

class Backend {
 public:
  // The process's backend, made and started at the first call; never destroyed, since anything may log until
  // the very end.
  static Backend& instance();

  // The same, or nullptr where there is none (yet, or not since this process was forked).
  static Backend* current() {
    return current_.load(std::memory_order_acquire);
  }  // pairs with instance()'s store

  // For the whole process; before the first writer is opened.
  static void set_wait_hooks(const WaitHooks& hooks) { wait_hooks_ = hooks; }

  // --- Files
  // -----------------------------------------------------------------------------------------------------

  // Registers a sink and gives its channel. Throws ArgumentError where too many are open.
  Channel& open(SinkPlan plan, Name*& writer_name);

  // Lets go of a channel; its sink is closed once everything is in it. Does not wait. No op may name it
  // afterwards.
  void close(Channel& channel);

  // Returns when every op pushed to `channel` before is in its file: 0; or the error number of what stands in
  // the way, ETIMEDOUT where the end of the process did not wait for it either. Throws Interrupted.
  int flush(Channel& channel, DeferredValues deferred = DeferredValues::kLeave);

  // --- Producers' slow paths
  // -------------------------------------------------------------------------------------

  // Waits until the drainer has made room since the ring's tail was `seen_tail`, or for some milliseconds.
  // False where there will be none: the process ends and its disk takes nothing. Hold no lock. Throws
  // Interrupted.
  bool wait_for_room(std::uint64_t seen_tail);

  // To be called after a push that went slowly: gets the drainer going.
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
  // ---------------------------------------------------------------------------------------------------

  // Drains what was pushed before and stops the threads; later pushes are written by their caller at once.
  // Gives the number of events still queued when the time was over. All calls together wait for
  // settings::exit_timeout_seconds() at most.
  std::uint64_t stop();

  // stop() and the last word: removes the ring's file where it is empty, else says on standard error what is
  // left.
  void finish();

 private:
  Backend();

  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
  static void at_exit();

  void start_thread();
  void run();
  void wake();
  bool step_under_lock();
  using DrainLock = std::unique_lock<std::timed_mutex>;
  enum class Wait { kUntilInterrupted, kToTheEnd };
  DrainLock lock_drain(Wait wait);
  void say_what_is_left();
  std::uint64_t give_up_deferred_values();
  bool wait_for_drainer(std::uint64_t target, std::chrono::steady_clock::time_point deadline);
  bool drain_until(std::uint64_t target, std::chrono::steady_clock::time_point deadline);
  void drain_here(Wait wait);
  void wait_for_progress(DrainLock& drain_lock, std::uint64_t seen_finished, Wait wait);
  struct DeviceWait;
  void wait_for_device(DrainLock& drain_lock, DeviceWait& so_far);
  void forget(Channel& channel);
  std::uint32_t take_slot();

  static WaitHooks wait_hooks_;
  static std::atomic<Backend*> current_;
  static std::mutex creation_;

  Notices notices_;
  Counters counters_;
  OpRing ring_;
  NameLog names_;
  CodecPool pool_;
  Waitlist waitlist_;

  std::timed_mutex drain_;
  Sequencer sequencer_;                   // under drain_
  std::atomic<int> flushers_waiting_{0};  // the drainer lets them go first; relaxed, a hint

  std::mutex registry_;
  std::vector<std::unique_ptr<Channel>> channels_;  // under registry_
  std::vector<Channel*> to_close_;                  // under registry_
  std::vector<std::uint32_t> free_slots_;           // under registry_
  std::uint32_t next_slot_ = 0;                     // under registry_

  std::mutex wake_mutex_;
  std::condition_variable wake_signal_, room_signal_, stopped_signal_;
  bool wake_requested_ = false;  // under wake_mutex_
  bool stopping_ = false;        // under wake_mutex_
  bool thread_runs_ = false;     // under wake_mutex_
  // Set (release) before the threads end, loaded (acquire) by producers on their slow path.
  std::atomic<bool> synchronous_{false};
  // The end of the process has waited as long as it may: nobody waits any more. Relaxed: nothing hangs on
  // when it is seen.
  std::atomic<bool> gave_up_{false};
  double exit_seconds_left_;  // stop()'s, which is for one thread at a time
};

}  // namespace tickertape
