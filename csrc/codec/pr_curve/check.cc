// Checks that all predictions are in [0, 1] and all labels are 0 or 1. L1. It uses vectors, because the
// caller of add_pr_curve waits for the result.
#include <cstring>

#include "array/array_block.h"
#include "array/float16.h"
#include "codec/pr_curve/pack.h"
#include "codec/pr_curve/pr_curve.h"

namespace tickertape {
namespace {

// 16-byte vector types of GCC and Clang. Every supported processor has registers for them. One element takes
// a quarter of a nanosecond, so wider vectors would not be noticeable.
template <typename T>
struct CheckVector {
  typedef T Type __attribute__((vector_size(16)));
};

template <typename T>
bool outside(T value) {
  return !(value >= pr_curve_impl::kLeast<T> && value <= pr_curve_impl::kMost<T>);
}

template <typename T, typename Outside>
std::optional<std::size_t> find_outside(const T* values, std::size_t from, std::size_t size,
                                        Outside is_outside) {
  for (std::size_t i = from; i < size; ++i) {
    if (is_outside(values[i])) return i;
  }
  return std::nullopt;
}

// The start of the first group that contains an element outside [0, 1]. If there is none, the size rounded
// down to whole groups.
template <typename T>
std::size_t skip_inside(const T* values, std::size_t size) {
  using Vector = typename CheckVector<T>::Type;
  constexpr std::size_t kWidth = 16 / sizeof(T);
  constexpr std::size_t kGroup = 8 * kWidth;
  std::size_t at = 0;
  for (; at + kGroup <= size; at += kGroup) {
    auto inside = Vector{} == Vector{};
    for (std::size_t i = 0; i < kGroup; i += kWidth) {
      Vector value;
      std::memcpy(&value, values + at + i, sizeof value);
      inside &= (value >= pr_curve_impl::kLeast<T>)&(value <= pr_curve_impl::kMost<T>);
    }
    std::uint64_t halves[2];
    std::memcpy(halves, &inside, sizeof halves);
    if ((halves[0] & halves[1]) != ~std::uint64_t{0}) break;
  }
  return at;
}

template <typename T>
std::optional<std::size_t> first_outside(ArrayView predictions) {
  const auto* values = static_cast<const T*>(predictions.data);
  return find_outside(values, skip_inside(values, predictions.size), predictions.size, outside<T>);
}

// As unsigned integers, the bits of a number in [0, 1] are at most those of 1, except for -0. The bits of NaN
// are larger.
template <std::uint16_t kOne, typename ToFloat>
std::optional<std::size_t> first_outside_half(ArrayView predictions, ToFloat to_float) {
  return find_outside(
      static_cast<const std::uint16_t*>(predictions.data), 0, predictions.size,
      [&](std::uint16_t bits) { return bits > kOne && outside(static_cast<float>(to_float(bits))); });
}

}  // namespace

std::optional<std::size_t> first_other_label(ArrayView labels) {
  std::optional<std::size_t> found;
  std::size_t from = 0;
  for_each_block(labels, [&](const auto* block, std::size_t size) {
    if (!found) {
      found = find_outside(block, 0, size, [](auto label) { return label != 0 && label != 1; });
      if (found) *found += from;
    }
    from += size;
  });
  return found;
}

std::optional<std::size_t> first_outside_unit_interval(ArrayView predictions) {
  switch (predictions.dtype) {
    case DType::kBool:
      return std::nullopt;
    case DType::kUint8:
      return first_outside<std::uint8_t>(predictions);
    case DType::kInt8:
      return first_outside<std::int8_t>(predictions);
    case DType::kUint16:
      return first_outside<std::uint16_t>(predictions);
    case DType::kInt16:
      return first_outside<std::int16_t>(predictions);
    case DType::kUint32:
      return first_outside<std::uint32_t>(predictions);
    case DType::kInt32:
      return first_outside<std::int32_t>(predictions);
    case DType::kUint64:
      return first_outside<std::uint64_t>(predictions);
    case DType::kInt64:
      return first_outside<std::int64_t>(predictions);
    case DType::kFloat16:
      return first_outside_half<0x3c00>(predictions, float16_value);
    case DType::kBfloat16:
      return first_outside_half<0x3f80>(predictions, bfloat16_value);
    case DType::kFloat32:
      return first_outside<float>(predictions);
    case DType::kFloat64:
      return first_outside<double>(predictions);
  }
  return std::nullopt;
}

}  // namespace tickertape
