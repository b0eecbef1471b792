// Adler-32 in portable code that compilers vectorise, and the choice of the implementation at run time. L1.
// The zlib stream inside a PNG ends with this checksum.
#include <algorithm>
#include <array>
#include <cstddef>

#include "base/cpu.h"
#include "checksum/crc32.h"
#include "checksum/crc32_impl.h"

namespace tickertape {
namespace crc_impl {

std::uint32_t adler32_portable(std::uint32_t adler, Bytes bytes) {
  // The bytes form rows of 16. Each column has its own sums; the columns' weights are applied at the end.
  constexpr std::size_t kColumns = 16;
  // Most rows for which a 32-bit sum of sums cannot overflow: 255 * r * (r + 1) / 2 < 2^32.
  constexpr std::size_t kMaxRows = 5803;
  const std::uint8_t* from = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t a = adler & 0xFFFF;
  std::uint64_t b = adler >> 16;
  while (left >= kColumns) {
    const std::size_t rows = std::min(left / kColumns, kMaxRows);
    std::array<std::uint32_t, kColumns> sums{};
    std::array<std::uint32_t, kColumns> sums_of_sums{};
    for (std::size_t row = 0; row < rows; ++row, from += kColumns) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        sums[j] += from[j];
        sums_of_sums[j] += sums[j];
      }
    }
    left -= rows * kColumns;
    b += a * rows * kColumns;
    for (std::size_t j = 0; j < kColumns; ++j) {
      a += sums[j];
      b += std::uint64_t{kColumns} * sums_of_sums[j] - std::uint64_t{j} * sums[j];
    }
    a %= kAdlerBase;
    b %= kAdlerBase;
  }
  for (; left > 0; --left) {
    a += *from++;
    b += a;
  }
  return static_cast<std::uint32_t>((b % kAdlerBase) << 16 | (a % kAdlerBase));
}

}  // namespace crc_impl

std::uint32_t adler32(std::uint32_t adler, Bytes bytes) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) return crc_impl::adler32_avx2(adler, bytes);
#endif
  return crc_impl::adler32_portable(adler, bytes);
}

std::uint32_t adler32_combine(std::uint32_t adler_a, std::uint32_t adler_b, std::uint64_t size_b) {
  constexpr std::uint64_t kBase = crc_impl::kAdlerBase;
  // B's checksum started at a = 1, but after A it would have started at A's a. Each of the size_b bytes adds
  // that difference to b once.
  const std::uint64_t start = (adler_a & 0xFFFF) + kBase - 1;
  const std::uint64_t a = (start + (adler_b & 0xFFFF)) % kBase;
  const std::uint64_t b = ((size_b % kBase) * (start % kBase) + (adler_a >> 16) + (adler_b >> 16)) % kBase;
  return static_cast<std::uint32_t>(b << 16 | a);
}

}  // namespace tickertape
