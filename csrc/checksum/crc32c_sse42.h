// The instruction of SSE4.2 for crc32c_interleaved.h. L1, for files that are compiled for it alone.
#pragma once

#if defined(__x86_64__)
#include <nmmintrin.h>

#include <cstdint>

namespace tickertape {
namespace {

struct Sse42 {
  static std::uint32_t u64(std::uint32_t crc, std::uint64_t value) {
    return static_cast<std::uint32_t>(_mm_crc32_u64(crc, value));
  }
  static std::uint32_t u32(std::uint32_t crc, std::uint32_t value) { return _mm_crc32_u32(crc, value); }
  static std::uint32_t u16(std::uint32_t crc, std::uint16_t value) { return _mm_crc32_u16(crc, value); }
  static std::uint32_t u8(std::uint32_t crc, std::uint8_t value) { return _mm_crc32_u8(crc, value); }
};

}  // namespace
}  // namespace tickertape
#endif
