// Huffman's algorithm over sorted leaves, then a repair if codes are too long. L1; deflate uses it for block
// headers.
#include "codec/image/huffman.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace tickertape {
namespace {

constexpr unsigned kMaxBits = 15;  // RFC 1951, section 3.2.7
// A symbol and its count share one word, so that one sort orders by count, then by symbol. 9 bits hold 288
// symbols.
constexpr unsigned kSymbolBits = 9;
constexpr std::uint32_t kSymbolMask = (1U << kSymbolBits) - 1;

using Leaves = std::array<std::uint32_t, kMaxHuffmanSymbols>;
using LengthCounts = std::array<std::uint32_t, kMaxBits + 1>;

// Sorts by count with a radix sort from the lowest digit; counts have at most `bits` bits. The symbols are
// ascending at the start, and equal counts keep their order. Digits are small, because most drawings use few
// symbols.
void sort_by_count(std::span<std::uint32_t> leaves, unsigned bits) {
  constexpr unsigned kDigitBits = 6;
  constexpr std::size_t kDigits = 1U << kDigitBits;
  Leaves other;
  for (unsigned shift = kSymbolBits; shift < kSymbolBits + bits; shift += kDigitBits) {
    std::array<std::uint32_t, kDigits + 1> places{};
    for (const std::uint32_t leaf : leaves) ++places[(leaf >> shift) % kDigits + 1];
    for (std::size_t digit = 1; digit < kDigits; ++digit) places[digit] += places[digit - 1];
    for (const std::uint32_t leaf : leaves) other[places[(leaf >> shift) % kDigits]++] = leaf;
    std::copy_n(other.begin(), leaves.size(), leaves.begin());
  }
}

// Collects the symbols that occur, rarest first. Adds unused ones if there are fewer than two, because a code
// of one symbol is not complete.
std::size_t sort_leaves(std::span<const std::uint32_t> counts, Leaves& leaves) {
  std::size_t used = 0;
  std::uint32_t all_bits = 0;
  for (std::size_t symbol = 0; symbol < counts.size(); ++symbol) {
    leaves[used] = counts[symbol] << kSymbolBits | static_cast<std::uint32_t>(symbol);
    used += counts[symbol] != 0 ? 1 : 0;
    all_bits |= counts[symbol];
  }
  for (std::uint32_t symbol = 0; used < 2; ++symbol) {
    if (counts[symbol] == 0) leaves[used++] = symbol;
  }
  sort_by_count({leaves.data(), used}, static_cast<unsigned>(std::bit_width(all_bits)));
  return used;
}

// The number of leaves at each depth of Huffman's tree. Leaves deeper than `limit` count as `limit`.
LengthCounts tree_depths(std::span<const std::uint32_t> leaves, unsigned limit) {
  constexpr std::uint32_t kNever = ~0U;
  const std::size_t inner_count = leaves.size() - 1;
  // Leaves are in ascending order, and inner nodes are created in ascending order. Both lists end with
  // kNever, so that the lightest front is found without a branch, which would be hard to predict.
  std::array<std::uint32_t, kMaxHuffmanSymbols + 1> leaf_weights;
  std::array<std::uint32_t, kMaxHuffmanSymbols + 1> inner_weights;
  std::array<std::uint16_t, 2 * kMaxHuffmanSymbols> parents;
  for (std::size_t i = 0; i < leaves.size(); ++i) leaf_weights[i] = leaves[i] >> kSymbolBits;
  leaf_weights[leaves.size()] = kNever;
  std::size_t leaf = 0;
  std::size_t inner = 0;
  for (std::size_t node = 0; node < inner_count; ++node) {
    inner_weights[node] = kNever;
    std::uint32_t weight = 0;
    for (int child = 0; child < 2; ++child) {
      const std::size_t take_leaf = leaf_weights[leaf] <= inner_weights[inner] ? 1 : 0;
      weight += std::min(leaf_weights[leaf], inner_weights[inner]);
      parents[take_leaf != 0 ? leaf : kMaxHuffmanSymbols + inner] = static_cast<std::uint16_t>(node);
      leaf += take_leaf;
      inner += 1 - take_leaf;
    }
    inner_weights[node] = weight;
  }

  LengthCounts depths{};
  std::array<std::uint16_t, kMaxHuffmanSymbols> inner_depths;
  inner_depths[inner_count - 1] = 0;
  for (std::size_t node = inner_count - 1; node-- > 0;) {
    inner_depths[node] = static_cast<std::uint16_t>(inner_depths[parents[kMaxHuffmanSymbols + node]] + 1);
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    ++depths[std::min<unsigned>(inner_depths[parents[i]] + 1U, limit)];
  }
  return depths;
}

// Makes the code valid again after leaves moved up to `limit`. While the code has more words than its bits
// allow (Kraft's sum above 1), the deepest leaf above the limit moves one level down and takes one of the
// moved leaves as its sibling.
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

// The lowest `length` bits of `code` (1..16), reversed.
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
