// What the backend has to tell the user. The backend never touches Python, so it leaves words here and the
// next call that comes by turns them into warnings. L4.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tickertape {

class Notices {
 public:
  void add(std::string text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (texts_.size() < kMost) texts_.push_back(std::move(text));
    any_.store(true, std::memory_order_release);  // pairs with the load in any()
  }
  bool any() const { return any_.load(std::memory_order_acquire); }
  std::vector<std::string> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    any_.store(false, std::memory_order_relaxed);  // under the lock, as every store
    return std::exchange(texts_, {});
  }

 private:
  static constexpr std::size_t kMost = 100;  // nobody reads more; and nobody may ever call to take them
  std::mutex mutex_;
  std::vector<std::string> texts_;
  std::atomic<bool> any_{false};
};

}  // namespace tickertape
