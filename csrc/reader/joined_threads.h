// Threads that end before their owner: what std::jthread does, which Apple's library before Xcode 26 has not.
// L4.
#pragma once

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace tickertape {

// Not thread-safe: for the thread that starts them. The destructor waits until they have ended.
class JoinedThreads {
 public:
  JoinedThreads() = default;
  JoinedThreads(const JoinedThreads&) = delete;
  JoinedThreads& operator=(const JoinedThreads&) = delete;
  ~JoinedThreads() { join(); }

  // Throws std::system_error if no thread can be started.
  template <typename Function>
  void start(Function&& function) {
    threads_.emplace_back(std::forward<Function>(function));
  }
  bool empty() const { return threads_.empty(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace tickertape
