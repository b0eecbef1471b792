// Tables of CRC32C, computed from the polynomial at compile time. L1, private to checksum/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tickertape::crc32c_tables {

// Castagnoli's polynomial with its bits reversed (RFC 3720 writes 0x1EDC6F41).
inline constexpr std::uint32_t kPolynomial = 0x82F63B78;

using ByteTable = std::array<std::uint32_t, 256>;

// kBySlice[k][b] is what byte b contributes to the CRC if k more bytes follow it; slicing by 8 (Kounavis and
// Berry, 2008).
inline constexpr auto kBySlice = [] {
  std::array<ByteTable, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}();

// A linear map of 32 bits, as one table for each byte of its argument.
using ShiftTable = std::array<ByteTable, 4>;

constexpr std::uint32_t apply(const ShiftTable& table, std::uint32_t crc) {
  return table[0][crc & 0xFF] ^ table[1][(crc >> 8) & 0xFF] ^ table[2][(crc >> 16) & 0xFF] ^
         table[3][crc >> 24];
}

// The map that extends a CRC by `zero_bytes` zero bytes. It joins the CRCs of neighbouring blocks.
template <std::size_t zero_bytes>
constexpr ShiftTable make_shift_table() {
  std::array<std::uint32_t, 32> images{};  // images[i] is the image of bit i
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < zero_bytes; ++i) crc = (crc >> 8) ^ kBySlice[0][crc & 0xFF];
    images[bit] = crc;
  }
  ShiftTable table{};
  for (std::size_t byte = 0; byte < 4; ++byte) {
    for (std::size_t value = 0; value < 256; ++value) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((value >> bit & 1) != 0) table[byte][value] ^= images[8 * byte + bit];
      }
    }
  }
  return table;
}

// The product of two polynomials modulo CRC32C's. A bit-reversed polynomial has its x^0 in the highest bit.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a >> 31) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
  }
  return product;
}

// kPowers[k][d]: x to the power of 8 * d * 256^k, that is, d * 256^k zero bytes. One factor for each base-256
// digit of a length.
inline constexpr auto kPowers = [] {
  std::array<ByteTable, 8> tables{};
  std::uint32_t unit = std::uint32_t{1} << 23;  // x^8
  for (ByteTable& table : tables) {
    table[0] = std::uint32_t{1} << 31;
    for (std::size_t digit = 1; digit < 256; ++digit) table[digit] = multiply(unit, table[digit - 1]);
    unit = multiply(unit, table[255]);
  }
  return tables;
}();

// Moves a CRC over `zero_bytes` zero bytes.
constexpr std::uint32_t shift(std::uint32_t crc, std::uint64_t zero_bytes) {
  for (std::size_t k = 0; zero_bytes != 0; ++k, zero_bytes >>= 8) {
    if ((zero_bytes & 0xFF) != 0) crc = multiply(kPowers[k][zero_bytes & 0xFF], crc);
  }
  return crc;
}

}  // namespace tickertape::crc32c_tables
