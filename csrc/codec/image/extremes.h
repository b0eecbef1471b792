// The smallest and the largest of many floats, and whether one is NaN. L1, private to image/.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

namespace tickertape::pixels_impl {

// 16-byte vector types of GCC and Clang. Every supported processor has registers for them.
template <typename Value>
struct VectorOf {
  typedef Value Type __attribute__((vector_size(16)));
};

template <typename Value>
class Extremes {
 public:
  void add(const Value* values, std::size_t count) {
    using Lanes = typename VectorOf<Value>::Type;
    constexpr std::size_t kLanes = sizeof(Lanes) / sizeof(Value);
    Lanes least = Lanes{} + least_, greatest = Lanes{} + greatest_;
    decltype(least < greatest) unordered = {};
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      Lanes lanes;
      std::memcpy(&lanes, values + i, sizeof lanes);
      least = lanes < least ? lanes : least;
      greatest = lanes > greatest ? lanes : greatest;
      unordered |= lanes != lanes;  // NOLINT(misc-redundant-expression): true for NaN
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      join(least[lane], greatest[lane], unordered[lane] != 0);
    }
    for (; i < count; ++i) join(values[i], values[i], std::isnan(values[i]));
  }

  // Of the values that are not NaN; infinities with the wrong sign if there are none.
  Value least() const { return least_; }
  Value greatest() const { return greatest_; }
  bool has_nan() const { return has_nan_; }

  // The smallest and the largest value; NaN if one of the values is NaN.
  std::pair<double, double> range() const {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return has_nan_ ? std::pair{kNan, kNan} : std::pair{double{least_}, double{greatest_}};
  }

 private:
  void join(Value least, Value greatest, bool has_nan) {
    least_ = least < least_ ? least : least_;
    greatest_ = greatest > greatest_ ? greatest : greatest_;
    has_nan_ |= has_nan;
  }

  Value least_ = std::numeric_limits<Value>::infinity();
  Value greatest_ = -std::numeric_limits<Value>::infinity();
  bool has_nan_ = false;
};

}  // namespace tickertape::pixels_impl
