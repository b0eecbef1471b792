// What the backend has to tell the user. The backend never touches Python, so it leaves words here and the
// next call that comes by turns them into warnings. L4.
#pragma once

#include <atomic>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/printable.h"

namespace tickertape {

class Notices {
 public:
  void add(const std::string& text) {
    std::string shown = printable(text);  // it may name files
    const std::lock_guard<std::mutex> lock(mutex_);
    if (texts_.size() < kMost) texts_.push_back(std::move(shown));
    any_.store(true, std::memory_order_release);  // pairs with the load in any()
  }
  bool any() const { return any_.load(std::memory_order_acquire); }
  std::vector<std::string> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    any_.store(false, std::memory_order_relaxed);  // under the lock, as every store
    return std::exchange(texts_, {});
  }
  // What take() returned and nobody has seen: comes before everything that was added since.
  void put_back(std::vector<std::string> texts) {
    const std::lock_guard<std::mutex> lock(mutex_);
    texts.insert(texts.end(), std::make_move_iterator(texts_.begin()), std::make_move_iterator(texts_.end()));
    texts_ = std::move(texts);
    any_.store(!texts_.empty(), std::memory_order_release);
  }

 private:
  static constexpr std::size_t kMost = 100;  // nobody reads more; and nobody may ever call to take them
  std::mutex mutex_;
  std::vector<std::string> texts_;
  std::atomic<bool> any_{false};
};

}  // namespace tickertape
