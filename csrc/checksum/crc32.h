// The two checksums inside a PNG: CRC-32 (ISO 3309, of chunks) and Adler-32 (RFC 1950, of the zlib stream).
// L1.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tickertape {

// CRC-32 of the bytes behind those that gave `crc` (0 at the start), as zlib's crc32(). Thread-safe.
std::uint32_t crc32(std::uint32_t crc, Bytes bytes);

// Adler-32 of the bytes behind those that gave `adler` (1 at the start), as zlib's adler32(). Thread-safe.
std::uint32_t adler32(std::uint32_t adler, Bytes bytes);

// Adler-32 of A followed by B, from theirs and B's length.
std::uint32_t adler32_combine(std::uint32_t adler_a, std::uint32_t adler_b, std::uint64_t size_b);

}  // namespace tickertape
