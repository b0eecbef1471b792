// Detection of instruction sets: cpuid on x86-64, the auxiliary vector on aarch64. L0.
#include "base/cpu.h"

#include <array>
#include <cstdlib>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace tickertape {
namespace {

constexpr std::uint32_t bit(CpuFeature feature) { return static_cast<std::uint32_t>(feature); }

#if defined(__x86_64__)
// Not every compiler's __builtin_cpu_supports() knows F16C. F16C uses AVX's registers, so a caller that also
// checks for AVX2 need not check that the operating system saves them.
bool has_f16c() noexcept {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

std::uint32_t detect() noexcept {
  std::uint32_t found = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();  // also checks that the operating system saves the wide registers
  if (__builtin_cpu_supports("sse4.2")) found |= bit(CpuFeature::kSse42);
  if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) found |= bit(CpuFeature::kPclmul);
  // Every processor with AVX2 has the other four as well, but a virtual machine can hide each of them.
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") && has_f16c();
  if (has_avx2) found |= bit(CpuFeature::kAvx2);
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    found |= bit(CpuFeature::kAvx512);
  }
#elif defined(__aarch64__) && defined(__linux__)
  if ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0) found |= bit(CpuFeature::kArmCrc32);
#elif defined(__aarch64__) && defined(__APPLE__)
  found |= bit(CpuFeature::kArmCrc32);  // every Apple 64-bit Arm processor
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
  static constexpr std::array<std::pair<std::string_view, std::uint32_t>, 6> kNames{{
      {"sse42", bit(CpuFeature::kSse42)},
      {"pclmul", bit(CpuFeature::kPclmul)},
      {"avx2", bit(CpuFeature::kAvx2)},
      {"avx512", bit(CpuFeature::kAvx512)},
      {"arm_crc32", bit(CpuFeature::kArmCrc32)},
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
