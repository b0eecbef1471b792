// Canonical prefix codes with limited lengths, as deflate needs them (RFC 1951, section 3.2.2). L1; pure.
#pragma once

#include <cstdint>
#include <span>

namespace tickertape {

// The largest alphabet of deflate: literals, end of block and lengths.
inline constexpr std::size_t kMaxHuffmanSymbols = 288;

// Sets lengths[s] to the number of bits of the code of symbol s, which occurs counts[s] times: at most
// `limit` (1..15), 0 if the count is 0. The code is always complete: if fewer than two symbols occur, unused
// ones get a code as well. The sum of the counts must be below 2^23, and `limit` bits must be enough for the
// symbols that occur.
void huffman_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths);

// Sets codes[s] to the canonical code of each symbol. The first bit is the lowest, as a bit buffer needs it.
void huffman_codes(std::span<const std::uint8_t> lengths, std::span<std::uint16_t> codes);

}  // namespace tickertape
