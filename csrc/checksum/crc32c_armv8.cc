// CRC32C with the CRC instructions of ARMv8. L1; same values as the portable code.
#if defined(__aarch64__)
#include "checksum/crc32c_armv8.h"

#include "checksum/crc32c_interleaved.h"

namespace tickertape {

std::uint32_t crc32c_armv8(std::uint32_t crc, Bytes bytes) { return crc32c_interleaved<Armv8>(crc, bytes); }

}  // namespace tickertape
#endif
