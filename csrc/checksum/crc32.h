// The two checksums of a PNG: CRC-32 (ISO 3309) of each chunk, Adler-32 (RFC 1950) of the zlib stream. L1.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tickertape {

// Extends `crc` (0 at the start) by `bytes`, like zlib's crc32(). Thread-safe.
std::uint32_t crc32(std::uint32_t crc, Bytes bytes);

// Extends `adler` (1 at the start) by `bytes`, like zlib's adler32(). Thread-safe.
std::uint32_t adler32(std::uint32_t adler, Bytes bytes);

// The Adler-32 of A followed by B, computed from both checksums and the length of B in bytes.
std::uint32_t adler32_combine(std::uint32_t adler_a, std::uint32_t adler_b, std::uint64_t size_b);

}  // namespace tickertape
