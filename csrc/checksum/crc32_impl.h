// The implementations of crc32() and adler32(), one for each instruction set. L1, private to checksum/.
// Callers must check has_cpu_feature() first.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tickertape::crc_impl {

std::uint32_t crc32_portable(std::uint32_t crc, Bytes bytes);
std::uint32_t adler32_portable(std::uint32_t adler, Bytes bytes);

#if defined(__x86_64__)
std::uint32_t crc32_pclmul(std::uint32_t crc, Bytes bytes);
std::uint32_t adler32_avx2(std::uint32_t adler, Bytes bytes);
#elif defined(__aarch64__)
std::uint32_t crc32_armv8(std::uint32_t crc, Bytes bytes);
#endif

// The generator polynomial (ISO 3309; RFC 1952, section 8) with its bits reflected: bit 31 is x^0.
inline constexpr std::uint32_t kCrc32Polynomial = 0xEDB88320;

// `value` * x modulo the polynomial, reflected.
constexpr std::uint32_t crc32_times_x(std::uint32_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? kCrc32Polynomial : 0);
}

// The largest prime below 2^16 (RFC 1950, section 8.2).
inline constexpr std::uint32_t kAdlerBase = 65521;

}  // namespace tickertape::crc_impl
