// Varints at the limits of each length, fields written and read back, and bytes that are not fields.
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/error.h"
#include "check.h"
#include "protobuf/reader.h"
#include "protobuf/varint.h"
#include "protobuf/writer.h"

namespace tickertape {
namespace {

using namespace protobuf;

TEST(varints_at_every_length) {
  std::array<std::uint8_t, kMaxVarintBytes> bytes{};
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value :
         {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, ~std::uint64_t{0} >> bit}) {
      const std::uint8_t* end = store_varint(bytes.data(), value);
      CHECK_EQ(static_cast<std::size_t>(end - bytes.data()), varint_size(value));
      std::uint64_t back = 0;
      CHECK(load_varint(bytes.data(), end, back) == end);
      CHECK_EQ(back, value);
      CHECK(load_varint(bytes.data(), end - 1, back) == nullptr);
    }
  }
  CHECK_EQ(varint_size(0), std::size_t{1});
}

TEST(a_varint_of_eleven_bytes_is_refused) {
  const std::vector<std::uint8_t> bytes(11, 0x80);
  std::uint64_t value = 0;
  CHECK(load_varint(bytes.data(), bytes.data() + bytes.size(), value) == nullptr);
}

TEST(fields_come_back) {
  const std::array<double, 2> doubles{1.5, -0.0};
  const std::size_t size = varint_field_size(1, ~std::uint64_t{0}) + fixed32_field_size(2) +
                           fixed64_field_size(300) + length_field_size(4, 5) + length_field_size(5, 16);
  Buffer out;
  Writer writer(out.extend(size));
  writer.varint_field(1, ~std::uint64_t{0});
  writer.float_field(2, 0.25F);
  writer.double_field(300, -2.5);
  writer.text_field(4, "hello");
  writer.packed_doubles_field(5, doubles);
  CHECK(writer.position() == out.data() + size);

  Reader reader(out.bytes());
  Field field;
  CHECK(reader.next(field) && field.field == 1 && field.number == ~std::uint64_t{0});
  CHECK(reader.next(field) && field.field == 2 && field.as_float() == 0.25F);
  CHECK(reader.next(field) && field.field == 300 && field.as_double() == -2.5);
  CHECK(reader.next(field) && field.field == 4 && field.text() == "hello");
  CHECK(reader.next(field) && field.field == 5 && field.bytes.size() == 16);
  CHECK(!reader.next(field));
}

TEST(cut_off_fields_are_data_errors) {
  Buffer out;
  Writer writer(out.extend(length_field_size(4, 5)));
  writer.text_field(4, "hello");
  for (std::size_t size = 1; size < out.size(); ++size) {
    Reader reader(out.bytes().first(size));
    Field field;
    CHECK_THROWS(DataError, reader.next(field));
  }
}

void read_all(const std::vector<std::uint8_t>& bytes) {
  Field field;
  for (Reader reader(bytes); reader.next(field);) {
  }
}

void refuses(const std::vector<std::uint8_t>& bytes) { CHECK_THROWS(DataError, read_all(bytes)); }

TEST(field_zero_and_unknown_wire_types_are_data_errors) {
  for (const std::uint8_t key : std::array<std::uint8_t, 3>{0x00, 0x0E, 0x0F}) refuses({key, 1});
}

// Keys and lengths of more than five bytes, as upb refuses them.
TEST(overlong_keys_and_lengths_are_data_errors) {
  refuses({0x90, 0x80, 0x80, 0x80, 0x80, 0x00, 0x05});
  refuses({0x90, 0x80, 0x80, 0x80, 0x10, 0x05});
  refuses({0x1A, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 'a'});
  const std::vector<std::uint8_t> five{0x90, 0x80, 0x80, 0x80, 0x00, 0x05};
  Reader reader(five);
  Field field;
  CHECK(reader.next(field) && field.field == 2 && field.number == 5);
}

TEST(groups_are_skipped) {
  const std::vector<std::uint8_t> bytes{0x7B, 0x08, 0x01, 0x83, 0x01, 0x84,
                                        0x01, 0x7C, 0x10, 0x05, 0x7B, 0x7C};
  Reader reader(bytes);
  Field field;
  CHECK(reader.next(field) && field.field == 2 && field.number == 5);
  CHECK(!reader.next(field));
  refuses({0x7B});        // no end
  refuses({0x7B, 0x74});  // another one's end
  refuses({0x7C});        // an end alone
}

TEST(groups_are_skipped_to_a_depth_of_100) {
  for (const int depth : {100, 101}) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(depth), 0x7B);
    bytes.insert(bytes.end(), static_cast<std::size_t>(depth), 0x7C);
    if (depth == 101) {
      refuses(bytes);
      continue;
    }
    Reader reader(bytes);
    Field field;
    CHECK(!reader.next(field));
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
