// LZW with a hash table of the known strings; the table starts over when its 4,096 codes are used. L1: GIF
// images.
#include "codec/lzw.h"

#include <algorithm>
#include <bit>

namespace tickertape {

LzwEncoder::LzwEncoder() : table_(new std::uint32_t[std::size_t{1} << kTableBits]) {}

void LzwEncoder::clear() {
  std::fill_n(table_.get(), std::size_t{1} << kTableBits, kNone);
  next_code_ = clear_code_ + 2;  // behind it stands the end code
  code_bits_ = static_cast<unsigned>(std::bit_width(clear_code_));
}

void LzwEncoder::begin(unsigned index_bits, Buffer& out) {
  out.push_back(static_cast<std::uint8_t>(index_bits));
  clear_code_ = 1U << index_bits;
  string_ = kNone;
  clear();
  put_code(clear_code_, out);
}

void LzwEncoder::add(Bytes indices, Buffer& out) {
  constexpr std::uint32_t kMask = (1U << kTableBits) - 1;
  for (const std::uint8_t index : indices) {
    if (string_ == kNone) {
      string_ = index;
      continue;
    }
    const std::uint32_t longer = string_ << 8 | index;
    // Fibonacci hashing: 2^32 divided by the golden ratio.
    std::uint32_t place = (longer * 0x9E3779B9U) >> (32 - kTableBits);
    while (table_[place] != kNone && table_[place] >> kMaxCodeBits != longer) place = (place + 1) & kMask;
    if (table_[place] != kNone) {
      string_ = table_[place] & ((1U << kMaxCodeBits) - 1);
      continue;
    }
    put_code(string_, out);
    string_ = index;
    if (next_code_ == 1U << kMaxCodeBits) {
      put_code(clear_code_, out);
      clear();
      continue;
    }
    table_[place] = longer << kMaxCodeBits | next_code_;
    // The decoder knows each new string one code later, so codes grow when the first longer one has been
    // given out.
    if (next_code_ == 1U << code_bits_) ++code_bits_;
    ++next_code_;
  }
}

void LzwEncoder::end(Buffer& out) {
  if (string_ != kNone) {
    put_code(string_, out);
    // The decoder adds a string for that code too, and may read the next one longer.
    if (next_code_ == 1U << code_bits_ && code_bits_ < kMaxCodeBits) ++code_bits_;
  }
  put_code(clear_code_ + 1, out);
  while (bit_count_ > 0) {
    block_[block_size_++] = static_cast<std::uint8_t>(bits_);
    bits_ >>= 8;
    bit_count_ -= std::min(bit_count_, 8U);
  }
  if (block_size_ > kBlockSize) put_block(kBlockSize, out);
  if (block_size_ > 0) put_block(block_size_, out);
  out.push_back(0);
}

void LzwEncoder::put_code(std::uint32_t code, Buffer& out) {
  bits_ |= std::uint64_t{code} << bit_count_;
  for (bit_count_ += code_bits_; bit_count_ >= 8; bit_count_ -= 8, bits_ >>= 8) {
    block_[block_size_++] = static_cast<std::uint8_t>(bits_);
  }
  if (block_size_ >= kBlockSize) put_block(kBlockSize, out);
}

void LzwEncoder::put_block(std::size_t size, Buffer& out) {
  out.push_back(static_cast<std::uint8_t>(size));
  out.append({block_, size});
  std::copy(block_ + size, block_ + block_size_, block_);
  block_size_ -= size;
}

}  // namespace tickertape
