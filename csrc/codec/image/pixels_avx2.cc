// Scales 32 floats and interleaves 16 pixels a step with AVX2. L1. Writes the same bytes as the portable
// code.
#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/image/pixels_impl.h"

namespace tickertape::pixels_impl {
namespace {

// 8 pixel values as 32-bit integers.
__m256i scale8(const float* from) {
  const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(from), _mm256_set1_ps(255.0F));
  // VMAXPS returns its second operand if the first is NaN.
  const __m256 positive = _mm256_max_ps(scaled, _mm256_setzero_ps());
  return _mm256_cvttps_epi32(_mm256_min_ps(positive, _mm256_set1_ps(255.0F)));
}

__m128i load16(const std::uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

// from[k][channel][i]: the index in the channel's row of byte i of output vector k. -1, which becomes 0, if
// the byte belongs to another channel.
struct Spread {
  alignas(16) signed char from[3][3][16];  // [k][channel][i]
};

constexpr Spread make_spread() {
  Spread spread{};
  for (int k = 0; k < 3; ++k) {
    for (int channel = 0; channel < 3; ++channel) {
      for (int i = 0; i < 16; ++i) {
        const int byte = 16 * k + i;
        spread.from[k][channel][i] = static_cast<signed char>(byte % 3 == channel ? byte / 3 : -1);
      }
    }
  }
  return spread;
}

// Computed at compile time, because rows may be short.
constexpr Spread kSpread = make_spread();

}  // namespace

std::size_t scale_to_bytes_avx2(const float* from, std::size_t count, std::uint8_t* to) {
  // Both pack instructions work within 128-bit halves. This permutation restores the order of the groups of
  // four.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i low = _mm256_packs_epi32(scale8(from + i), scale8(from + i + 8));
    const __m256i high = _mm256_packs_epi32(scale8(from + i + 16), scale8(from + i + 24));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), bytes);
  }
  return i;
}

std::size_t interleave3_avx2(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                             std::size_t count, std::uint8_t* to) {
  __m128i spread[3][3];
  for (int k = 0; k < 3; ++k) {
    for (int channel = 0; channel < 3; ++channel) {
      spread[k][channel] = _mm_load_si128(reinterpret_cast<const __m128i*>(kSpread.from[k][channel]));
    }
  }
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i r = load16(red + i);
    const __m128i g = load16(green + i);
    const __m128i b = load16(blue + i);
    for (std::size_t k = 0; k < 3; ++k) {
      const __m128i red_green =
          _mm_or_si128(_mm_shuffle_epi8(r, spread[k][0]), _mm_shuffle_epi8(g, spread[k][1]));
      const __m128i all = _mm_or_si128(red_green, _mm_shuffle_epi8(b, spread[k][2]));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 3 * i + 16 * k), all);
    }
  }
  return i;
}

}  // namespace tickertape::pixels_impl

#endif
