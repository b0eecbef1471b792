// The thread that drains when nobody else does: every 20 ms, or when it is woken. L4.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "drain/drainer.h"
#include "drain/waitlist.h"
#include "queue/op_ring.h"

namespace tickertape {

// Lives as long as the process: a thread that is stuck in a disk cannot be joined. Thread-safe.
class DrainerThread {
 public:
  DrainerThread(Drainer& drainer, const OpRing& ring, const Waitlist& waitlist)
      : drainer_(drainer), ring_(ring), waitlist_(waitlist) {}

  // False if the system has no thread for us. To be called once.
  bool start();

  // Lets it drain now.
  void wake();

  // Lets it write everything before `target`, then end, so that a disk that hangs does not hang the caller.
  // False if that takes until after `deadline`; then the thread is left behind.
  bool end(std::uint64_t target, Drainer::Time deadline);

 private:
  void run();
  bool runs();

  Drainer& drainer_;
  const OpRing& ring_;
  const Waitlist& waitlist_;

  std::mutex mutex_;
  std::condition_variable wake_signal_, ended_signal_;
  // All under mutex_.
  bool wake_requested_ = false;
  bool stopping_ = false;
  bool runs_ = false;
};

}  // namespace tickertape
