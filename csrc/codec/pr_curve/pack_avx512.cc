// Packs sixteen predictions a step with AVX-512. L1; packed.cc calls it if the processor supports it.
#include "codec/pr_curve/pack.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns about its own _mm512_undefined_epi32() (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "codec/pr_curve/pack_impl.h"

namespace tickertape::pr_curve_impl {
namespace {

struct Avx512 {
  class Check {
   public:
    void allow(__mmask16 fine) { fine_ = _kand_mask16(fine_, fine); }
    bool is_fine() const { return fine_ == 0xffff; }

   private:
    __mmask16 fine_ = 0xffff;
  };

  static __m512 round_to_float16(__m512 value) {  // as in buckets.h
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 13), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x0fff)));
    return _mm512_castsi512_ps(_mm512_andnot_si512(_mm512_set1_epi32(0x1fff), rounded));
  }

  static __m128i indices(const float* from, Scale<float> scale, Check& check) {
    const __m512 value = _mm512_loadu_ps(from);
    const __mmask16 not_below = _mm512_cmp_ps_mask(value, _mm512_set1_ps(kLeast<float>), _CMP_GE_OQ);
    check.allow(_mm512_mask_cmp_ps_mask(not_below, value, _mm512_set1_ps(kMost<float>), _CMP_LE_OQ));
    __m512 product = _mm512_mul_ps(value, _mm512_set1_ps(scale.steps));
    if (scale.is_float16) product = round_to_float16(product);
    return _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(product));
  }

  static __m256i half_of_indices(__m512d value, Scale<double> scale, __mmask8& fine) {
    const __mmask8 not_below = _mm512_cmp_pd_mask(value, _mm512_set1_pd(kLeast<double>), _CMP_GE_OQ);
    fine = _mm512_mask_cmp_pd_mask(not_below, value, _mm512_set1_pd(kMost<double>), _CMP_LE_OQ);
    return _mm512_cvttpd_epi32(_mm512_mul_pd(value, _mm512_set1_pd(scale.steps)));
  }
  static __m128i indices(const double* from, Scale<double> scale, Check& check) {
    __mmask8 low_fine;
    __mmask8 high_fine;
    const __m256i low = half_of_indices(_mm512_loadu_pd(from), scale, low_fine);
    const __m256i high = half_of_indices(_mm512_loadu_pd(from + 8), scale, high_fine);
    check.allow(_mm512_kunpackb(high_fine, low_fine));
    return _mm512_cvtepi32_epi8(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
  }

  static __mmask16 positives(const std::uint8_t* from, std::uint8_t one, Check& check) {
    const __m128i label = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __mmask16 positive = _mm_cmpeq_epi8_mask(label, _mm_set1_epi8(static_cast<char>(one)));
    check.allow(_kor_mask16(positive, _mm_testn_epi8_mask(label, label)));
    return positive;
  }
  static __mmask16 positives(const std::uint8_t* from, std::uint16_t one, Check& check) {
    const __m256i label = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const __mmask16 positive = _mm256_cmpeq_epi16_mask(label, _mm256_set1_epi16(static_cast<short>(one)));
    check.allow(_kor_mask16(positive, _mm256_testn_epi16_mask(label, label)));
    return positive;
  }
  static __mmask16 positives(const std::uint8_t* from, std::uint32_t one, Check& check) {
    const __m512i label = _mm512_loadu_si512(from);
    const __mmask16 positive = _mm512_cmpeq_epi32_mask(label, _mm512_set1_epi32(static_cast<int>(one)));
    check.allow(_kor_mask16(positive, _mm512_testn_epi32_mask(label, label)));
    return positive;
  }
  static __mmask16 positives(const std::uint8_t* from, std::uint64_t one, Check& check) {
    const __m512i ones = _mm512_set1_epi64(static_cast<long long>(one));
    const __m512i low = _mm512_loadu_si512(from);
    const __m512i high = _mm512_loadu_si512(from + sizeof low);
    const __mmask16 positive =
        _mm512_kunpackb(_mm512_cmpeq_epi64_mask(high, ones), _mm512_cmpeq_epi64_mask(low, ones));
    const __mmask16 zero =
        _mm512_kunpackb(_mm512_testn_epi64_mask(high, high), _mm512_testn_epi64_mask(low, low));
    check.allow(_kor_mask16(positive, zero));
    return positive;
  }

  static __m128i join(__m128i indices, __mmask16 positives) {
    // AVX-512 has no masked "or" for bytes. The bit is never set in an index, so addition has the same
    // effect.
    return _mm_mask_add_epi8(indices, positives, indices, _mm_set1_epi8(static_cast<char>(kPackedPositive)));
  }
};

}  // namespace

std::size_t pack_avx512(const float* predictions, LabelBits labels, std::size_t count, Scale<float> scale,
                        std::uint8_t* to, bool& all_fine) {
  return pack<Avx512>(predictions, labels, count, scale, to, all_fine);
}
std::size_t pack_avx512(const double* predictions, LabelBits labels, std::size_t count, Scale<double> scale,
                        std::uint8_t* to, bool& all_fine) {
  return pack<Avx512>(predictions, labels, count, scale, to, all_fine);
}

}  // namespace tickertape::pr_curve_impl
#endif
