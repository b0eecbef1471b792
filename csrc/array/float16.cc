// float16 to float32 for blocks: the portable loop, and the choice of the implementation at run time. L1.
#include "array/float16.h"

#include "array/float16_impl.h"
#include "base/cpu.h"

namespace tickertape {

void float16_to_float32(const std::uint16_t* from, std::size_t count, float* to) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) done = float16_impl::float16_to_float32_avx2(from, count, to);
#endif
  for (std::size_t i = done; i < count; ++i) to[i] = float16_value(from[i]);
}

}  // namespace tickertape
