// The loops of Palette with AVX2: cells of 16 pixels a step, sums of eight colours a step. L1. Returns the
// same numbers as the portable code.
#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/gif/palette_impl.h"

namespace tickertape::palette_impl {
namespace {

struct Planes {
  __m128i red, green, blue;
};

// from[channel][k][i]: the byte of vector k that holds `channel` of pixel i. -1, which becomes 0, if it is in
// another vector.
struct Picks {
  alignas(16) signed char from[3][3][16];  // [channel][vector]
};

constexpr Picks make_picks() {
  Picks picks{};
  for (int channel = 0; channel < 3; ++channel) {
    for (int k = 0; k < 3; ++k) {
      for (int i = 0; i < 16; ++i) {
        const int byte = 3 * i + channel - 16 * k;
        picks.from[channel][k][i] = static_cast<signed char>(byte >= 0 && byte < 16 ? byte : -1);
      }
    }
  }
  return picks;
}

constexpr Picks kPicks = make_picks();

__m128i load16(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

__m128i plane(const __m128i (&bytes)[3], int channel) {
  const auto pick = [&](int k) { return _mm_shuffle_epi8(bytes[k], load16(kPicks.from[channel][k])); };
  return _mm_or_si128(_mm_or_si128(pick(0), pick(1)), pick(2));
}

Planes load_planes(const std::uint8_t* row) {
  const __m128i bytes[3] = {load16(row), load16(row + 16), load16(row + 32)};
  return {plane(bytes, 0), plane(bytes, 1), plane(bytes, 2)};
}

// Each byte shifted right by kBits (left if kBits is negative), then masked with `mask`.
template <int kBits>
__m128i moved(__m128i bytes, int mask) {
  const __m128i shifted = kBits > 0 ? _mm_srli_epi16(bytes, kBits) : _mm_slli_epi16(bytes, -kBits);
  return _mm_and_si128(shifted, _mm_set1_epi8(static_cast<char>(mask)));
}

}  // namespace

std::size_t cells_avx2(const std::uint8_t* row, std::size_t count, const Shifts& shifts,
                       std::uint16_t* cells) {
  static_assert(kCellBits == 5, "the masks below");
  const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(shifts.data()));
  const __m128i both = _mm_unpacklo_epi64(eight, eight);
  const __m128i zero = _mm_setzero_si128();
  const __m128i up = _mm_max_epi8(both, zero), down = _mm_max_epi8(_mm_sub_epi8(zero, both), zero);
  const auto shifted = [&](__m128i bytes) { return _mm_subs_epu8(_mm_adds_epu8(bytes, up), down); };
  std::size_t x = 0;
  for (; x + 16 <= count; x += 16) {
    const Planes planes = load_planes(row + 3 * x);
    const __m128i red = shifted(planes.red), green = shifted(planes.green), blue = shifted(planes.blue);
    // Five bits of each: 0rrrrrgg gggbbbbb.
    const __m128i low = _mm_or_si128(moved<3>(blue, 0x1F), moved<-2>(green, 0xE0));
    const __m128i high = _mm_or_si128(moved<6>(green, 0x03), moved<1>(red, 0x7C));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(cells + x), _mm_unpacklo_epi8(low, high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(cells + x + 8), _mm_unpackhi_epi8(low, high));
  }
  return x;
}

std::int32_t least_sum_avx2(const Terms& red, const Terms& green, const Terms& blue) {
  return least_sum_in_vectors(red, green, blue);
}

}  // namespace tickertape::palette_impl

#endif
