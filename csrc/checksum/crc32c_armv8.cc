// CRC32C with the CRC instructions of ARMv8. L1; same values as the portable code.
#if defined(__aarch64__)
#include <arm_acle.h>

#include "checksum/crc32c_interleaved.h"

namespace tickertape {
namespace {

struct Armv8 {
  static std::uint32_t u64(std::uint32_t crc, std::uint64_t value) { return __crc32cd(crc, value); }
  static std::uint32_t u8(std::uint32_t crc, std::uint8_t value) { return __crc32cb(crc, value); }
};

}  // namespace

std::uint32_t crc32c_armv8(std::uint32_t crc, Bytes bytes) { return crc32c_interleaved<Armv8>(crc, bytes); }

}  // namespace tickertape
#endif
