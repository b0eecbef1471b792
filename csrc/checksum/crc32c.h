// CRC32C (Castagnoli, RFC 3720 appendix B.4): the checksum of TFRecords. L1.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace tickertape {

// Extends `crc` (0 at the start) by `bytes`. Uses the fastest implementation that the processor supports.
// Thread-safe.
std::uint32_t crc32c(std::uint32_t crc, Bytes bytes);

inline std::uint32_t crc32c(Bytes bytes) { return crc32c(0, bytes); }

// CRC32C of the last `size` bytes of a text: `whole` is the CRC of the whole text, `front` that of the bytes
// before them. Takes the same short time for every size.
std::uint32_t crc32c_of_end(std::uint32_t whole, std::uint32_t front, std::uint64_t size);

// One implementation. All of them return the same values; tests run each one that this processor supports.
struct Crc32cImplementation {
  const char* name;
  std::uint32_t (*extend)(std::uint32_t crc, Bytes bytes);
};

// The implementations that this processor can run, without those that use disabled features. The fastest is
// first, the portable one is last.
std::span<const Crc32cImplementation> crc32c_implementations();

}  // namespace tickertape
