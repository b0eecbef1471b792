// Adler-32 with AVX2, 64 bytes a step: PSADBW for plain sums, PMADDUBSW for weighted sums. L1. Returns the
// same value as adler32_portable().
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstddef>

#include "checksum/crc32_impl.h"

namespace tickertape::crc_impl {
namespace {

__m256i load(const std::uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

// Sum of the eight 32-bit lanes.
std::uint64_t sum_lanes(__m256i lanes) {
  alignas(32) std::uint32_t values[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(values), lanes);
  std::uint64_t sum = 0;
  for (const std::uint32_t value : values) sum += value;
  return sum;
}

// For each group of four bytes, the sum of byte * weight.
__m256i weighted(__m256i bytes, __m256i weights) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, weights), _mm256_set1_epi16(1));
}

}  // namespace

std::uint32_t adler32_avx2(std::uint32_t adler, Bytes bytes) {
  constexpr std::size_t kStep = 64;
  // Most steps for which no lane of `sums_before` overflows: a step adds at most 8 * 2 * 255 to a lane of
  // `sums`, and 8 * 2 * 255 * n * n / 2 < 2^32.
  constexpr std::size_t kMaxSteps = 1024;
  // A byte's weight is the number of bytes from it to the end of its step. With these weights the pairs that
  // PMADDUBSW adds stay below 2^15.
  const __m256i first = _mm256_setr_epi8(64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49,  //
                                         48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33);
  const __m256i second = _mm256_sub_epi8(first, _mm256_set1_epi8(32));
  const __m256i zero = _mm256_setzero_si256();
  const std::uint8_t* from = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t a = adler & 0xFFFF;
  std::uint64_t b = adler >> 16;
  while (left >= kStep) {
    const std::size_t steps = std::min(left / kStep, kMaxSteps);
    __m256i sums = zero;
    __m256i sums_before = zero;  // the sum of `sums` before each step
    __m256i weighted_sums = zero;
    for (std::size_t i = 0; i < steps; ++i, from += kStep) {
      const __m256i low = load(from);
      const __m256i high = load(from + 32);
      sums_before = _mm256_add_epi32(sums_before, sums);
      sums =
          _mm256_add_epi32(sums, _mm256_add_epi32(_mm256_sad_epu8(low, zero), _mm256_sad_epu8(high, zero)));
      weighted_sums = _mm256_add_epi32(weighted_sums, weighted(low, first));
      weighted_sums = _mm256_add_epi32(weighted_sums, weighted(high, second));
    }
    left -= steps * kStep;
    b += (a * steps + sum_lanes(sums_before)) * kStep + sum_lanes(weighted_sums);
    a += sum_lanes(sums);
    a %= kAdlerBase;
    b %= kAdlerBase;
  }
  return adler32_portable(static_cast<std::uint32_t>(b << 16 | a), {from, left});
}

}  // namespace tickertape::crc_impl

#endif
