// What the backend has to tell the user. The backend never touches Python, so it leaves words here, which a
// later call turns into warnings: those about a tag the next call on this tag, a flush or a close, any others
// the next call that comes by. L4.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/printable.h"

namespace tickertape {

// The id of the Name that a notice is about.
inline constexpr std::uint32_t kAboutNoName = std::numeric_limits<std::uint32_t>::max();

struct Notice {
  std::string text;
  std::uint32_t name = kAboutNoName;
};

class Notices {
 public:
  void add(const std::string& text, std::uint32_t name = kAboutNoName) {
    std::string shown = printable(text);  // it may name files
    const std::lock_guard<std::mutex> lock(mutex_);
    if (notices_.size() < kMost) notices_.push_back({std::move(shown), name});
    any_.store(true, std::memory_order_release);  // pairs with the load in any()
  }
  bool any() const { return any_.load(std::memory_order_acquire); }
  std::vector<Notice> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    any_.store(false, std::memory_order_relaxed);  // under the lock, as every store
    return std::exchange(notices_, {});
  }
  // Those about `name`, and those about no name.
  std::vector<Notice> take_about(std::uint32_t name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto taken = std::stable_partition(notices_.begin(), notices_.end(), [&](const Notice& notice) {
      return notice.name != name && notice.name != kAboutNoName;
    });
    std::vector<Notice> about(std::make_move_iterator(taken), std::make_move_iterator(notices_.end()));
    notices_.erase(taken, notices_.end());
    any_.store(!notices_.empty(), std::memory_order_relaxed);  // as above
    return about;
  }
  // What take() or take_about() returned and nobody has seen: comes before everything that was added since.
  void put_back(std::vector<Notice> notices) {
    const std::lock_guard<std::mutex> lock(mutex_);
    notices.insert(notices.end(), std::make_move_iterator(notices_.begin()),
                   std::make_move_iterator(notices_.end()));
    notices_ = std::move(notices);
    any_.store(!notices_.empty(), std::memory_order_release);
  }

 private:
  static constexpr std::size_t kMost = 100;  // nobody reads more; and nobody may ever call to take them
  std::mutex mutex_;
  std::vector<Notice> notices_;
  std::atomic<bool> any_{false};
};

}  // namespace tickertape
