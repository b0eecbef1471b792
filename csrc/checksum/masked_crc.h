// The masked CRC32C of TFRecords. It is a type of its own, so that no code can write or compare a plain CRC
// by mistake. L1.
#pragma once

#include <bit>
#include <cstdint>

#include "checksum/crc32c.h"

namespace tickertape {

// The CRC32C rotated right by 15 bits, plus a constant. A CRC over bytes that contain CRCs is weak, so stored
// CRCs are masked (tensorflow/core/lib/hash/crc32c.h, after LevelDB's util/crc32c.h).
class MaskedCrc {
 public:
  static MaskedCrc of(Bytes bytes) { return from(crc32c(bytes)); }
  // Masks a CRC32C that was computed in pieces.
  static MaskedCrc from(std::uint32_t crc) { return MaskedCrc(mask(crc)); }
  // Takes 32 bits that were read from a file and are masked already.
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
