// Row filters with AVX2, 32 bytes a step. L1; part of the PNG encoder. Returns the same differences and sums
// as the portable code.
#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/image/png_filter.h"
#include "codec/image/png_filter_impl.h"

namespace tickertape::png_impl {
namespace {

struct Neighbours {
  __m256i left, above, corner;
};

__m256i load(const std::uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

__m256i distance(__m256i a, __m256i b) {
  return _mm256_sub_epi8(_mm256_max_epu8(a, b), _mm256_min_epu8(a, b));
}

// a <= b, unsigned.
__m256i at_most(__m256i a, __m256i b) { return _mm256_cmpeq_epi8(_mm256_min_epu8(a, b), a); }

__m256i predict_average(Neighbours n) {
  // VPAVGB rounds up; PNG rounds down.
  const __m256i odd = _mm256_and_si256(_mm256_xor_si256(n.left, n.above), _mm256_set1_epi8(1));
  return _mm256_sub_epi8(_mm256_avg_epu8(n.left, n.above), odd);
}

// Paeth's predictor in bytes. If corner is between left and above, |left + above - 2 corner| is ||above -
// corner| - |left - corner||. Otherwise it is their sum, so the corner cannot win, and 255 stands for it.
__m256i predict_paeth(Neighbours n) {
  const __m256i to_left = distance(n.above, n.corner);
  const __m256i to_above = distance(n.left, n.corner);
  const __m256i left_is_low = at_most(n.left, n.corner);
  const __m256i above_is_low = at_most(n.above, n.corner);
  const __m256i same_side = _mm256_cmpeq_epi8(left_is_low, above_is_low);
  const __m256i to_corner = _mm256_or_si256(distance(to_left, to_above), same_side);
  const __m256i above_or_corner = _mm256_blendv_epi8(n.corner, n.above, at_most(to_above, to_corner));
  const __m256i take_left = at_most(to_left, _mm256_min_epu8(to_above, to_corner));
  return _mm256_blendv_epi8(above_or_corner, n.left, take_left);
}

template <Filter filter>
__m256i predict(Neighbours n) {
  if constexpr (filter == kNone) return _mm256_setzero_si256();
  if constexpr (filter == kSub) return n.left;
  if constexpr (filter == kUp) return n.above;
  if constexpr (filter == kAverage) return predict_average(n);
  if constexpr (filter == kPaeth) return predict_paeth(n);
}

Neighbours neighbours(const std::uint8_t* row, const std::uint8_t* above, std::size_t pixel_bytes) {
  return {load(row - pixel_bytes), load(above), load(above - pixel_bytes)};
}

template <Filter filter>
__m256i add_cost(__m256i sum, __m256i bytes, Neighbours n) {
  const __m256i difference = _mm256_sub_epi8(bytes, predict<filter>(n));
  return _mm256_add_epi64(sum, _mm256_sad_epu8(_mm256_abs_epi8(difference), _mm256_setzero_si256()));
}

std::uint64_t sum_lanes(__m256i lanes) {
  alignas(32) std::uint64_t values[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(values), lanes);
  return values[0] + values[1] + values[2] + values[3];
}

template <Filter filter>
std::size_t apply(const std::uint8_t* row, const std::uint8_t* above, std::size_t padded,
                  std::size_t pixel_bytes, std::uint8_t* out) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i zeros = zero;
  for (std::size_t i = 0; i < padded; i += kRowStep) {
    const __m256i predicted = predict<filter>(neighbours(row + i, above + i, pixel_bytes));
    const __m256i difference = _mm256_sub_epi8(load(row + i), predicted);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), difference);
    const __m256i ones = _mm256_sub_epi8(zero, _mm256_cmpeq_epi8(difference, zero));
    zeros = _mm256_add_epi64(zeros, _mm256_sad_epu8(ones, zero));
  }
  return padded - sum_lanes(zeros);
}

}  // namespace

FilterCosts filter_costs_avx2(const std::uint8_t* row, const std::uint8_t* above, std::size_t padded,
                              std::size_t pixel_bytes) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i none = zero, sub = zero, up = zero, average = zero, paeth = zero;
  for (std::size_t i = 0; i < padded; i += kRowStep) {
    const __m256i bytes = load(row + i);
    const Neighbours n = neighbours(row + i, above + i, pixel_bytes);
    none = add_cost<kNone>(none, bytes, n);
    sub = add_cost<kSub>(sub, bytes, n);
    up = add_cost<kUp>(up, bytes, n);
    average = add_cost<kAverage>(average, bytes, n);
    paeth = add_cost<kPaeth>(paeth, bytes, n);
  }
  return {sum_lanes(none), sum_lanes(sub), sum_lanes(up), sum_lanes(average), sum_lanes(paeth)};
}

std::size_t apply_filter_avx2(Filter filter, const std::uint8_t* row, const std::uint8_t* above,
                              std::size_t padded, std::size_t pixel_bytes, std::uint8_t* out) {
  return with_filter(filter,
                     [&]<Filter chosen> { return apply<chosen>(row, above, padded, pixel_bytes, out); });
}

}  // namespace tickertape::png_impl

#endif
