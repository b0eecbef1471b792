// An array of any type as a row of small blocks of float32 or float64, so that an inner loop exists twice,
// not thirteen times. L1; blocks stay in the first-level cache, an array is never converted as a whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "codec/array.h"
#include "codec/float16.h"

namespace tickertape {

// Elements a block: 8 kB of float64, a quarter of a usual first-level cache, so tables and counters fit
// beside it. The order of additions depends on it (histogram_stats.h): a change alters the last bits of sums.
inline constexpr std::size_t kBlockSize = 1024;

// The loop behind convert_elements() for one element type.
template <typename Element, typename Value, typename Convert>
void convert_each(ArrayView values, std::size_t from, std::size_t count, Value* to, Convert convert) {
  const auto* elements = static_cast<const Element*>(values.data) + from;
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<Value>(convert(elements[i]));
}

// Writes the values of the elements [from, from + count) to `to`, as NumPy's astype does: rounded to nearest
// where `Value` (float or double) has fewer bits. A bool is 0 or 1.
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

// Calls visit(const Value*, size) on the elements where they lie.
template <typename Value, typename Visit>
void for_each_block_in_place(ArrayView values, Visit& visit) {
  const auto* elements = static_cast<const Value*>(values.data);
  for (std::size_t at = 0; at < values.size; at += kBlockSize) {
    visit(elements + at, std::min(kBlockSize, values.size - at));
  }
}

template <typename Value, typename Visit>
void for_each_converted_block(ArrayView values, Visit& visit) {
  std::array<Value, kBlockSize> block;
  for (std::size_t at = 0; at < values.size; at += kBlockSize) {
    const std::size_t count = std::min(kBlockSize, values.size - at);
    convert_elements(values, at, count, block.data());
    visit(static_cast<const Value*>(block.data()), count);
  }
}

// Calls visit(const float*, size) or visit(const double*, size) for each block of kBlockSize elements (the
// last one may be shorter), in order. float32 holds every value of the small types; 32- and 64-bit integers
// become float64. float32 and float64 are read where they lie; other blocks are good during the call only.
template <typename Visit>
void for_each_block(ArrayView values, Visit visit) {
  switch (values.dtype) {
    case DType::kFloat32:
      return for_each_block_in_place<float>(values, visit);
    case DType::kFloat64:
      return for_each_block_in_place<double>(values, visit);
    case DType::kUint32:
    case DType::kInt32:
    case DType::kUint64:
    case DType::kInt64:
      return for_each_converted_block<double>(values, visit);
    default:
      return for_each_converted_block<float>(values, visit);
  }
}

}  // namespace tickertape
