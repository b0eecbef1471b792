// Base-128 varints of the protobuf wire format (protobuf.dev/programming-guides/encoding). L1.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tickertape {

// A 64-bit varint takes at most 10 bytes: 7 bits in each.
inline constexpr std::size_t kMaxVarintBytes = 10;

// The number of bytes that store_varint() writes for `value`.
constexpr std::size_t varint_size(std::uint64_t value) {
  // bits / 7, rounded up; for 1 to 64 bits this equals (9 * bits + 64) / 64, which needs no division.
  const auto bits = static_cast<std::size_t>(std::bit_width(value | 1));
  return (9 * bits + 64) / 64;
}

// Writes `value` and returns the position after it. `to` must have room for varint_size(value) bytes.
inline std::uint8_t* store_varint(std::uint8_t* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<std::uint8_t>(value | 0x80);
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

// Reads a varint from [from, end) into `value` and returns the position after it; nullptr if it is cut off or
// longer than 10 bytes.
inline const std::uint8_t* load_varint(const std::uint8_t* from, const std::uint8_t* end,
                                       std::uint64_t& value) {
  if (from != end && *from < 0x80) {  // fast path: most keys, sizes and flags take one byte
    value = *from;
    return from + 1;
  }
  value = 0;
  for (unsigned shift = 0; shift < 70 && from != end; shift += 7) {
    const std::uint8_t byte = *from++;
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return from;
  }
  return nullptr;
}

}  // namespace tickertape
