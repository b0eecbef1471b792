// The masked CRC32C of TFRecords, as a type of its own so that no plain CRC is ever written or compared. L1.
#pragma once

#include <bit>
#include <cstdint>

#include "checksum/crc32c.h"

namespace tickertape {

// CRC32C, rotated right by 15 bits plus a constant: a CRC over bytes that hold CRCs is weak, so stored ones
// are masked (tensorflow/core/lib/hash/crc32c.h, after LevelDB's util/crc32c.h).
class MaskedCrc {
 public:
  static MaskedCrc of(Bytes bytes) { return from(crc32c(bytes)); }
  // Masks a CRC32C that was computed in pieces.
  static MaskedCrc from(std::uint32_t crc) { return MaskedCrc(mask(crc)); }
  // Takes the 32 bits that stand in a file.
  static MaskedCrc stored(std::uint32_t bits) { return MaskedCrc(bits); }

  std::uint32_t bits() const { return bits_; }
  bool operator==(const MaskedCrc&) const = default;

 private:
  static constexpr std::uint32_t kDelta = 0xA282EAD8;
  static constexpr std::uint32_t mask(std::uint32_t crc) { return std::rotr(crc, 15) + kDelta; }

  explicit MaskedCrc(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_;
};

}  // namespace tickertape
