// Packs sixteen predictions a step with AVX2. L1; packed.cc calls it if the processor supports it.
#include "codec/pr_curve/pack.h"

#if defined(__x86_64__)
#include "codec/pr_curve/pack_impl.h"

namespace tickertape::pr_curve_impl {
namespace {

struct Avx2 {
  class Check {
   public:
    void refuse(__m256i bad) { bad_ = _mm256_or_si256(bad_, bad); }
    bool is_fine() const { return _mm256_testz_si256(bad_, bad_) != 0; }

   private:
    __m256i bad_ = _mm256_setzero_si256();
  };

  // Narrows four vectors of four 32-bit numbers to sixteen bytes. The numbers are below 128, or all bits are
  // equal.
  static __m128i narrow(__m128i a, __m128i b, __m128i c, __m128i d) {
    return _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
  }
  static __m128i low_half(__m256i eight) { return _mm256_castsi256_si128(eight); }
  static __m128i high_half(__m256i eight) { return _mm256_extracti128_si256(eight, 1); }

  static __m256 round_to_float16(__m256 value) {  // as in buckets.h
    const __m256i bits = _mm256_castps_si256(value);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 13), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x0fff)));
    return _mm256_castsi256_ps(_mm256_andnot_si256(_mm256_set1_epi32(0x1fff), rounded));
  }

  static __m256i eight_indices(const float* from, Scale<float> scale, Check& check) {
    const __m256 value = _mm256_loadu_ps(from);
    check.refuse(_mm256_castps_si256(_mm256_cmp_ps(value, _mm256_set1_ps(kLeast<float>), _CMP_NGE_UQ)));
    check.refuse(_mm256_castps_si256(_mm256_cmp_ps(value, _mm256_set1_ps(kMost<float>), _CMP_NLE_UQ)));
    __m256 product = _mm256_mul_ps(value, _mm256_set1_ps(scale.steps));
    if (scale.is_float16) product = round_to_float16(product);
    return _mm256_cvttps_epi32(product);
  }
  static __m128i indices(const float* from, Scale<float> scale, Check& check) {
    const __m256i a = eight_indices(from, scale, check);
    const __m256i b = eight_indices(from + 8, scale, check);
    return narrow(low_half(a), high_half(a), low_half(b), high_half(b));
  }

  static __m128i four_indices(const double* from, Scale<double> scale, Check& check) {
    const __m256d value = _mm256_loadu_pd(from);
    check.refuse(_mm256_castpd_si256(_mm256_cmp_pd(value, _mm256_set1_pd(kLeast<double>), _CMP_NGE_UQ)));
    check.refuse(_mm256_castpd_si256(_mm256_cmp_pd(value, _mm256_set1_pd(kMost<double>), _CMP_NLE_UQ)));
    return _mm256_cvttpd_epi32(_mm256_mul_pd(value, _mm256_set1_pd(scale.steps)));
  }
  static __m128i indices(const double* from, Scale<double> scale, Check& check) {
    return narrow(four_indices(from, scale, check), four_indices(from + 4, scale, check),
                  four_indices(from + 8, scale, check), four_indices(from + 12, scale, check));
  }

  static __m256i load(const std::uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  // All ones in the elements that are neither positive nor zero.
  static __m256i neither(__m256i positive, __m256i zero) {
    return _mm256_xor_si256(_mm256_or_si256(positive, zero), _mm256_set1_epi8(-1));
  }

  static __m128i positives(const std::uint8_t* from, std::uint8_t one, Check& check) {
    const __m128i label = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i positive = _mm_cmpeq_epi8(label, _mm_set1_epi8(static_cast<char>(one)));
    const __m128i fine = _mm_or_si128(positive, _mm_cmpeq_epi8(label, _mm_setzero_si128()));
    check.refuse(_mm256_zextsi128_si256(_mm_xor_si128(fine, _mm_set1_epi8(-1))));
    return positive;
  }
  static __m128i positives(const std::uint8_t* from, std::uint16_t one, Check& check) {
    const __m256i label = load(from);
    const __m256i positive = _mm256_cmpeq_epi16(label, _mm256_set1_epi16(static_cast<short>(one)));
    check.refuse(neither(positive, _mm256_cmpeq_epi16(label, _mm256_setzero_si256())));
    return _mm_packs_epi16(low_half(positive), high_half(positive));
  }
  static __m256i eight_positives(const std::uint8_t* from, std::uint32_t one, Check& check) {
    const __m256i label = load(from);
    const __m256i positive = _mm256_cmpeq_epi32(label, _mm256_set1_epi32(static_cast<int>(one)));
    check.refuse(neither(positive, _mm256_cmpeq_epi32(label, _mm256_setzero_si256())));
    return positive;
  }
  static __m128i positives(const std::uint8_t* from, std::uint32_t one, Check& check) {
    const __m256i a = eight_positives(from, one, check);
    const __m256i b = eight_positives(from + sizeof a, one, check);
    return narrow(low_half(a), high_half(a), low_half(b), high_half(b));
  }
  static __m128i four_positives(const std::uint8_t* from, std::uint64_t one, Check& check) {
    const __m256i label = load(from);
    const __m256i positive = _mm256_cmpeq_epi64(label, _mm256_set1_epi64x(static_cast<long long>(one)));
    check.refuse(neither(positive, _mm256_cmpeq_epi64(label, _mm256_setzero_si256())));
    // The lower half of each 64 bits, in order.
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low_half(positive)),
                                           _mm_castsi128_ps(high_half(positive)), _MM_SHUFFLE(2, 0, 2, 0)));
  }
  static __m128i positives(const std::uint8_t* from, std::uint64_t one, Check& check) {
    return narrow(four_positives(from, one, check), four_positives(from + 32, one, check),
                  four_positives(from + 64, one, check), four_positives(from + 96, one, check));
  }

  static __m128i join(__m128i indices, __m128i positives) {
    const __m128i bit = _mm_set1_epi8(static_cast<char>(kPackedPositive));
    return _mm_or_si128(indices, _mm_and_si128(positives, bit));
  }
};

}  // namespace

std::size_t pack_avx2(const float* predictions, LabelBits labels, std::size_t count, Scale<float> scale,
                      std::uint8_t* to, bool& all_fine) {
  return pack<Avx2>(predictions, labels, count, scale, to, all_fine);
}
std::size_t pack_avx2(const double* predictions, LabelBits labels, std::size_t count, Scale<double> scale,
                      std::uint8_t* to, bool& all_fine) {
  return pack<Avx2>(predictions, labels, count, scale, to, all_fine);
}

}  // namespace tickertape::pr_curve_impl
#endif
