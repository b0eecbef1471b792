// CRC-32 by carry-less multiplication: four 128-bit lanes are folded into 16 bytes that have the same CRC.
// L1. After Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ" (Intel, 2009).
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>

#include "checksum/crc32_impl.h"

namespace tickertape::crc_impl {
namespace {

// The factor for x^distance modulo the polynomial. The product of two reflected operands is one bit too low,
// and the 32-bit remainder is in a 64-bit factor. Using x^(distance - 32), shifted left by one, corrects
// both.
constexpr std::int64_t fold_factor(int distance) {
  std::uint32_t power = 0x80000000;  // x^0
  for (int i = 0; i < distance - 32; ++i) power = crc32_times_x(power);
  return static_cast<std::int64_t>(power) << 1;
}

// Factors that move 128 bits by `distance` bits. The low half holds the higher powers, so it moves 64 bits
// further.
template <int distance>
__m128i fold_factors() {
  return _mm_set_epi64x(fold_factor(distance), fold_factor(distance + 64));
}

__m128i fold(__m128i lane, __m128i factors, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(lane, factors, 0x00);
  const __m128i high = _mm_clmulepi64_si128(lane, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__m128i load(const std::uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

}  // namespace

std::uint32_t crc32_pclmul(std::uint32_t crc, Bytes bytes) {
  constexpr std::size_t kLane = 16;
  constexpr std::size_t kStep = 4 * kLane;
  if (bytes.size() < kStep) return crc32_portable(crc, bytes);
  const std::uint8_t* from = bytes.data();
  std::size_t left = bytes.size() - kStep;
  __m128i lanes[4] = {load(from), load(from + kLane), load(from + 2 * kLane), load(from + 3 * kLane)};
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128(static_cast<int>(~crc)));
  from += kStep;

  const __m128i by_step = fold_factors<512>();
  for (; left >= kStep; left -= kStep, from += kStep) {
    for (std::size_t i = 0; i < 4; ++i) lanes[i] = fold(lanes[i], by_step, load(from + i * kLane));
  }
  const __m128i by_lane = fold_factors<128>();
  __m128i all = lanes[0];
  for (std::size_t i = 1; i < 4; ++i) all = fold(all, by_lane, lanes[i]);
  for (; left >= kLane; left -= kLane, from += kLane) all = fold(all, by_lane, load(from));

  // `folded` has the same remainder as everything before it. Starting with ~0 makes crc32_portable() start
  // from a remainder of 0.
  alignas(16) std::uint8_t folded[kLane];
  _mm_store_si128(reinterpret_cast<__m128i*>(folded), all);
  return crc32_portable(crc32_portable(~0U, {folded, kLane}), {from, left});
}

}  // namespace tickertape::crc_impl

#endif
