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
// __builtin_cpu_supports() would say the same, but it is a function of the compiler's own library. Wheels are
// linked without zig's: it is one object, and brings a memcpy() that would replace glibc's.
struct CpuId {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  // All zero if the processor has no such leaf.
  explicit CpuId(unsigned leaf) noexcept { __get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx); }
};

constexpr bool has_all(std::uint64_t word, std::uint64_t bits) noexcept { return (word & bits) == bits; }

// Which registers the operating system saves: the bits of XCR0 (Intel SDM, volume 1, 13.3).
constexpr std::uint64_t kAvxState = 0b110;           // xmm and the upper halves of ymm
constexpr std::uint64_t kAvx512State = 0b1110'0110;  // mask registers and all of zmm, too
std::uint64_t saved_registers(const CpuId& leaf1) noexcept {
  if ((leaf1.ecx & bit_OSXSAVE) == 0) return 0;
  unsigned low = 0, high = 0;
  // NOLINTNEXTLINE(portability-no-assembler): the intrinsic would need -mxsave for this file
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

std::uint32_t detect_x86() noexcept {
  const CpuId leaf1(1), leaf7(7);
  const std::uint64_t saved = saved_registers(leaf1);
  std::uint32_t found = 0;
  if (has_all(leaf1.ecx, bit_SSE4_2)) found |= bit(CpuFeature::kSse42);
  if (has_all(leaf1.ecx, bit_PCLMUL | bit_SSE4_1)) found |= bit(CpuFeature::kPclmul);
  // Every processor with AVX2 has the other four as well, but a virtual machine can hide each of them.
  const bool has_avx2 = has_all(saved, kAvxState) && has_all(leaf1.ecx, bit_AVX | bit_FMA | bit_F16C) &&
                        has_all(leaf7.ebx, bit_AVX2 | bit_BMI | bit_BMI2);
  if (has_avx2) found |= bit(CpuFeature::kAvx2);
  if (has_avx2 && has_all(saved, kAvx512State) &&
      has_all(leaf7.ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL | bit_AVX512CD)) {
    found |= bit(CpuFeature::kAvx512);
  }
  return found;
}
#endif

std::uint32_t detect() noexcept {
  std::uint32_t found = 0;
#if defined(__x86_64__)
  found |= detect_x86();
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
