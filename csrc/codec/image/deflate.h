// Deflate's blocks (RFC 1951): tokens in, bits out, by whichever of the three block types is smallest. L1.
// Knows nothing of PNG and does not look for matches: a MatchFinder does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace tickertape {

// RFC 1951, section 3.2.5.
inline constexpr std::size_t kMaxMatch = 258;
inline constexpr std::size_t kMaxDistance = 32768;

// The most that fits in Token's 16 bits and in whole matches.
inline constexpr std::size_t kMaxTokenMatch = 65535 / kMaxMatch * kMaxMatch;

// `literals` bytes as they are, then `length` bytes (3..kMaxTokenMatch) that stand `distance` back
// (1..32768), in as many of deflate's matches as it takes; a length of 0 ends a block whose last bytes are
// literals.
struct Token {
  std::uint32_t literals;
  std::uint16_t length;
  std::uint16_t distance;
};

// The most bytes that one block may stand for; Huffman's counts depend on it.
inline constexpr std::size_t kMaxBlockBytes = 1U << 20;

// Writes one deflate stream, block by block, and keeps the bits that do not fill a byte. Not thread-safe.
class DeflateWriter {
 public:
  // Appends the block that stands for `bytes` (at most kMaxBlockBytes), which `tokens` cover exactly, to
  // `out`: whole bytes only, unless it is the `last`. Never adds more than 5 bytes for each 65,535, and 6
  // more. May read 8 bytes behind `bytes`.
  void write_block(Bytes bytes, std::span<const Token> tokens, bool last, Buffer& out);

  // Appends an empty stored block, 4 or 5 bytes: what follows starts at a byte and may come from another
  // writer.
  void align(Buffer& out);

 private:
  std::uint64_t bits_ = 0;  // written lowest bit first
  unsigned bit_count_ = 0;  // below 8 between blocks
};

}  // namespace tickertape
