// Detection of instruction sets: cpuid on x86-64, the auxiliary vector on aarch64. L0.
#include "base/cpu.h"

#include <array>
#include <cstdlib>
#include <utility>

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace tickertape {
namespace {

constexpr std::uint32_t bit(CpuFeature feature) { return static_cast<std::uint32_t>(feature); }

std::uint32_t detect() noexcept {
  std::uint32_t found = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();  // also checks that the system saves the wide registers
  if (__builtin_cpu_supports("sse4.2")) found |= bit(CpuFeature::kSse42);
  if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) found |= bit(CpuFeature::kPclmul);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
    found |= bit(CpuFeature::kAvx2) | bit(CpuFeature::kF16c);  // every AVX2 processor has F16C
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    found |= bit(CpuFeature::kAvx512);
    if (__builtin_cpu_supports("vpclmulqdq")) found |= bit(CpuFeature::kVpclmul);
  }
#elif defined(__aarch64__)
  found |= bit(CpuFeature::kNeon);
#if defined(__linux__)
  const unsigned long capabilities = getauxval(AT_HWCAP);
  if ((capabilities & HWCAP_CRC32) != 0) found |= bit(CpuFeature::kArmCrc32);
  if ((capabilities & HWCAP_PMULL) != 0) found |= bit(CpuFeature::kArmPmull);
#elif defined(__APPLE__)
  found |= bit(CpuFeature::kArmCrc32) | bit(CpuFeature::kArmPmull);  // every Apple 64-bit Arm processor
#endif
#endif
  if (const char* disabled = std::getenv("TICKERTAPE_DISABLE_CPU")) found &= ~parse_cpu_features(disabled);
  return found;
}

}  // namespace

std::atomic<std::uint32_t> cpu_internal::usable{detect()};

void disable_cpu_features(std::uint32_t mask) {
  cpu_internal::usable.store(detect() & ~mask, std::memory_order_relaxed);
}

std::uint32_t parse_cpu_features(std::string_view names) {
  static constexpr std::array<std::pair<std::string_view, std::uint32_t>, 10> kNames{{
      {"sse42", bit(CpuFeature::kSse42)},
      {"pclmul", bit(CpuFeature::kPclmul)},
      {"avx2", bit(CpuFeature::kAvx2)},
      {"avx512", bit(CpuFeature::kAvx512)},
      {"vpclmul", bit(CpuFeature::kVpclmul)},
      {"f16c", bit(CpuFeature::kF16c)},
      {"arm_crc32", bit(CpuFeature::kArmCrc32)},
      {"arm_pmull", bit(CpuFeature::kArmPmull)},
      {"neon", bit(CpuFeature::kNeon)},
      {"all", ~0U},
  }};
  std::uint32_t mask = 0;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    for (const auto& [known, bits] : kNames) {
      if (known == name) mask |= bits;
    }
    names = comma == std::string_view::npos ? std::string_view{} : names.substr(comma + 1);
  }
  return mask;
}

}  // namespace tickertape
