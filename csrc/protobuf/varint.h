// Base-128 varints of the protobuf wire format (protobuf.dev/programming-guides/encoding). L1.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tickertape {

// A 64-bit varint takes at most 10 bytes.
inline constexpr std::size_t kMaxVarintBytes = 10;

// Bytes that store_varint() writes for `value`.
constexpr std::size_t varint_size(std::uint64_t value) {
  // 7 bits a byte; (9 * bits + 64) / 64 is bits / 7 rounded up for 1 to 64 bits, without a division.
  const auto bits = static_cast<std::size_t>(std::bit_width(value | 1));
  return (9 * bits + 64) / 64;
}

// Writes `value` and returns the byte behind it. The caller has made room.
inline std::uint8_t* store_varint(std::uint8_t* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<std::uint8_t>(value | 0x80);
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

// Reads a varint from [from, end) into `value` and returns the byte behind it; nullptr where it is cut off or
// longer than 10 bytes.
inline const std::uint8_t* load_varint(const std::uint8_t* from, const std::uint8_t* end,
                                       std::uint64_t& value) {
  if (from != end && *from < 0x80) {  // most keys, sizes and flags
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
