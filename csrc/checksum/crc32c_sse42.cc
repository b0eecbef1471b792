// CRC32C with the crc32 instruction of SSE4.2. L1; same values as the portable code.
#if defined(__x86_64__)
#include "checksum/crc32c_sse42.h"

#include "checksum/crc32c_interleaved.h"

namespace tickertape {

std::uint32_t crc32c_sse42(std::uint32_t crc, Bytes bytes) { return crc32c_interleaved<Sse42>(crc, bytes); }

}  // namespace tickertape
#endif
