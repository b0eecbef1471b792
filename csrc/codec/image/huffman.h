// Length-limited canonical prefix codes, as deflate wants them (RFC 1951, section 3.2.2). L1; pure.
#pragma once

#include <cstdint>
#include <span>

namespace tickertape {

// The largest alphabet of deflate: literals, end of block and lengths.
inline constexpr std::size_t kMaxHuffmanSymbols = 288;

// Sets lengths[s], the bits that symbol s gets when it occurs counts[s] times: at most `limit` (1..15) bits
// each, 0 where the count is 0. The code is always complete: where fewer than two symbols occur, unused ones
// join them. The sum of the counts must stay below 2^23, and `limit` bits must be enough for the symbols that
// occur.
void huffman_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths);

// Sets codes[s] to the canonical code of each symbol, its first bit lowest: ready to be or'ed into a bit
// buffer.
void huffman_codes(std::span<const std::uint8_t> lengths, std::span<std::uint16_t> codes);

}  // namespace tickertape
