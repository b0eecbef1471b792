// The scale of integer pixels. L1; before to_pixels().
#include "codec/image/integer_pixels.h"

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace tickertape {
namespace {

constexpr unsigned kBrightest = 255;
constexpr unsigned kSixteenTo8Bits = 257;  // 65,535 / 255

template <typename Element>
struct PixelRange {
  Element least = std::numeric_limits<Element>::max();
  Element greatest = std::numeric_limits<Element>::lowest();
};

template <typename Element>
PixelRange<Element> pixel_range_of(const Element* values, std::size_t size) {
  PixelRange<Element> range;
  for (std::size_t i = 0; i < size; ++i) {
    range.least = std::min(range.least, values[i]);
    range.greatest = std::max(range.greatest, values[i]);
  }
  return range;
}

template <typename Element, typename Scale>
void convert_integers(const Element* values, std::size_t size, std::uint8_t* to, Scale scale) {
  for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::uint8_t>(scale(values[i]));
}

template <typename Element>
void integers_of_type_to_bytes(const void* data, std::size_t size, std::string_view argument,
                               std::uint8_t* to) {
  const auto* values = static_cast<const Element*>(data);
  const PixelRange<Element> range = pixel_range_of(values, size);
  constexpr bool kIsUint16 = std::is_same_v<Element, std::uint16_t>;
  const bool is_byte = std::cmp_less_equal(range.greatest, kBrightest);
  if (std::cmp_less(range.least, 0) || (!is_byte && !kIsUint16)) {
    const char* const limit = kIsUint16 ? "" : " (uint16: to 65535)";
    throw ArgumentError(std::string(argument) + ": expected integers from 0 to 255" + limit + ", got " +
                        std::to_string(range.least) + " to " + std::to_string(range.greatest) +
                        "; scale them to 0..255, or pass floats from 0 to 1");
  }
  if (std::cmp_less_equal(range.greatest, 1)) {
    convert_integers(values, size, to, [](Element value) { return value != 0 ? kBrightest : 0U; });
  } else if (is_byte) {
    convert_integers(values, size, to, [](Element value) { return value; });
  } else {
    convert_integers(values, size, to,
                     [](Element value) { return static_cast<unsigned>(value) / kSixteenTo8Bits; });
  }
}

}  // namespace

bool has_integer_scale(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
    case DType::kFloat16:
    case DType::kBfloat16:
    case DType::kFloat32:
    case DType::kFloat64:
      return false;
    default:
      return true;
  }
}

void integers_to_bytes(ArrayView values, std::string_view argument, std::uint8_t* to) {
  const auto as = [&]<typename Element>(Element /*example*/) {
    integers_of_type_to_bytes<Element>(values.data, values.size, argument, to);
  };
  switch (values.dtype) {
    case DType::kBool:
      return convert_integers(static_cast<const std::uint8_t*>(values.data), values.size, to,
                              [](std::uint8_t byte) { return byte != 0 ? kBrightest : 0U; });
    case DType::kInt8:
      return as(std::int8_t{});
    case DType::kUint16:
      return as(std::uint16_t{});
    case DType::kInt16:
      return as(std::int16_t{});
    case DType::kUint32:
      return as(std::uint32_t{});
    case DType::kInt32:
      return as(std::int32_t{});
    case DType::kUint64:
      return as(std::uint64_t{});
    case DType::kInt64:
      return as(std::int64_t{});
    default:
      throw ArgumentError(std::string(argument) + ": expected integers, got floats");
  }
}

}  // namespace tickertape
