// The loop of encode_wav() over all samples: one source, compiled for each instruction set. L1, private to
// wav*.cc. The anonymous namespace keeps each file's instructions to itself.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::wav_impl {
namespace {

// to[i] = samples[i] clipped to -1..1, times 32767, truncated towards 0; NaN becomes 0. The loop has no
// branches or calls, and `to` is not a byte pointer that might alias `samples`, so compilers vectorise it
// (-fopt-info-vec shows this).
template <typename Real>
void quantize(const Real* samples, std::size_t count, std::int16_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    // NaN is neither greater nor less than 0, so both terms are 0. For other numbers one of the two terms is
    // 0.
    const Real above = samples[i] > 0 ? samples[i] : Real{0};
    const Real below = samples[i] < 0 ? samples[i] : Real{0};
    const Real clipped = (above < 1 ? above : Real{1}) + (below > -1 ? below : Real{-1});
    to[i] = static_cast<std::int16_t>(static_cast<std::int32_t>(clipped * Real{32767}));
  }
}

}  // namespace

#if defined(__x86_64__)
void quantize_avx2(const float* samples, std::size_t count, std::int16_t* to);
void quantize_avx2(const double* samples, std::size_t count, std::int16_t* to);
#endif

}  // namespace tickertape::wav_impl
