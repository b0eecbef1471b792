// CRC-32 and Adler-32: published vectors, then every implementation against a bit-by-bit one. Runs on every
// set of CPU features.
#include "checksum/crc32.h"

#include <cstddef>
#include <random>
#include <string_view>
#include <vector>

#include "check.h"

using namespace tickertape;

namespace {

// Written directly from the definitions (RFC 1952 section 8, RFC 1950 section 9): slow, but simple.
std::uint32_t reference_crc32(std::uint32_t crc, Bytes bytes) {
  crc = ~crc;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::uint32_t reference_adler32(std::uint32_t adler, Bytes bytes) {
  std::uint32_t a = adler & 0xFFFF;
  std::uint32_t b = adler >> 16;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

std::vector<std::uint8_t> noise(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

void check_same(Bytes bytes, std::uint32_t start) {
  CHECK_EQ(crc32(start, bytes), reference_crc32(start, bytes));
  const std::uint32_t adler = (start >> 16) % 65521 << 16 | (start & 0xFFFF) % 65521;
  CHECK_EQ(adler32(adler, bytes), reference_adler32(adler, bytes));
}

}  // namespace

// The expected values are from Python's zlib.
TEST_ON_EVERY_CPU(known_vectors) {
  CHECK_EQ(crc32(0, {}), 0U);
  CHECK_EQ(crc32(0, as_bytes("123456789")), 0xCBF43926U);
  CHECK_EQ(crc32(0, as_bytes("IEND")), 0xAE426082U);
  CHECK_EQ(adler32(1, {}), 1U);
  CHECK_EQ(adler32(1, as_bytes("Wikipedia")), 0x11E60398U);
  const std::vector<std::uint8_t> ones(1000000, 0xFF);
  CHECK_EQ(crc32(0, ones), 0x13FBDA0DU);
  CHECK_EQ(adler32(1, ones), 0x3843E1BEU);
}

TEST_ON_EVERY_CPU(every_length_and_alignment) {
  const std::vector<std::uint8_t> bytes = noise(400, 1);
  for (std::size_t start = 0; start < 17; ++start) {
    for (std::size_t size = 0; size <= 300; ++size) {
      check_same(Bytes(bytes).subspan(start, size), static_cast<std::uint32_t>(size * 2654435761U));
    }
  }
}

// Long enough, with bytes large enough, to overflow sums that are reduced too late.
TEST_ON_EVERY_CPU(long_inputs) {
  const std::vector<std::uint8_t> bytes = noise(1 << 20, 2);
  const std::vector<std::uint8_t> bright((1 << 20) + 77, 0xFF);
  check_same(bytes, 0xFFFFFFFF);
  check_same(bright, 0xFFF0FFF0);
  check_same(Bytes(bright).subspan(3, 200001), 12345);
}

TEST_ON_EVERY_CPU(pieces_make_the_whole) {
  const std::vector<std::uint8_t> bytes = noise(70000, 3);
  const Bytes whole(bytes);
  for (const std::size_t cut :
       {std::size_t{0}, std::size_t{1}, std::size_t{333}, std::size_t{65536}, whole.size()}) {
    const Bytes a = whole.first(cut);
    const Bytes b = whole.subspan(cut);
    CHECK_EQ(crc32(crc32(0, a), b), crc32(0, whole));
    CHECK_EQ(adler32(adler32(1, a), b), adler32(1, whole));
    CHECK_EQ(adler32_combine(adler32(1, a), adler32(1, b), b.size()), adler32(1, whole));
  }
}

TEST_MAIN()
