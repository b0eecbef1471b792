// GIF's variable-length-code LZW (GIF89a specification, appendix F). L1; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace tickertape {

// Codes palette indices, row by row, into the sub-blocks of one GIF image. One encoder serves many images,
// one after the other: begin(), any number of add(), end(). Not thread-safe.
class LzwEncoder {
 public:
  LzwEncoder();

  // Starts an image whose indices are below 2^index_bits (2..8): writes the minimum code size.
  void begin(unsigned index_bits, Buffer& out);
  void add(Bytes indices, Buffer& out);
  // Writes what is left and the empty sub-block that ends the image.
  void end(Buffer& out);

 private:
  static constexpr unsigned kMaxCodeBits = 12;  // appendix F
  static constexpr std::uint32_t kMaxCodes = 1U << kMaxCodeBits;
  static constexpr unsigned kTableBits = 14;      // four places for each code: short searches
  static constexpr std::uint32_t kNone = ~0U;     // no place in the table, no string yet
  static constexpr std::size_t kBlockSize = 255;  // section 15: data sub-blocks

  // The bits of one image on their way into sub-blocks; add() keeps a copy in registers.
  struct Bits {
    std::uint64_t bits = 0;
    unsigned count = 0;
    std::size_t size = 0;  // bytes in block_
  };

  void put_code(std::uint32_t code, Bits& to, Buffer& out);
  void put_block(std::size_t size, Bits& to, Buffer& out);
  void clear();
  std::uint32_t place_of(std::uint32_t string, std::uint32_t index) const;
  void put_and_learn(std::uint32_t string, std::uint32_t index, std::uint32_t place, Bits& to, Buffer& out);
  std::uint32_t add_run(std::uint32_t index, std::size_t length, Bits& to, Buffer& out);

  std::unique_ptr<std::uint32_t[]>
      table_;  // (string << 8 | index) << 12 | code of the longer string, or kNone
  // For each index the codes of the strings that are 2, 3, 4, ... times that index alone, and the last of
  // them, or the index where there are none.
  std::array<std::vector<std::uint16_t>, 256> runs_;
  std::array<std::uint16_t, 256> longest_run_{};
  std::uint32_t clear_code_ = 0;
  std::uint32_t next_code_ = 0;
  unsigned code_bits_ = 0;
  std::uint32_t string_ = kNone;  // code of the string that is being matched
  Bits bits_;
  std::uint8_t block_[kBlockSize + 8] = {};
};

}  // namespace tickertape
