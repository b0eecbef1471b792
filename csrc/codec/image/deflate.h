// Writes tokens as deflate blocks (RFC 1951), each with the smallest of the three block types. L1. Part of
// the PNG encoder, but knows nothing of PNG. MatchFinder makes the tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace tickertape {

// RFC 1951, section 3.2.5.
inline constexpr std::size_t kMaxMatch = 258;
inline constexpr std::size_t kMaxDistance = 32768;

// The longest match of a Token: as many whole deflate matches as fit in 16 bits.
inline constexpr std::size_t kMaxTokenMatch = 65535 / kMaxMatch * kMaxMatch;

// `literals` bytes as they are, then a match: `length` bytes (3..kMaxTokenMatch) that repeat those `distance`
// bytes (1..32768) before. The match is written as several deflate matches if necessary. A length of 0 means
// no match; only the last token of a block has it.
struct Token {
  std::uint32_t literals;
  std::uint16_t length;
  std::uint16_t distance;
};

// The most bytes that one block may encode. Keeps the sum of symbol counts below the limit of
// huffman_lengths().
inline constexpr std::size_t kMaxBlockBytes = 1U << 20;

// Writes one deflate stream block by block. Keeps the bits that do not fill a byte. Not thread-safe.
class DeflateWriter {
 public:
  // Appends a block that encodes `bytes` (at most kMaxBlockBytes) to `out`. `tokens` must cover `bytes`
  // exactly. Bits that do not fill a byte are kept, unless the block is the `last`. The block is at most 6
  // bytes, plus 5 for each 65,535, larger than `bytes`. May read 8 bytes past `bytes`.
  void write_block(Bytes bytes, std::span<const Token> tokens, bool last, Buffer& out);

  // Appends an empty stored block, 4 or 5 bytes. The next block then starts at a byte boundary and may come
  // from another writer.
  void align(Buffer& out);

 private:
  std::uint64_t bits_ = 0;  // written lowest bit first
  unsigned bit_count_ = 0;  // below 8 between blocks
};

}  // namespace tickertape
