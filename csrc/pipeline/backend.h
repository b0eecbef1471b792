// The one backend of a process: its op ring, its drainer thread, its codec pool and every open file. L4.
//
// Locks, in the order they may be taken: creation (the singleton), drain, registry; the ring's, the names',
// the notices' and the pool's are leaves. None is held while foreign code runs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/channel.h"
#include "pipeline/counters.h"
#include "pipeline/name_log.h"
#include "pipeline/notices.h"
#include "pipeline/op_ring.h"
#include "pipeline/sequencer.h"
#include "pipeline/worker_pool.h"
#include "sink/sink.h"

namespace tickertape {

class Backend {
 public:
  // The process's backend, made and started at the first call; never destroyed, since anything may log until
  // the very end. `log_dir` is where the ring goes if shared memory is not to be had.
  static Backend& instance(const std::string& log_dir);

  // The same, or nullptr where there is none (yet, or not since this process was forked).
  static Backend* current() {
    return current_.load(std::memory_order_acquire);
  }  // pairs with instance()'s store

  // --- Files
  // -----------------------------------------------------------------------------------------------------

  // Registers a sink and gives its channel. Throws ArgumentError where too many are open.
  Channel& open(SinkPlan plan, Name*& writer_name);

  // Lets go of a channel; its sink is closed once everything is in it. Does not wait. No op may name it
  // afterwards.
  void close(Channel& channel);

  // Returns when every op pushed to `channel` before is in its file: 0; or the error number of what stands in
  // the way.
  int flush(Channel& channel);

  // --- Producers' slow paths
  // -------------------------------------------------------------------------------------

  // Waits until the drainer has made room since the ring's tail was `seen_tail`, or for some milliseconds.
  // Hold no lock.
  void wait_for_room(std::uint64_t seen_tail);

  // To be called after a push that went slowly: gets the drainer going.
  void attend();

  OpRing& ring() { return ring_; }
  NameLog& names() { return names_; }
  Notices& notices() { return notices_; }
  Counters& counters() { return counters_; }

  // --- The end
  // ---------------------------------------------------------------------------------------------------

  // Drains everything and stops the threads; later pushes are written by their caller at once. Gives the
  // number of bytes still queued when `timeout_seconds` were over (0: nothing is left, and the ring's file is
  // gone).
  std::uint64_t stop(double timeout_seconds);

 private:
  explicit Backend(const std::string& log_dir);

  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
  static void at_exit();

  void start_thread();
  void run();
  void wake();
  bool step_under_lock();
  void drain_here();
  void wait_for_progress(std::unique_lock<std::mutex>& drain_lock, std::uint64_t seen_finished);
  void forget(Channel& channel);
  std::uint32_t take_slot();

  static std::atomic<Backend*> current_;
  static std::mutex creation_;

  Notices notices_;
  Counters counters_;
  OpRing ring_;
  NameLog names_;
  WorkerPool pool_;

  std::mutex drain_;
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
};

}  // namespace tickertape
