// quantize() compiled for AVX2, with 32-byte vectors. L1. Writes the same bytes as wav.cc.
#if defined(__x86_64__)

#include "codec/audio/wav_impl.h"

namespace tickertape::wav_impl {

void quantize_avx2(const float* samples, std::size_t count, std::int16_t* to) {
  quantize(samples, count, to);
}
void quantize_avx2(const double* samples, std::size_t count, std::int16_t* to) {
  quantize(samples, count, to);
}

}  // namespace tickertape::wav_impl

#endif
