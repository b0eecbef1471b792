// CRC32C with the crc32 instruction of SSE4.2. L1; same values as the portable code.
#if defined(__x86_64__)
#include <nmmintrin.h>

#include "checksum/crc32c_interleaved.h"

namespace tickertape {
namespace {

struct Sse42 {
  static std::uint32_t u64(std::uint32_t crc, std::uint64_t value) {
    return static_cast<std::uint32_t>(_mm_crc32_u64(crc, value));
  }
  static std::uint32_t u8(std::uint32_t crc, std::uint8_t value) { return _mm_crc32_u8(crc, value); }
};

}  // namespace

std::uint32_t crc32c_sse42(std::uint32_t crc, Bytes bytes) { return crc32c_interleaved<Sse42>(crc, bytes); }

}  // namespace tickertape
#endif
