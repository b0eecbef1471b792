// Which instruction sets the process may use, decided once at run time. L0.
// $TICKERTAPE_DISABLE_CPU=avx2,sse42,... disables features; tests call disable_cpu_features() instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace tickertape {

enum class CpuFeature : std::uint32_t {
  kSse42 = 1U << 0,     // crc32 instruction
  kPclmul = 1U << 1,    // carry-less multiply, with SSE4.1
  kAvx2 = 1U << 2,      // AVX2, BMI1, BMI2, FMA and F16C: what files named _avx2 are compiled for
  kAvx512 = 1U << 3,    // kAvx2 and AVX-512 F, BW, DQ, VL, CD: what files named _avx512 are compiled for
  kArmCrc32 = 1U << 4,  // ARMv8 CRC32 instructions
};

namespace cpu_internal {
// CpuFeature bits that may be used. Written before main() and by tests, and never while a codec runs, so
// relaxed order is enough.
extern std::atomic<std::uint32_t> usable;
}  // namespace cpu_internal

// True if the processor and the operating system support `feature` and it is not disabled. Thread-safe.
// Before main() (or before the module is initialised) every feature counts as missing.
inline bool has_cpu_feature(CpuFeature feature) {
  return (cpu_internal::usable.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(feature)) != 0;
}

// For tests: treats the features in `mask` (CpuFeature bits) as missing. 0 enables all of them again. Must
// not be called while other threads run codecs.
void disable_cpu_features(std::uint32_t mask);

// Converts comma-separated names (sse42, pclmul, avx2, avx512, arm_crc32, all) to a mask. Unknown names are
// ignored.
std::uint32_t parse_cpu_features(std::string_view names);

}  // namespace tickertape
