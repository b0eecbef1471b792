// The sets of CPU features with which codecs and checksums are tested, and guards that disable features. For
// the native tests and the fuzz targets.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cpu.h"

namespace tickertape::test {

// The set that a guard has selected; "" outside a guard. Failed checks print it.
inline const char*& cpu_set_name() {
  static const char* name = "";
  return name;
}

// While a guard lives, the features in `disabled` count as missing. Guards do not nest.
class WithoutCpuFeatures {
 public:
  explicit WithoutCpuFeatures(std::uint32_t disabled, const char* name = "") {
    disable_cpu_features(disabled);
    cpu_set_name() = name;
  }
  WithoutCpuFeatures(const WithoutCpuFeatures&) = delete;
  WithoutCpuFeatures& operator=(const WithoutCpuFeatures&) = delete;
  ~WithoutCpuFeatures() {
    disable_cpu_features(0);
    cpu_set_name() = "";
  }
};

struct CpuSet {
  const char* name;
  std::uint32_t disabled;
};

// The sets that differ on this machine, the portable one first: portable code, AVX2 without AVX-512,
// everything.
inline const std::vector<CpuSet>& cpu_sets() {
  static const std::vector<CpuSet> sets = [] {
    std::vector<CpuSet> different;
    std::uint32_t last = ~0U;
    for (const CpuSet set : {CpuSet{"portable", ~0U},
                             {"without AVX-512", static_cast<std::uint32_t>(CpuFeature::kAvx512)},
                             {"everything", 0}}) {
      const WithoutCpuFeatures without(set.disabled);
      const std::uint32_t usable = cpu_internal::usable.load(std::memory_order_relaxed);
      if (usable != last) different.push_back(set);
      last = usable;
    }
    return different;
  }();
  return sets;
}

template <typename Body>
void on_every_cpu(Body body) {
  for (const CpuSet& set : cpu_sets()) {
    const WithoutCpuFeatures without(set.disabled, set.name);
    body();
  }
}

}  // namespace tickertape::test
