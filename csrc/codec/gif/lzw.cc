// LZW with a hash table of known strings, which is cleared when all 4,096 codes are used. L1; part of the GIF
// encoder. Runs of one index, which are common in flat pictures, cost one step for each code instead of one
// for each pixel.
#include "codec/gif/lzw.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/endian.h"

namespace tickertape {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t kEachByte = 0x0101010101010101U;

// The number of elements from `at` on, before `end`, that equal `index`.
std::size_t run_length(const std::uint8_t* at, const std::uint8_t* end, std::uint32_t index) {
  const std::uint8_t* const start = at;
  const std::uint64_t all = index * kEachByte;
  for (; end - at >= std::ptrdiff_t{kWord}; at += kWord) {
    const std::uint64_t different = load_le<std::uint64_t>(at) ^ all;
    if (different != 0)
      return static_cast<std::size_t>(at - start) + static_cast<unsigned>(std::countr_zero(different)) / 8U;
  }
  while (at < end && *at == index) ++at;
  return static_cast<std::size_t>(at - start);
}

}  // namespace

LzwEncoder::LzwEncoder() : table_(new std::uint32_t[std::size_t{1} << kTableBits]) {}

void LzwEncoder::clear() {
  std::fill_n(table_.get(), std::size_t{1} << kTableBits, kNone);
  for (auto& codes : runs_) codes.clear();
  std::iota(longest_run_.begin(), longest_run_.end(), std::uint16_t{0});
  next_code_ = clear_code_ + 2;  // clear_code_ + 1 is the end code
  code_bits_ = static_cast<unsigned>(std::bit_width(clear_code_));
}

void LzwEncoder::begin(unsigned index_bits, Buffer& out) {
  out.push_back(static_cast<std::uint8_t>(index_bits));
  clear_code_ = 1U << index_bits;
  string_ = kNone;
  clear();
  put_code(clear_code_, bits_, out);
}

// The table place of `string` followed by `index`, or the free place where it would be inserted.
inline std::uint32_t LzwEncoder::place_of(std::uint32_t string, std::uint32_t index) const {
  constexpr std::uint32_t kMask = (1U << kTableBits) - 1;
  // The product spreads the indices over the table and can be computed before `string` is known. Its factor
  // is 2^12 divided by the golden ratio, which maps neighbouring indices to distant places.
  std::uint32_t place = ((string << (kTableBits - kMaxCodeBits)) ^ (index * 0x9E5U)) & kMask;
  const std::uint32_t* const table = table_.get();
  const std::uint32_t longer = string << 8 | index;
  while (table[place] != kNone && table[place] >> kMaxCodeBits != longer) place = (place + 1) & kMask;
  return place;
}

void LzwEncoder::add(Bytes indices, Buffer& out) {
  const std::uint8_t* at = indices.data();
  const std::uint8_t* const end = at + indices.size();
  if (at == end) return;
  Bits bits = bits_;
  std::uint32_t string = string_ == kNone ? *at++ : string_;

  while (at < end) {
    const std::uint32_t index = *at++;
    const std::uint32_t place = place_of(string, index);
    const std::uint32_t entry = table_[place];
    if (entry != kNone) {
      string = entry & (kMaxCodes - 1);
      continue;
    }
    put_and_learn(string, index, place, bits, out);
    string = index;
    if (end - at < std::ptrdiff_t{kWord} || load_le<std::uint64_t>(at) != index * kEachByte) continue;
    const std::size_t more = run_length(at, end, index);
    at += more;
    string = add_run(index, 1 + more, bits, out);
  }
  string_ = string;
  bits_ = bits;
}

// Writes the code of `string` and assigns a code to `string` followed by `index`, at `place` in the table.
inline void LzwEncoder::put_and_learn(std::uint32_t string, std::uint32_t index, std::uint32_t place,
                                      Bits& to, Buffer& out) {
  put_code(string, to, out);
  if (next_code_ == kMaxCodes) {
    put_code(clear_code_, to, out);
    clear();
    return;
  }
  table_[place] = (string << 8 | index) << kMaxCodeBits | next_code_;
  if (string == longest_run_[index]) {
    longest_run_[index] = static_cast<std::uint16_t>(next_code_);
    runs_[index].push_back(longest_run_[index]);
  }
  // The decoder learns each new string one code later. So codes get longer only after the first code that
  // needs more bits has been assigned.
  if (next_code_ == 1U << code_bits_) ++code_bits_;
  ++next_code_;
}

// Adds `length` times `index`, starting with no partial match. Returns the string that is matched at the end.
std::uint32_t LzwEncoder::add_run(std::uint32_t index, std::size_t length, Bits& to, Buffer& out) {
  const auto& codes = runs_[index];
  // Each step writes the longest known run, which makes the run that is one longer known.
  while (length > 1 + codes.size()) {
    const std::size_t longest = 1 + codes.size();
    const std::uint32_t string = longest_run_[index];
    put_and_learn(string, index, place_of(string, index), to, out);
    length -= longest;
  }
  return length == 1 ? index : codes[length - 2];
}

void LzwEncoder::end(Buffer& out) {
  if (string_ != kNone) {
    put_code(string_, bits_, out);
    // The decoder also adds a string for that code and may expect the next code to be longer.
    if (next_code_ == 1U << code_bits_ && code_bits_ < kMaxCodeBits) ++code_bits_;
  }
  put_code(clear_code_ + 1, bits_, out);
  while (bits_.count > 0) {
    block_[bits_.size++] = static_cast<std::uint8_t>(bits_.bits);
    bits_.bits >>= 8;
    bits_.count -= std::min(bits_.count, 8U);
  }
  if (bits_.size > kBlockSize) put_block(kBlockSize, bits_, out);
  if (bits_.size > 0) put_block(bits_.size, bits_, out);
  out.push_back(0);
}

inline void LzwEncoder::put_code(std::uint32_t code, Bits& to, Buffer& out) {
  to.bits |= std::uint64_t{code} << to.count;
  to.count += code_bits_;
  // Stores all eight bytes. Only the first count / 8 are complete; the next store overwrites the others.
  store_le(block_ + to.size, to.bits);
  to.size += to.count / 8;
  to.bits >>= to.count & ~7U;
  to.count &= 7;
  if (to.size >= kBlockSize) put_block(kBlockSize, to, out);
}

void LzwEncoder::put_block(std::size_t size, Bits& to, Buffer& out) {
  out.push_back(static_cast<std::uint8_t>(size));
  out.append({block_, size});
  std::copy(block_ + size, block_ + to.size, block_);
  to.size -= size;
}

}  // namespace tickertape
