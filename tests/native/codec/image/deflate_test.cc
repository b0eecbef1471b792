// Prefix codes against an optimal algorithm, blocks of every type read back, and the match finder's tokens
// expanded again.
#include "codec/image/deflate.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <random>
#include <vector>

#include "base/cpu.h"
#include "check.h"
#include "codec/image/deflate_emit.h"
#include "codec/image/huffman.h"
#include "codec/image/inflate.h"
#include "codec/image/match_finder.h"

using namespace tickertape;

namespace {

std::mt19937& random_bits() {
  static std::mt19937 random(5);
  return random;
}

std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_bits()() % below); }

// The number of bits of an optimal prefix code of at most `limit` bits: package-merge (Larmore and
// Hirschberg, 1990).
std::uint64_t optimal_bits(const std::vector<std::uint32_t>& counts, unsigned limit) {
  std::vector<std::uint64_t> leaves;
  for (const std::uint32_t count : counts) {
    if (count != 0) leaves.push_back(count);
  }
  std::sort(leaves.begin(), leaves.end());
  std::vector<std::uint64_t> packages = leaves;
  for (unsigned level = 1; level < limit; ++level) {
    std::vector<std::uint64_t> next = leaves;
    for (std::size_t i = 0; i + 1 < packages.size(); i += 2) next.push_back(packages[i] + packages[i + 1]);
    std::sort(next.begin(), next.end());
    packages = next;
  }
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 2 * leaves.size() - 2; ++i) bits += packages[i];
  return bits;
}

// Checks that the code is complete, within the limit, and covers every symbol that occurs. Returns its total
// number of bits.
std::uint64_t checked_bits(const std::vector<std::uint32_t>& counts, unsigned limit) {
  std::vector<std::uint8_t> lengths(counts.size());
  huffman_lengths(counts, limit, lengths);
  std::uint64_t kraft = 0, bits = 0;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    CHECK(lengths[s] <= limit);
    CHECK(counts[s] == 0 || lengths[s] != 0);
    if (lengths[s] != 0) kraft += std::uint64_t{1} << (limit - lengths[s]);
    bits += std::uint64_t{counts[s]} * lengths[s];
  }
  CHECK_EQ(kraft, std::uint64_t{1} << limit);
  return bits;
}

std::vector<std::uint8_t> noise(std::size_t size, std::uint32_t symbols) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(draw(symbols));
  return bytes;
}

// Compresses `bytes` in blocks of `block_size` with the match finder, reads them back and compares. The
// memory ends with the slack that the finder and the writer may read. Returns the compressed size.
std::size_t check_stream(const std::vector<std::uint8_t>& bytes, std::size_t block_size) {
  std::vector<std::uint8_t> window(bytes);
  window.resize(bytes.size() + kMatchSlack, 0xAA);
  MatchFinder finder;
  DeflateWriter writer;
  Buffer out;
  std::vector<Token> tokens;
  for (std::size_t begin = 0; begin < bytes.size() || begin == 0; begin += block_size) {
    const std::size_t end = std::min(bytes.size(), begin + block_size);
    tokens.clear();
    finder.find(window.data(), begin, end, 0, tokens);
    std::size_t covered = 0;
    for (const Token& token : tokens) covered += token.literals + token.length;
    CHECK_EQ(covered, end - begin);
    writer.write_block({window.data() + begin, end - begin}, tokens, end == bytes.size(), out);
    if (bytes.empty()) break;
  }
  std::size_t used = 0;
  CHECK(test::inflate(out.bytes(), used) == bytes);
  CHECK_EQ(used, out.size());
  return out.size();
}

}  // namespace

TEST_ON_EVERY_CPU(codes_are_optimal_if_the_limit_allows) {
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint32_t> counts(2 + draw(284));
    for (std::uint32_t& count : counts) count = draw(3) == 0 ? 0 : 1 + draw(100);
    counts[0] = counts[1] = 1;
    CHECK_EQ(checked_bits(counts, 15), optimal_bits(counts, 15));
  }
}

// Fibonacci numbers as counts produce the deepest trees.
TEST_ON_EVERY_CPU(deep_codes_are_cut_to_the_limit) {
  std::vector<std::uint32_t> counts = {1, 1};
  while (counts.size() < 30) counts.push_back(counts[counts.size() - 1] + counts[counts.size() - 2]);
  for (unsigned limit = 5; limit <= 15; ++limit) {
    const std::uint64_t bits = checked_bits(counts, limit), best = optimal_bits(counts, limit);
    CHECK(bits >= best);
    CHECK(bits <= best + best / 5);
    std::reverse(counts.begin(), counts.end());
  }
}

TEST_ON_EVERY_CPU(codes_of_few_symbols_are_complete) {
  checked_bits({0, 0, 0}, 7);
  checked_bits({0, 9, 0}, 7);
  checked_bits({5, 0, 0}, 7);
  checked_bits({1, 1}, 1);
  checked_bits(std::vector<std::uint32_t>(286, 7), 14);
}

TEST_ON_EVERY_CPU(codes_are_canonical) {
  const std::vector<std::uint8_t> lengths = {3, 3, 3, 3,
                                             3, 2, 4, 4};  // the example of RFC 1951, section 3.2.2
  const std::vector<unsigned> codes = {0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111};
  std::vector<std::uint16_t> reversed(lengths.size());
  huffman_codes(lengths, reversed);
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    unsigned code = 0;
    for (unsigned bit = 0; bit < lengths[s]; ++bit) code = code << 1 | (reversed[s] >> bit & 1U);
    CHECK_EQ(code, codes[s]);
  }
}

// RFC 1951, section 3.2.5: the first length and distance of each symbol.
TEST(lengths_and_distances_are_encoded_as_in_the_rfc) {
  using namespace deflate_impl;
  const std::vector<unsigned> lengths = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  const std::vector<unsigned> distances = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                           33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                           1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  for (unsigned length = 3; length <= kMaxMatch; ++length) {
    const LengthSpelling spelling = kLengthSpellings[length];
    CHECK_EQ(lengths[spelling.symbol - kFirstLength] + spelling.extra, length);
    CHECK(length == 258 || spelling.symbol == 284 || length < lengths[spelling.symbol - kFirstLength + 1]);
    CHECK(spelling.extra < 1U << spelling.extra_bits);
  }
  for (unsigned distance = 1; distance <= kMaxDistance; ++distance) {
    const Spelling spelling = spell_distance(distance);
    CHECK_EQ(distances[spelling.symbol] + spelling.extra, distance);
    CHECK(spelling.symbol == 29 || distance < distances[spelling.symbol + 1]);
    CHECK(spelling.extra < 1U << spelling.extra_bits);
  }
}

// Noise is stored, short texts use the fixed code, the rest a dynamic one. One stream contains all three.
TEST_ON_EVERY_CPU(streams_read_back) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 7U, 8U, 9U, 100U, 5000U, 70000U, 200000U}) {
    for (const std::uint32_t symbols : {1U, 2U, 3U, 20U, 256U}) {
      const std::size_t plain = check_stream(noise(size, symbols), 65536);
      CHECK(plain <= size + 5 * (size / 65535 + 4) + 6);
      CHECK_EQ(check_stream(noise(size, symbols), 50000) == 0, false);
    }
  }
  std::vector<std::uint8_t> mixed = noise(3000, 256);
  mixed.resize(9000, 7);
  const std::vector<std::uint8_t> more = noise(3000, 5);
  mixed.insert(mixed.end(), more.begin(), more.end());
  for (const std::size_t block : {1U, 10U, 999U, 3000U, 100000U}) check_stream(mixed, block);
}

// Distances up to deflate's maximum, and strings that repeat just beyond it.
TEST_ON_EVERY_CPU(far_matches) {
  const std::vector<std::uint8_t> once = noise(900, 256);
  for (const std::size_t distance : {900U, 5000U, 32767U, 32768U, 32769U, 40000U}) {
    std::vector<std::uint8_t> bytes = once;
    bytes.resize(distance, 1);
    bytes.insert(bytes.end(), once.begin(), once.end());
    const std::size_t size = check_stream(bytes, 1 << 20);
    CHECK_EQ(size < 1500, distance <= 32768);
  }
}

// Runs of every length at every position of a vector.
TEST(runs_of_every_length) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (const std::size_t run :
         {1U, 7U, 8U, 9U, 31U, 32U, 33U, 257U, 258U, 259U, 260U, 261U, 262U, 517U, 1000U}) {
      std::vector<std::uint8_t> bytes = noise(before, 256);
      bytes.insert(bytes.end(), run, 3);
      const std::vector<std::uint8_t> after = noise(before / 2, 256);
      bytes.insert(bytes.end(), after.begin(), after.end());
      SAME_ON_EVERY_CPU([&] { return check_stream(bytes, 1 << 20); }, std::equal_to<>());
    }
  }
}

// A long match of a token becomes several deflate matches, none shorter than three bytes.
TEST(matches_of_every_length) {
  for (std::size_t length = 3; length <= kMaxTokenMatch; length += length < 1100 ? 1 : 1009) {
    for (const std::size_t distance : {1U, 5U}) {
      std::vector<std::uint8_t> bytes = noise(5, 256);
      const std::size_t whole = length + kMaxTokenMatch;
      for (std::size_t i = 0; i < whole; ++i) bytes.push_back(bytes[bytes.size() - distance]);
      std::vector<std::uint8_t> window(bytes);
      window.resize(bytes.size() + kMatchSlack);
      const auto back = static_cast<std::uint16_t>(distance);
      const Token tokens[] = {{5, static_cast<std::uint16_t>(length), back},
                              {0, static_cast<std::uint16_t>(kMaxTokenMatch), back}};
      DeflateWriter writer;
      Buffer out;
      writer.write_block({window.data(), bytes.size()}, tokens, true, out);
      std::size_t used = 0;
      CHECK(test::inflate(out.bytes(), used) == bytes);
      CHECK_EQ(used, out.size());
    }
  }
  for (const std::size_t more : {0U, 1U, 2U, 3U}) {
    check_stream(std::vector<std::uint8_t>(1 + 2 * kMaxTokenMatch + more, 4), 1 << 20);
  }
}

// A large block counts only 4 of 32 literals. Here those are small numbers, half of them 0, and the others
// are noise of bytes that no sample has: they would take 14 bits each, so the block is stored. The blocks
// around it start and end inside a byte.
TEST_ON_EVERY_CPU(samples_that_mislead) {
  constexpr std::uint32_t kSize = 100000;
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t i = 0; i < kSize; ++i) {
    const std::uint32_t small = static_cast<std::uint32_t>(std::countr_zero(draw(1 << 15) | 1U << 15));
    bytes.push_back(static_cast<std::uint8_t>(i % 32 < 4 ? small : 16 + draw(240)));
  }
  std::vector<std::uint8_t> window = {1, 2, 3};
  window.insert(window.end(), bytes.begin(), bytes.end());
  window.insert(window.end(), {4, 5});
  const std::vector<std::uint8_t> all = window;
  window.resize(all.size() + kMatchSlack);
  DeflateWriter writer;
  Buffer out;
  const Token few[] = {{3, 0, 0}}, many[] = {{kSize, 0, 0}}, rest[] = {{2, 0, 0}};
  writer.write_block({window.data(), 3}, few, false, out);
  writer.write_block({window.data() + 3, kSize}, many, false, out);
  writer.write_block({window.data() + 3 + kSize, 2}, rest, true, out);
  std::size_t used = 0;
  CHECK(test::inflate(out.bytes(), used) == all);
  CHECK_EQ(used, out.size());
  CHECK(out.size() <= all.size() + 3 * 6 + 5);
}

TEST(implementations_agree) {
#if defined(__x86_64__)
  if (!has_cpu_feature(CpuFeature::kAvx2)) return;
  using namespace match_impl;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::uint8_t> bytes = noise(1 + draw(300) + kMatchSlack, 2);
    for (std::uint32_t i = draw(200); i < bytes.size(); i += 1 + draw(30)) bytes[i] = 9;
    const std::size_t end = bytes.size() - kMatchSlack;
    const std::size_t from = 1 + draw(static_cast<std::uint32_t>(end));
    CHECK(find_run_portable(bytes.data(), from, end) == find_run_avx2(bytes.data(), from, end));
    const std::size_t distance = 1 + draw(static_cast<std::uint32_t>(from));
    if (round % 2 != 0) {  // a match of any length
      const std::size_t match_end = std::min(end, from + draw(200));
      for (std::size_t i = from; i < match_end; ++i) bytes[i] = bytes[i - distance];
    }
    CHECK_EQ(match_length_portable(bytes.data(), from, distance, end),
             match_length_avx2(bytes.data(), from, distance, end));
  }
#endif
}

TEST_MAIN()
