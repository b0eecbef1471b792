// The instruction of ARMv8 for crc32c_interleaved.h. L1, for files that are compiled for it alone.
#pragma once

#if defined(__aarch64__)
#include <arm_acle.h>

#include <cstdint>

namespace tickertape {
namespace {

struct Armv8 {
  static std::uint32_t u64(std::uint32_t crc, std::uint64_t value) { return __crc32cd(crc, value); }
  static std::uint32_t u32(std::uint32_t crc, std::uint32_t value) { return __crc32cw(crc, value); }
  static std::uint32_t u16(std::uint32_t crc, std::uint16_t value) { return __crc32ch(crc, value); }
  static std::uint32_t u8(std::uint32_t crc, std::uint8_t value) { return __crc32cb(crc, value); }
};

}  // namespace
}  // namespace tickertape
#endif
