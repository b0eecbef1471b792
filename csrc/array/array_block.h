// Converts an array of any element type to float32 or float64 block by block, so that a codec's inner loop
// exists for two types instead of thirteen. L1; a block fits in the first-level cache, and an array is never
// converted as a whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "array/array.h"
#include "array/float16.h"

namespace tickertape {

// Elements in a block. 8 kB of float64 is a quarter of a usual first-level cache, which leaves room for a
// codec's tables. The order of additions depends on this number (codec/histogram/stats.h): a change alters
// the last bits of sums.
inline constexpr std::size_t kBlockSize = 1024;

// The loop of convert_elements() for one element type.
template <typename Element, typename Value, typename Convert>
void convert_each(ArrayView values, std::size_t from, std::size_t count, Value* to, Convert convert) {
  const auto* elements = static_cast<const Element*>(values.data) + from;
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<Value>(convert(elements[i]));
}

// Converts the elements [from, from + count) and writes them to `to`, as NumPy's astype does. `Value` is
// float or double; a value that it cannot hold is rounded to nearest. A bool becomes 0 or 1.
template <typename Value>
void convert_elements(ArrayView values, std::size_t from, std::size_t count, Value* to) {
  const auto convert = [&]<typename Element>(Element /*example*/) {
    convert_each<Element>(values, from, count, to, [](Element element) { return element; });
  };
  switch (values.dtype) {
    case DType::kBool:
      return convert_each<std::uint8_t>(values, from, count, to, [](std::uint8_t byte) { return byte != 0; });
    case DType::kUint8:
      return convert(std::uint8_t{});
    case DType::kInt8:
      return convert(std::int8_t{});
    case DType::kUint16:
      return convert(std::uint16_t{});
    case DType::kInt16:
      return convert(std::int16_t{});
    case DType::kUint32:
      return convert(std::uint32_t{});
    case DType::kInt32:
      return convert(std::int32_t{});
    case DType::kUint64:
      return convert(std::uint64_t{});
    case DType::kInt64:
      return convert(std::int64_t{});
    case DType::kFloat16:
      if constexpr (std::is_same_v<Value, float>) {
        return float16_to_float32(static_cast<const std::uint16_t*>(values.data) + from, count, to);
      }
      return convert_each<std::uint16_t>(values, from, count, to, float16_value);
    case DType::kBfloat16:
      return convert_each<std::uint16_t>(values, from, count, to, bfloat16_value);
    case DType::kFloat32:
      return convert(float{});
    case DType::kFloat64:
      return convert(double{});
  }
}

// Calls visit(const float*, count) or visit(const double*, count) with the elements [from, from + count), at
// most kBlockSize of them. 32- and 64-bit integers become float64; all smaller types become float32, which
// holds them exactly. float32 and float64 arrays are passed in place; other values are valid only during the
// call.
template <typename Visit>
void with_block(ArrayView values, std::size_t from, std::size_t count, Visit&& visit) {
  const auto converted = [&]<typename Value>(Value /*example*/) {
    std::array<Value, kBlockSize> block;
    convert_elements(values, from, count, block.data());
    visit(static_cast<const Value*>(block.data()), count);
  };
  switch (values.dtype) {
    case DType::kFloat32:
      return visit(static_cast<const float*>(values.data) + from, count);
    case DType::kFloat64:
      return visit(static_cast<const double*>(values.data) + from, count);
    case DType::kUint32:
    case DType::kInt32:
    case DType::kUint64:
    case DType::kInt64:
      return converted(double{});
    default:
      return converted(float{});
  }
}

// Calls with_block() for each kBlockSize elements in order. The last block may be shorter.
template <typename Visit>
void for_each_block(ArrayView values, Visit visit) {
  for (std::size_t from = 0; from < values.size; from += kBlockSize) {
    with_block(values, from, std::min(kBlockSize, values.size - from), visit);
  }
}

}  // namespace tickertape
