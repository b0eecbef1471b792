// The lock around a push: a handful of stores, never a system call, an allocation or foreign code. L4.
#pragma once

#include <atomic>
#include <thread>

namespace tickertape {

class SpinLock {
 public:
  void lock() {
    // Acquire pairs with the release in unlock().
    for (int spins = 0; locked_.exchange(true, std::memory_order_acquire); ++spins) {
      // Its holder was preempted in the middle: let it run.
      if (spins > 100) std::this_thread::yield();
    }
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_{false};
};

}  // namespace tickertape
