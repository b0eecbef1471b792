// Converts the bits of half-precision numbers to float32. L1. The portable code and float16_avx2.cc return
// the same values.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tickertape {

// The value of IEEE 754 binary16 bits. Exact, subnormal numbers included. NaN stays NaN, but its payload may
// change.
constexpr float float16_value(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t magnitude = bits & 0x7fffU;
  // binary16 has 10 bits of fraction, float32 has 23; the exponent biases are 15 and 127.
  constexpr std::uint32_t kRebias = (127U - 15U) << 23;
  if (magnitude >= 0x7c00U) return std::bit_cast<float>(sign | (magnitude << 13) | 0x7f800000U);
  if (magnitude >= 0x0400U) return std::bit_cast<float>(sign | ((magnitude << 13) + kRebias));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24F;
  return sign == 0 ? subnormal : -subnormal;
}

// The value of bfloat16 bits, which are the upper half of a float32.
constexpr float bfloat16_value(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// Converts `count` binary16 numbers and writes them to `to`.
void float16_to_float32(const std::uint16_t* from, std::size_t count, float* to);

}  // namespace tickertape
