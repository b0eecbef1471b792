// CRC32C (Castagnoli, RFC 3720 appendix B.4): the checksum of TFRecords. L1.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace tickertape {

// CRC32C of the bytes behind those that gave `crc` (0 at the start). Picks the fastest implementation that
// the processor offers; thread-safe.
std::uint32_t crc32c(std::uint32_t crc, Bytes bytes);

inline std::uint32_t crc32c(Bytes bytes) { return crc32c(0, bytes); }

// One way to compute it. Every one gives the same value; the tests run over all that can run here.
struct Crc32cImplementation {
  const char* name;
  std::uint32_t (*extend)(std::uint32_t crc, Bytes bytes);
};

// The implementations that this processor can run (with features that tests disabled taken out), fastest
// first; the portable one is always the last.
std::span<const Crc32cImplementation> crc32c_implementations();

}  // namespace tickertape
