// GIF's variable-length-code LZW (GIF89a specification, appendix F). L1; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

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
  static constexpr unsigned kMaxCodeBits = 12;    // appendix F
  static constexpr unsigned kTableBits = 14;      // four places for each code: short searches
  static constexpr std::uint32_t kNone = ~0U;     // no place in the table, no string yet
  static constexpr std::size_t kBlockSize = 255;  // section 15: data sub-blocks

  void put_code(std::uint32_t code, Buffer& out);
  void put_block(std::size_t size, Buffer& out);
  void clear();

  std::unique_ptr<std::uint32_t[]>
      table_;  // (string << 8 | index) << 12 | code of the longer string, or kNone
  std::uint32_t clear_code_ = 0;
  std::uint32_t next_code_ = 0;
  unsigned code_bits_ = 0;
  std::uint32_t string_ = kNone;  // code of the string that is being matched
  std::uint64_t bits_ = 0;
  unsigned bit_count_ = 0;
  std::uint8_t block_[kBlockSize + 8] = {};
  std::size_t block_size_ = 0;
};

}  // namespace tickertape
