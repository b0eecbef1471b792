// The loop that writes a block's tokens as codes: one source, compiled for each instruction set. L1, private
// to deflate*.cc.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endian.h"
#include "codec/image/deflate.h"

namespace tickertape::deflate_impl {

inline constexpr std::size_t kLiteralSymbols = 286;  // RFC 1951, section 3.2.6
inline constexpr std::size_t kDistanceSymbols = 30;
inline constexpr unsigned kEndOfBlock = 256;
inline constexpr unsigned kFirstLength = 257;

// 64 bits hold four codes of this length and 7 pending bits, and also a length code, its 5 extra bits, a
// distance code of 15 bits and its 13 extra bits. No difference in size to a limit of 15 was measurable.
inline constexpr unsigned kMaxLiteralBits = 14;
inline constexpr unsigned kMaxDistanceBits = 15;

struct BitWriter {
  std::uint8_t* at;
  std::uint64_t bits;
  unsigned count;

  // Appends `width` bits; at most 56 between two calls of flush().
  void put(std::uint64_t value, unsigned width) {
    bits |= value << count;
    count += width;
  }
  // Writes the complete bytes. May write up to 8 bytes.
  void flush() {
    store_le(at, bits);
    at += count >> 3;
    bits >>= count & ~7U;
    count &= 7;
  }
};

// The codes of one alphabet. The first bit of a code is its lowest bit.
template <std::size_t size>
struct CodeTable {
  std::array<std::uint16_t, size> codes;
  std::array<std::uint8_t, size> lengths;
};

struct BlockCodes {
  CodeTable<kLiteralSymbols> literals;
  CodeTable<kDistanceSymbols> distances;
};

// A length or distance as deflate encodes it: a symbol, then `extra_bits` bits of `extra`.
struct Spelling {
  unsigned symbol, extra_bits, extra;
};

// Both alphabets have the same structure (RFC 1951, section 3.2.5): 2^s symbols for each doubling, the rest
// are extra bits. There are no branches here or below, because tokens are hard to predict.
template <unsigned s>
constexpr Spelling spell(unsigned value) {
  const unsigned extra_bits = static_cast<unsigned>(std::bit_width(value | ((2U << s) - 1))) - 1 - s;
  return {(extra_bits << s) + (value >> extra_bits), extra_bits, value & ((1U << extra_bits) - 1)};
}

struct LengthSpelling {
  std::uint16_t symbol;
  std::uint8_t extra_bits, extra;
};

constexpr std::array<LengthSpelling, kMaxMatch + 1> make_length_spellings() {
  std::array<LengthSpelling, kMaxMatch + 1> table{};
  for (unsigned length = 3; length < kMaxMatch; ++length) {
    const Spelling spelling = spell<2>(length - 3);
    table[length] = {static_cast<std::uint16_t>(spelling.symbol + kFirstLength),
                     static_cast<std::uint8_t>(spelling.extra_bits),
                     static_cast<std::uint8_t>(spelling.extra)};
  }
  table[kMaxMatch] = {285, 0, 0};  // the exception: it has its own symbol
  return table;
}

inline constexpr auto kLengthSpellings = make_length_spellings();

constexpr Spelling spell_distance(unsigned distance) { return spell<1>(distance - 1); }

// The limits of a deflate match (RFC 1951, section 3.2.5).
inline constexpr unsigned kMinMatch = 3;
inline constexpr unsigned kLongest = kMaxMatch;

struct Bits {
  std::uint64_t value;
  unsigned width;
};

inline Bits match_bits(const BlockCodes& codes, unsigned length, unsigned distance) {
  const LengthSpelling l = kLengthSpellings[length];
  const Spelling d = spell_distance(distance);
  std::uint64_t value = codes.literals.codes[l.symbol];
  unsigned width = codes.literals.lengths[l.symbol];
  value |= std::uint64_t{l.extra} << width;
  width += l.extra_bits;
  value |= std::uint64_t{codes.distances.codes[d.symbol]} << width;
  width += codes.distances.lengths[d.symbol];
  value |= std::uint64_t{d.extra} << width;
  return {value, width + d.extra_bits};
}

inline void put_match(const BlockCodes& codes, const Token& token, BitWriter& out) {
  unsigned length = token.length;
  if (length > kLongest) {
    const Bits bits = match_bits(codes, kLongest, token.distance);
    for (; length >= kLongest + kMinMatch; length -= kLongest) {
      out.put(bits.value, bits.width);
      out.flush();
    }
    if (length > kLongest) {
      const Bits most = match_bits(codes, length - kMinMatch, token.distance);
      out.put(most.value, most.width);
      out.flush();
      length = kMinMatch;
    }
  }
  const Bits bits = match_bits(codes, length, token.distance);
  out.put(bits.value, bits.width);
  out.flush();
}

// `Target` only names the instruction set, so that each file instantiates its own function.
template <typename Target>
BitWriter emit_tokens(const std::uint8_t* from, std::span<const Token> tokens, const BlockCodes& codes,
                      BitWriter out) {
  const auto* literal_codes = codes.literals.codes.data();
  const auto* literal_lengths = codes.literals.lengths.data();
  for (const Token& token : tokens) {
    const std::uint8_t* const literals_end = from + token.literals;
    for (; literals_end - from >= 4; from += 4) {
      // Combine two pairs first, because their shifts are independent.
      const std::uint64_t low = literal_codes[from[0]] | std::uint64_t{literal_codes[from[1]]}
                                                             << literal_lengths[from[0]];
      const unsigned low_width = literal_lengths[from[0]] + unsigned{literal_lengths[from[1]]};
      const std::uint64_t high = literal_codes[from[2]] | std::uint64_t{literal_codes[from[3]]}
                                                              << literal_lengths[from[2]];
      const unsigned high_width = literal_lengths[from[2]] + unsigned{literal_lengths[from[3]]};
      out.put(low | high << low_width, low_width + high_width);
      out.flush();
    }
    // The last zero to three literals. Missing ones are written with 0 bits.
    const auto left = static_cast<std::size_t>(literals_end - from);
    for (std::size_t i = 0; i < 3; ++i) {
      const unsigned there = i < left ? ~0U : 0;
      out.put(literal_codes[from[i]] & there, literal_lengths[from[i]] & there);
    }
    from = literals_end;
    out.flush();
    if (token.length != 0) put_match(codes, token, out);
    from += token.length;
  }
  out.put(literal_codes[kEndOfBlock], literal_lengths[kEndOfBlock]);
  out.flush();
  return out;
}

#if defined(__x86_64__)
// BMI2 shifts by any register and does not set flags, which makes this loop three times as fast.
BitWriter emit_tokens_avx2(const std::uint8_t* from, std::span<const Token> tokens, const BlockCodes& codes,
                           BitWriter out);
#endif

}  // namespace tickertape::deflate_impl
