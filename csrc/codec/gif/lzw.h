// GIF's LZW with codes of variable length (GIF89a specification, appendix F). L1; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace tickertape {

// Encodes palette indices as the sub-blocks of one GIF image. One encoder can write many images in sequence.
// For each: begin(), any number of add(), end(). Not thread-safe.
class LzwEncoder {
 public:
  LzwEncoder();

  // Starts an image with indices below 2^index_bits (2..8) and writes the minimum code size.
  void begin(unsigned index_bits, Buffer& out);
  void add(Bytes indices, Buffer& out);
  // Writes the remaining codes and the empty sub-block that ends the image.
  void end(Buffer& out);

 private:
  static constexpr unsigned kMaxCodeBits = 12;  // appendix F
  static constexpr std::uint32_t kMaxCodes = 1U << kMaxCodeBits;
  static constexpr unsigned kTableBits = 14;      // four places for each code, so that searches are short
  static constexpr std::uint32_t kNone = ~0U;     // a free place in the table; no string yet
  static constexpr std::size_t kBlockSize = 255;  // section 15: data sub-blocks

  // Bits of one image that are not in a sub-block yet. add() keeps a copy in registers.
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

  // (string << 8 | index) << 12 | code of the string with `index` appended; or kNone.
  std::unique_ptr<std::uint32_t[]> table_;
  // For each index: the codes of the strings that repeat it 2, 3, 4, ... times, and the code of the longest
  // one (the index itself if there is none).
  std::array<std::vector<std::uint16_t>, 256> runs_;
  std::array<std::uint16_t, 256> longest_run_{};
  std::uint32_t clear_code_ = 0;
  std::uint32_t next_code_ = 0;
  unsigned code_bits_ = 0;
  std::uint32_t string_ = kNone;  // code of the string that is matched so far
  Bits bits_;
  std::uint8_t block_[kBlockSize + 8] = {};
};

}  // namespace tickertape
