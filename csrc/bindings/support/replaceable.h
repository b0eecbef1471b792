// A value that one thread may replace while others use the old one. L5; no Python, so that native tests run
// it with threads.
#pragma once

#include <mutex>
#include <utility>

namespace tickertape::bindings {

// `T` owns what it refers to (a shared_ptr, a Python object), so a copy outlives its replacement; moving from
// it leaves it empty. The last value is never destroyed, since objects of static lifetime outlive the
// interpreter.
template <typename T, typename Mutex>
class Replaceable {
 public:
  constexpr Replaceable() noexcept : value_() {}
  ~Replaceable() {}  // NOLINT(modernize-use-equals-default): the union has no other
  Replaceable(const Replaceable&) = delete;
  Replaceable& operator=(const Replaceable&) = delete;

  T get() const {
    const std::lock_guard<Mutex> lock(mutex_);
    return value_;
  }
  bool is_set() const {
    const std::lock_guard<Mutex> lock(mutex_);
    return static_cast<bool>(value_);
  }
  // Leaves an empty value.
  T take() {
    const std::lock_guard<Mutex> lock(mutex_);
    return std::move(value_);
  }
  // Returns the old value. Its destructor runs without the lock and may call this object.
  T exchange(T value) {
    const std::lock_guard<Mutex> lock(mutex_);
    std::swap(value_, value);
    return value;
  }

 private:
  union {
    T value_;
  };
  mutable Mutex mutex_;
};

}  // namespace tickertape::bindings
