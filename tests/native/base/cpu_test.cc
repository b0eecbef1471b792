// Disabling CPU features: by name, by the environment, and by the tests' guards.
#include "base/cpu.h"

#include <cstdlib>

#include "check.h"
#include "environment.h"

namespace tickertape {
namespace {

constexpr std::uint32_t bit(CpuFeature feature) { return static_cast<std::uint32_t>(feature); }

std::uint32_t usable() { return cpu_internal::usable.load(std::memory_order_relaxed); }

// The features that a process with this value of the environment variable may use. disable_cpu_features()
// detects them again.
std::uint32_t usable_where(const char* environment) {
  test::set_environment("TICKERTAPE_DISABLE_CPU", environment);
  disable_cpu_features(0);
  const std::uint32_t found = usable();
  test::unset_environment("TICKERTAPE_DISABLE_CPU");
  disable_cpu_features(0);
  return found;
}

// CTest also runs this file with features disabled by the environment. This test comes first, because the
// others change the environment.
TEST(features_that_the_environment_disabled_at_the_start) {
  const char* disabled = std::getenv("TICKERTAPE_DISABLE_CPU");
  if (disabled != nullptr) CHECK_EQ(usable() & parse_cpu_features(disabled), 0U);
}

TEST(names) {
  CHECK_EQ(parse_cpu_features(""), 0U);
  CHECK_EQ(parse_cpu_features("avx2"), bit(CpuFeature::kAvx2));
  CHECK_EQ(parse_cpu_features("sse42,pclmul,,avx512,arm_crc32"),
           bit(CpuFeature::kSse42) | bit(CpuFeature::kPclmul) | bit(CpuFeature::kAvx512) |
               bit(CpuFeature::kArmCrc32));
  CHECK_EQ(parse_cpu_features("all"), ~0U);
  CHECK_EQ(parse_cpu_features("avx,AVX2, avx2,a vx2"), 0U);  // unknown names are ignored
}

TEST(environment_turns_features_off) {
  test::unset_environment("TICKERTAPE_DISABLE_CPU");
  disable_cpu_features(0);
  const std::uint32_t all = usable();
  CHECK_EQ(usable_where(""), all);
  CHECK_EQ(usable_where("all"), 0U);
  CHECK_EQ(usable_where("avx2"), all & ~bit(CpuFeature::kAvx2));
  CHECK_EQ(usable_where("avx512,sse42"), all & ~(bit(CpuFeature::kAvx512) | bit(CpuFeature::kSse42)));
  CHECK_EQ(usable(), all);
}

// A feature that the environment disables stays disabled when a test undoes its own switch.
TEST(environment_and_switch_are_combined) {
  test::set_environment("TICKERTAPE_DISABLE_CPU", "avx2");
  {
    const test::WithoutCpuFeatures without(bit(CpuFeature::kPclmul));
    CHECK(!has_cpu_feature(CpuFeature::kAvx2));
    CHECK(!has_cpu_feature(CpuFeature::kPclmul));
  }
  CHECK(!has_cpu_feature(CpuFeature::kAvx2));
  test::unset_environment("TICKERTAPE_DISABLE_CPU");
  disable_cpu_features(0);
}

// Files for AVX-512 are also compiled for AVX2's features.
TEST(wider_sets_include_narrower_ones) {
  if (has_cpu_feature(CpuFeature::kAvx512)) CHECK(has_cpu_feature(CpuFeature::kAvx2));
}

TEST(sets_of_the_tests) {
  const auto& sets = test::cpu_sets();
  const std::uint32_t all = usable();
  std::vector<std::uint32_t> seen;
  test::on_every_cpu([&] { seen.push_back(usable()); });
  CHECK_EQ(seen.size(), sets.size());
  if (all == 0) return;
  CHECK_EQ(seen.front(), 0U);
  CHECK_EQ(seen.back(), all);
  CHECK_EQ(seen.size(), (all & bit(CpuFeature::kAvx512)) != 0 ? 3U : 2U);
  CHECK_EQ(usable(), all);
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
