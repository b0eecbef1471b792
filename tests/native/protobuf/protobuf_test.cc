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

TEST(groups_and_field_zero_are_data_errors) {
  for (const std::uint8_t key : std::array<std::uint8_t, 4>{0x0B, 0x0C, 0x00, 0x0E}) {
    const std::array<std::uint8_t, 2> bytes{key, 1};
    Reader reader(bytes);
    Field field;
    CHECK_THROWS(DataError, reader.next(field));
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
