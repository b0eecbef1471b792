// CRC32C in portable code, and the choice of the implementation at run time. L1: the record writer and
// reader.
#include "checksum/crc32c.h"

#include <array>
#include <vector>

#include "base/cpu.h"
#include "base/endian.h"
#include "checksum/crc32c_tables.h"

namespace tickertape {

std::uint32_t crc32c_sse42(std::uint32_t crc, Bytes bytes);
std::uint32_t crc32c_armv8(std::uint32_t crc, Bytes bytes);

namespace {

std::uint32_t crc32c_portable(std::uint32_t crc, Bytes bytes) {
  using crc32c_tables::kBySlice;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_le<std::uint64_t>(at) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kBySlice[7 - i][word >> (8 * i) & 0xFF];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kBySlice[0][(crc ^ *at) & 0xFF];
  return ~crc;
}

constexpr Crc32cImplementation kPortable{"portable", crc32c_portable};
#if defined(__x86_64__)
constexpr CpuFeature kInstruction = CpuFeature::kSse42;
constexpr std::array kAll{Crc32cImplementation{"sse42", crc32c_sse42}, kPortable};
#elif defined(__aarch64__)
constexpr CpuFeature kInstruction = CpuFeature::kArmCrc32;
constexpr std::array kAll{Crc32cImplementation{"armv8", crc32c_armv8}, kPortable};
#else
constexpr CpuFeature kInstruction{};
constexpr std::array kAll{kPortable};
#endif

}  // namespace

std::span<const Crc32cImplementation> crc32c_implementations() {
  const std::span<const Crc32cImplementation> all{kAll};
  return has_cpu_feature(kInstruction) ? all : all.last(1);
}

std::uint32_t crc32c(std::uint32_t crc, Bytes bytes) {
  return crc32c_implementations().front().extend(crc, bytes);
}

std::uint32_t crc32c_of_end(std::uint32_t whole, std::uint32_t front, std::uint64_t size) {
  return whole ^ crc32c_tables::shift(front, size);
}

}  // namespace tickertape
