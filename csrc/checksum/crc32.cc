// CRC-32 in portable code (slicing by 8, Kounavis and Berry, 2005), and the choice of the implementation at
// run time. L1. PNG chunks end with this checksum.
#include "checksum/crc32.h"

#include <array>
#include <cstddef>

#include "base/cpu.h"
#include "base/endian.h"
#include "checksum/crc32_impl.h"

namespace tickertape {
namespace crc_impl {
namespace {

constexpr std::size_t kSlices = 8;
using SliceTables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// tables[k][b] is what byte b contributes to the checksum if k more bytes follow it.
constexpr SliceTables make_slice_tables() {
  SliceTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = crc32_times_x(value);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < kSlices; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr SliceTables kTables = make_slice_tables();

}  // namespace

std::uint32_t crc32_portable(std::uint32_t crc, Bytes bytes) {
  const std::uint8_t* from = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= kSlices; left -= kSlices, from += kSlices) {
    const std::uint64_t word = load_le<std::uint64_t>(from) ^ crc;
    crc = 0;
    for (std::size_t k = 0; k < kSlices; ++k) crc ^= kTables[kSlices - 1 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; left > 0; --left, ++from) crc = (crc >> 8) ^ kTables[0][(crc ^ *from) & 0xFF];
  return ~crc;
}

}  // namespace crc_impl

std::uint32_t crc32(std::uint32_t crc, Bytes bytes) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kPclmul)) return crc_impl::crc32_pclmul(crc, bytes);
#elif defined(__aarch64__)
  if (has_cpu_feature(CpuFeature::kArmCrc32)) return crc_impl::crc32_armv8(crc, bytes);
#endif
  return crc_impl::crc32_portable(crc, bytes);
}

}  // namespace tickertape
