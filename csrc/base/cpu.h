// Which instruction sets may be used, decided once at run time. L0.
// TICKERTAPE_DISABLE_CPU=avx2,sse42,... turns features off; tests use disable_cpu_features() instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace tickertape {

enum class CpuFeature : std::uint32_t {
  kSse42 = 1U << 0,     // crc32 instruction
  kPclmul = 1U << 1,    // carry-less multiply, with SSE4.1
  kAvx2 = 1U << 2,      // AVX2 with BMI1, BMI2, FMA and F16C: all that files named _avx2 are compiled for
  kAvx512 = 1U << 3,    // F, BW, DQ, VL, CD on top of kAvx2: all that files named _avx512 are compiled for
  kArmCrc32 = 1U << 4,  // ARMv8 CRC32 instructions
};

namespace cpu_internal {
// The bits of what may be used. Changes only at the program's start and by tests, while no codec runs:
// relaxed.
extern std::atomic<std::uint32_t> usable;
}  // namespace cpu_internal

// True when the processor and the operating system offer `feature` and nobody disabled it. Thread-safe.
// Nothing before the start of main() (or of the module) may ask: all features count as missing until then.
inline bool has_cpu_feature(CpuFeature feature) {
  return (cpu_internal::usable.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(feature)) != 0;
}

// For tests: behave as though the features in `mask` (CpuFeature bits) were missing; 0 takes it back.
// Not for use while other threads run codecs.
void disable_cpu_features(std::uint32_t mask);

// Comma-separated names (sse42, pclmul, avx2, avx512, arm_crc32, all) to a mask; unknown names count for
// nothing.
std::uint32_t parse_cpu_features(std::string_view names);

}  // namespace tickertape
