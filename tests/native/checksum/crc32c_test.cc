// CRC32C: one suite that runs for every implementation. Vectors from RFC 3720, appendix B.4.
#include "checksum/crc32c.h"

#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "check.h"
#include "checksum/masked_crc.h"

namespace tickertape {
namespace {

template <typename Check>
void for_each_implementation(Check check) {
  for (const Crc32cImplementation& implementation : crc32c_implementations()) check(implementation);
}

// The definition, bit by bit.
std::uint32_t by_definition(Bytes bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
  }
  return ~crc;
}

TEST_ON_EVERY_CPU(rfc_3720_vectors) {
  std::vector<std::uint8_t> ascending(32), descending(32);
  std::iota(ascending.begin(), ascending.end(), std::uint8_t{0});
  std::iota(descending.rbegin(), descending.rend(), std::uint8_t{0});
  const std::vector<std::uint8_t> iscsi_read_command{
      0x01, 0xC0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
      0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0};
  for_each_implementation([&](const Crc32cImplementation& implementation) {
    CHECK_EQ(implementation.extend(0, std::vector<std::uint8_t>(32, 0x00)), 0x8A9136AAU);
    CHECK_EQ(implementation.extend(0, std::vector<std::uint8_t>(32, 0xFF)), 0x62A8AB43U);
    CHECK_EQ(implementation.extend(0, ascending), 0x46DD794EU);
    CHECK_EQ(implementation.extend(0, descending), 0x113FDB5CU);
    CHECK_EQ(implementation.extend(0, iscsi_read_command), 0xD9963A56U);
    CHECK_EQ(implementation.extend(0, as_bytes("123456789")), 0xE3069283U);
    CHECK_EQ(implementation.extend(0, {}), 0U);
  });
}

TEST_ON_EVERY_CPU(every_length_and_alignment_agrees_with_the_definition) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> bytes(4096);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t size = 0; size < 200; ++size) {
      const Bytes part = Bytes(bytes).subspan(start, size);
      const std::uint32_t expected = by_definition(part);
      for_each_implementation(
          [&](const auto& implementation) { CHECK_EQ(implementation.extend(0, part), expected); });
    }
  }
  for (const std::size_t size : {511U, 1535U, 1536U, 1537U, 3072U, 3079U, 4096U}) {
    const std::uint32_t expected = by_definition(Bytes(bytes).first(size));
    for_each_implementation([&](const auto& implementation) {
      CHECK_EQ(implementation.extend(0, Bytes(bytes).first(size)), expected);
    });
  }
}

TEST_ON_EVERY_CPU(a_crc_can_be_extended) {
  std::vector<std::uint8_t> bytes(5000);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  for_each_implementation([&](const Crc32cImplementation& implementation) {
    for (std::size_t cut = 0; cut <= bytes.size(); cut += 313) {
      const std::uint32_t first = implementation.extend(0, Bytes(bytes).first(cut));
      CHECK_EQ(implementation.extend(first, Bytes(bytes).subspan(cut)), by_definition(bytes));
    }
  });
}

TEST(disabled_features_leave_the_portable_one) {
  const test::WithoutCpuFeatures without(~0U);
  CHECK_EQ(crc32c_implementations().size(), std::size_t{1});
  CHECK_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
}

TEST_ON_EVERY_CPU(masked_crc_of_nothing_is_the_constant) {
  CHECK_EQ(MaskedCrc::of({}).bits(), 0xA282EAD8U);
  CHECK(MaskedCrc::of(as_bytes("a")) == MaskedCrc::stored(MaskedCrc::of(as_bytes("a")).bits()));
}

TEST(the_crc_of_an_end_follows_from_those_of_the_whole_and_the_front) {
  std::mt19937 random(2);
  std::vector<std::uint8_t> bytes(70'000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (const std::size_t size :
       {0U, 1U, 2U, 7U, 8U, 255U, 256U, 257U, 4096U, 65'535U, 65'536U, 65'537U, 69'999U, 70'000U}) {
    const Bytes front = Bytes(bytes).first(bytes.size() - size), end = Bytes(bytes).last(size);
    CHECK_EQ(crc32c_of_end(by_definition(bytes), by_definition(front), size), by_definition(end));
  }
}

// 2^40 zero bytes and 5 more: too long to compute, but twice as far is twice the same map.
TEST(far_ends_agree_with_nearer_ones) {
  constexpr std::uint64_t kFar = (std::uint64_t{1} << 40) + 5;
  const std::uint32_t once = crc32c_of_end(0, 0x12345678, kFar);
  CHECK_EQ(crc32c_of_end(0, once, kFar), crc32c_of_end(0, 0x12345678, 2 * kFar));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
