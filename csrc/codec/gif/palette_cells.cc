// The loops of Palette in portable code, and the choice of the implementation at run time. L1.
#include "base/cpu.h"
#include "codec/gif/palette_impl.h"

namespace tickertape::palette_impl {
namespace {

// Written so that compilers vectorise it for processors that can load every third byte in one step (NEON).
void cells_portable(const std::uint8_t* row, std::size_t count, const Shifts& shifts, std::uint16_t* cells) {
  constexpr std::size_t kStep = 64;
  std::array<int, kStep> wide;
  for (std::size_t i = 0; i < kStep; ++i) wide[i] = int{shifts[i % shifts.size()]};
  const auto part = [](int value) {
    const int positive = value > 0 ? value : 0;
    return (positive < 255 ? positive : 255) >> kCellShift;
  };
  for (std::size_t at = 0; at < count; at += kStep, row += 3 * kStep) {
    const std::size_t size = std::min(kStep, count - at);
    for (std::size_t i = 0; i < size; ++i) {
      const int red = part(row[3 * i] + wide[i]);
      const int green = part(row[3 * i + 1] + wide[i]);
      const int blue = part(row[3 * i + 2] + wide[i]);
      cells[at + i] = static_cast<std::uint16_t>(red << (2 * kCellBits) | green << kCellBits | blue);
    }
  }
}

}  // namespace

void cells_of_row(const std::uint8_t* row, std::size_t count, const Shifts& shifts, std::uint16_t* cells) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) done = cells_avx2(row, count, shifts, cells);
#endif
  if (done < count) cells_portable(row + 3 * done, count - done, shifts, cells + done);
}

std::int32_t least_sum(const Terms& red, const Terms& green, const Terms& blue) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) return least_sum_avx2(red, green, blue);
#endif
  return least_sum_in_vectors(red, green, blue);
}

}  // namespace tickertape::palette_impl
