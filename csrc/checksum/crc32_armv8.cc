// CRC-32 with ARMv8's instructions for this polynomial. L1. Each instruction depends on the one before it:
// about 8 bytes every 3 cycles, which is enough for PNG chunks.
#if defined(__aarch64__)

#include <arm_acle.h>

#include <cstddef>

#include "base/endian.h"
#include "checksum/crc32_impl.h"

namespace tickertape::crc_impl {

std::uint32_t crc32_armv8(std::uint32_t crc, Bytes bytes) {
  const std::uint8_t* from = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, from += 8) crc = __crc32d(crc, load_le<std::uint64_t>(from));
  for (; left > 0; --left, ++from) crc = __crc32b(crc, *from);
  return ~crc;
}

}  // namespace tickertape::crc_impl

#endif
