// Huffman's algorithm over sorted leaves, then a repair where codes got too long. L1: deflate's block
// headers.
#include "codec/huffman.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tickertape {
namespace {

constexpr unsigned kMaxBits = 15;  // RFC 1951, section 3.2.7
// A symbol and its count share one word, so that one sort orders by count, then symbol: 9 bits hold 288
// symbols.
constexpr unsigned kSymbolBits = 9;
constexpr std::uint32_t kSymbolMask = (1U << kSymbolBits) - 1;

using Leaves = std::array<std::uint32_t, kMaxHuffmanSymbols>;
using LengthCounts = std::array<std::uint32_t, kMaxBits + 1>;

// The symbols that occur, rarest first; at least two, because a code of one symbol is not complete.
std::size_t sort_leaves(std::span<const std::uint32_t> counts, Leaves& leaves) {
  std::size_t used = 0;
  for (std::size_t symbol = 0; symbol < counts.size(); ++symbol) {
    if (counts[symbol] != 0) {
      leaves[used++] = counts[symbol] << kSymbolBits | static_cast<std::uint32_t>(symbol);
    }
  }
  for (std::uint32_t symbol = 0; used < 2; ++symbol) {
    if (counts[symbol] == 0) leaves[used++] = symbol;
  }
  std::sort(leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(used));
  return used;
}

// How many leaves Huffman's tree has at each depth; what lies deeper than `limit` counts as `limit`.
LengthCounts tree_depths(std::span<const std::uint32_t> leaves, unsigned limit) {
  const std::size_t inner_count = leaves.size() - 1;
  std::array<std::uint32_t, kMaxHuffmanSymbols> weights;  // of inner nodes, which come out in ascending order
  std::array<std::uint16_t, kMaxHuffmanSymbols> leaf_parents;
  std::array<std::uint16_t, kMaxHuffmanSymbols> inner_parents;
  std::size_t leaf = 0;
  std::size_t inner = 0;
  for (std::size_t node = 0; node < inner_count; ++node) {
    std::uint32_t weight = 0;
    for (int child = 0; child < 2; ++child) {
      const bool take_leaf =
          leaf < leaves.size() && (inner == node || leaves[leaf] >> kSymbolBits <= weights[inner]);
      if (take_leaf) {
        weight += leaves[leaf] >> kSymbolBits;
        leaf_parents[leaf++] = static_cast<std::uint16_t>(node);
      } else {
        weight += weights[inner];
        inner_parents[inner++] = static_cast<std::uint16_t>(node);
      }
    }
    weights[node] = weight;
  }

  LengthCounts depths{};
  std::array<std::uint16_t, kMaxHuffmanSymbols> inner_depths;
  inner_depths[inner_count - 1] = 0;
  for (std::size_t node = inner_count - 1; node-- > 0;) {
    inner_depths[node] = static_cast<std::uint16_t>(inner_depths[inner_parents[node]] + 1);
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    ++depths[std::min<unsigned>(inner_depths[leaf_parents[i]] + 1U, limit)];
  }
  return depths;
}

// Makes room for the leaves that were lifted to `limit`: while the code has more words than bits allow
// (Kraft's sum above 1), the deepest leaf above the limit goes one down and takes one of the lifted leaves
// beside it.
void repair(LengthCounts& depths, unsigned limit) {
  std::uint32_t kraft = 0;  // in units of 2^-limit
  for (unsigned length = 1; length <= limit; ++length) kraft += depths[length] << (limit - length);
  for (; kraft > 1U << limit; --kraft) {
    unsigned length = limit - 1;
    while (depths[length] == 0) --length;
    --depths[length];
    depths[length + 1] += 2;
    --depths[limit];
  }
}

// The lowest `length` bits of `code` (1..16), back to front.
std::uint16_t reverse_bits(std::uint32_t code, unsigned length) {
  code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
  code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
  code = (code & 0x0F0F) << 4 | (code >> 4 & 0x0F0F);
  code = (code & 0x00FF) << 8 | (code >> 8 & 0x00FF);
  return static_cast<std::uint16_t>(code >> (16 - length));
}

}  // namespace

void huffman_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths) {
  Leaves leaves;
  const std::size_t used = sort_leaves(counts, leaves);
  LengthCounts depths = tree_depths({leaves.data(), used}, limit);
  repair(depths, limit);
  std::fill(lengths.begin(), lengths.end(), std::uint8_t{0});
  std::size_t leaf = used;
  for (unsigned length = 1; length <= limit; ++length) {
    for (std::uint32_t i = 0; i < depths[length]; ++i) {
      lengths[leaves[--leaf] & kSymbolMask] = static_cast<std::uint8_t>(length);
    }
  }
}

void huffman_codes(std::span<const std::uint8_t> lengths, std::span<std::uint16_t> codes) {
  LengthCounts counts{};
  for (const std::uint8_t length : lengths) ++counts[length];
  counts[0] = 0;
  std::array<std::uint32_t, kMaxBits + 1> next{};
  for (unsigned length = 1; length <= kMaxBits; ++length) {
    next[length] = (next[length - 1] + counts[length - 1]) << 1;
  }
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned length = lengths[symbol];
    codes[symbol] = length == 0 ? std::uint16_t{0} : reverse_bits(next[length]++, length);
  }
}

}  // namespace tickertape
