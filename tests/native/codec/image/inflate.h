// A simple inflate and a simple PNG reader, so that the encoder's output is read back natively. Slow and
// strict: they throw on anything unusual. Python's zlib and Pillow are further oracles, in the Python tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "checksum/crc32.h"

namespace tickertape::test {

inline void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("bad stream: ") + what);
}

class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}
  unsigned take(unsigned count) {
    for (; bit_count_ < count; bit_count_ += 8) {
      require(at_ < bytes_.size(), "ends too early");
      bits_ |= std::uint32_t{bytes_[at_++]} << bit_count_;
    }
    const unsigned value = bits_ & ((1U << count) - 1);
    bits_ >>= count;
    bit_count_ -= count;
    return value;
  }
  void align() { take(bit_count_); }
  // The number of bytes of which at least one bit was read.
  std::size_t byte() const { return at_; }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  std::uint32_t bits_ = 0;  // lowest bit first
  unsigned bit_count_ = 0;  // below 8 between calls: no byte is read before it is needed
};

// Decodes a canonical code bit by bit (RFC 1951, section 3.2.2). The code must be complete.
class PrefixCode {
 public:
  explicit PrefixCode(const std::vector<unsigned>& lengths) {
    for (const unsigned length : lengths) ++counts_.at(length);
    counts_[0] = 0;
    long open = 1;
    for (unsigned length = 1; length < counts_.size(); ++length) {
      open = 2 * open - static_cast<long>(counts_[length]);
      for (unsigned symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] == length) symbols_.push_back(symbol);
      }
    }
    require(open == 0, "a code is not complete");
  }
  unsigned take(BitReader& bits) const {
    unsigned code = 0, first = 0, index = 0;
    for (unsigned length = 1; length < counts_.size(); ++length) {
      code |= bits.take(1);
      if (code - first < counts_[length]) return symbols_[index + code - first];
      index += counts_[length];
      first = (first + counts_[length]) << 1;
      code <<= 1;
    }
    throw std::runtime_error("bad stream: no such code");
  }

 private:
  std::array<unsigned, 16> counts_{};
  std::vector<unsigned> symbols_;
};

inline void inflate_codes(BitReader& bits, const PrefixCode& literals, const PrefixCode& distances,
                          std::vector<std::uint8_t>& out) {
  static constexpr unsigned kLengthBase[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                             31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static constexpr unsigned kLengthExtra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                              2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static constexpr unsigned kDistanceBase[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                               33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                               1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  for (;;) {
    const unsigned symbol = literals.take(bits);
    if (symbol == 256) return;
    if (symbol < 256) {
      out.push_back(static_cast<std::uint8_t>(symbol));
      continue;
    }
    require(symbol <= 285, "a length symbol that does not exist");
    const std::size_t length = kLengthBase[symbol - 257] + bits.take(kLengthExtra[symbol - 257]);
    const unsigned place = distances.take(bits);
    require(place < 30, "a distance symbol that does not exist");
    const std::size_t distance = kDistanceBase[place] + bits.take(place < 2 ? 0 : place / 2 - 1);
    require(distance <= out.size(), "a distance before the start");
    for (std::size_t i = 0; i < length; ++i) out.push_back(out[out.size() - distance]);
  }
}

inline void inflate_dynamic(BitReader& bits, std::vector<std::uint8_t>& out) {
  static constexpr unsigned kOrder[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const unsigned literal_count = bits.take(5) + 257;
  const unsigned distance_count = bits.take(5) + 1;
  const unsigned code_count = bits.take(4) + 4;
  require(literal_count <= 286 && distance_count <= 30, "too many symbols");
  std::vector<unsigned> code_lengths(19);
  for (unsigned i = 0; i < code_count; ++i) code_lengths[kOrder[i]] = bits.take(3);
  const PrefixCode code(code_lengths);
  std::vector<unsigned> lengths;
  while (lengths.size() < literal_count + distance_count) {
    const unsigned symbol = code.take(bits);
    if (symbol < 16) {
      lengths.push_back(symbol);
      continue;
    }
    require(symbol != 16 || !lengths.empty(), "nothing to repeat");
    const unsigned repeated = symbol == 16 ? lengths.back() : 0;
    const unsigned count = symbol == 16   ? 3 + bits.take(2)
                           : symbol == 17 ? 3 + bits.take(3)
                                          : 11 + bits.take(7);
    lengths.insert(lengths.end(), count, repeated);
  }
  require(lengths.size() == literal_count + distance_count, "lengths overflow");
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(literal_count);
  inflate_codes(bits, PrefixCode({lengths.begin(), middle}), PrefixCode({middle, lengths.end()}), out);
}

inline void inflate_fixed(BitReader& bits, std::vector<std::uint8_t>& out) {
  std::vector<unsigned> lengths(288);
  for (unsigned s = 0; s < 288; ++s) lengths[s] = s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8;
  inflate_codes(bits, PrefixCode(lengths), PrefixCode(std::vector<unsigned>(32, 5)), out);
}

// Returns the bytes of a raw deflate stream. Sets `used` to the number of bytes of `stream` that it read.
inline std::vector<std::uint8_t> inflate(Bytes stream, std::size_t& used) {
  BitReader bits(stream);
  std::vector<std::uint8_t> out;
  for (bool last = false; !last;) {
    last = bits.take(1) != 0;
    const unsigned type = bits.take(2);
    require(type < 3, "block type 3");
    if (type == 0) {
      bits.align();
      const unsigned size = bits.take(16);
      require((size ^ bits.take(16)) == 0xFFFF, "stored length");
      for (unsigned i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(bits.take(8)));
    } else if (type == 1) {
      inflate_fixed(bits, out);
    } else {
      inflate_dynamic(bits, out);
    }
  }
  used = bits.byte();
  return out;
}

struct DecodedPng {
  std::uint32_t width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
};

inline std::uint32_t big_endian(const std::uint8_t* from) {
  return std::uint32_t{from[0]} << 24 | std::uint32_t{from[1]} << 16 | std::uint32_t{from[2]} << 8 | from[3];
}

// Reverses the row filters (PNG specification, section 9.2).
inline void unfilter(const std::vector<std::uint8_t>& filtered, DecodedPng& image) {
  const std::size_t row_bytes = std::size_t{image.width} * image.channels;
  require(filtered.size() == (row_bytes + 1) * image.height, "number of filtered bytes");
  image.pixels.resize(row_bytes * image.height);
  for (std::size_t y = 0; y < image.height; ++y) {
    const std::uint8_t* from = filtered.data() + y * (row_bytes + 1);
    std::uint8_t* row = image.pixels.data() + y * row_bytes;
    require(*from <= 4, "filter type");
    for (std::size_t x = 0; x < row_bytes; ++x) {
      const int left = x >= image.channels ? row[x - image.channels] : 0;
      const int above = y > 0 ? *(row + x - row_bytes) : 0;
      const int corner = y > 0 && x >= image.channels ? *(row + x - row_bytes - image.channels) : 0;
      const int guess = left + above - corner;
      const int a = std::abs(guess - left), b = std::abs(guess - above), c = std::abs(guess - corner);
      const int paeth = a <= b && a <= c ? left : b <= c ? above : corner;
      const int predictions[] = {0, left, above, (left + above) / 2, paeth};
      row[x] = static_cast<std::uint8_t>(from[1 + x] + predictions[*from]);
    }
  }
}

// Reads a PNG file that encode_png() wrote, and checks every length and checksum.
inline DecodedPng decode_png(Bytes file) {
  require(file.size() > 8 && as_text(file.first(8)) == "\x89PNG\r\n\x1A\n", "signature");
  DecodedPng image;
  std::vector<std::uint8_t> zlib;
  std::string types;
  for (std::size_t at = 8; at < file.size();) {
    require(file.size() - at >= 12, "chunk cut off");
    const std::size_t size = big_endian(file.data() + at);
    require(size <= file.size() - at - 12, "chunk length");
    const std::uint8_t* const data = file.data() + at + 8;
    require(big_endian(data + size) == crc32(0, {data - 4, size + 4}), "chunk checksum");
    const std::string type(as_text({data - 4, 4}));
    if (type == "IHDR") {
      require(size == 13 && data[8] == 8 && data[10] == 0 && data[11] == 0 && data[12] == 0, "IHDR");
      static constexpr std::uint32_t kChannels[] = {1, 0, 3, 0, 2, 0, 4};
      image = {big_endian(data), big_endian(data + 4), kChannels[data[9]], {}};
    } else if (type == "IDAT") {
      zlib.insert(zlib.end(), data, data + size);
    }
    if (types.empty() || types.substr(types.size() - 4) != type) types += type;
    at += size + 12;
  }
  require(types == "IHDRIDATIEND", "chunk order");
  require(zlib.size() > 6 && zlib[0] == 0x78 && (zlib[0] * 256 + zlib[1]) % 31 == 0, "zlib header");
  std::size_t used = 0;
  const std::vector<std::uint8_t> filtered = inflate(Bytes(zlib).subspan(2), used);
  require(zlib.size() == 2 + used + 4, "bytes after the stream");
  require(big_endian(zlib.data() + 2 + used) == adler32(1, filtered), "Adler-32");
  unfilter(filtered, image);
  return image;
}

}  // namespace tickertape::test
