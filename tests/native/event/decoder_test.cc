// Event bytes to views: merged and ordered as protobuf does, whatever order the fields come in.
#include "event/decoder.h"

#include <bit>
#include <string>
#include <vector>

#include "base/endian.h"
#include "base/error.h"
#include "check.h"
#include "event/messages.h"
#include "event/tensor_decoder.h"
#include "protobuf/fields.h"
#include "protobuf/message.h"

namespace tickertape {
namespace {

using namespace protobuf;

std::string field(std::uint32_t number, const std::string& content) {
  return static_cast<char>(number << 3 | 2) + std::string(1, static_cast<char>(content.size())) + content;
}

std::string number_field(std::uint32_t number, unsigned value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}

std::string bits_of(float value) {
  std::string bytes(4, '\0');
  store_le(reinterpret_cast<std::uint8_t*>(bytes.data()), std::bit_cast<std::uint32_t>(value));
  return bytes;
}

double scalar_of(const std::string& tensor) {
  double scalar = -1;
  return decode_number(as_bytes(tensor), scalar) ? scalar : -1;
}

TEST(the_dtype_of_a_scalar_may_come_last) {
  const std::string dtype = number_field(tensor_field::kDtype, 1);
  const std::string packed = field(tensor_field::kFloatVal, bits_of(2.5F));
  const std::string unpacked = static_cast<char>(tensor_field::kFloatVal << 3 | 5) + bits_of(2.5F);
  const std::string content = field(tensor_field::kTensorContent, bits_of(2.5F));
  for (const std::string& value : {packed, unpacked, content}) {
    CHECK_EQ(scalar_of(dtype + value), 2.5);
    CHECK_EQ(scalar_of(value + dtype), 2.5);
  }
  CHECK_EQ(scalar_of(packed + unpacked + dtype), -1.0);  // two elements
  CHECK_EQ(scalar_of(packed + number_field(tensor_field::kDtype, 2)), -1.0);
  CHECK_EQ(scalar_of(number_field(tensor_field::kDtype, 2) + packed + dtype), 2.5);  // the last dtype counts
}

TEST(two_summaries_of_an_event_are_one) {
  const std::string a = field(1, field(1, "a")), b = field(1, field(1, "b"));
  const std::string bytes = field(event_field::kSummary, a) + field(event_field::kSummary, b);
  CHECK_EQ(as_text(decode_event(as_bytes(bytes)).content.bytes()), std::string_view(a + b));
  const std::string replaced =
      field(event_field::kSummary, a) + field(event_field::kGraphDef, "g") + field(event_field::kSummary, b);
  CHECK_EQ(as_text(decode_event(as_bytes(replaced)).content.bytes()), std::string_view(b));
}

// Joined they would be a message; protobuf parses each by itself.
TEST(parts_that_are_messages_only_together_are_refused) {
  const std::string whole = field(1, "ab");
  const std::string bytes =
      field(event_field::kSummary, whole.substr(0, 2)) + field(event_field::kSummary, whole.substr(2));
  CHECK_THROWS(DataError, decode_event(as_bytes(bytes)));
}

TEST(the_parts_of_a_value_are_joined) {
  const std::string image = field(value_field::kImage, number_field(1, 4)) +
                            field(value_field::kImage, number_field(2, 5)) +
                            field(value_field::kMetadata, field(1, field(1, "plugin"))) +
                            field(value_field::kMetadata, field(1, field(2, "content")));
  const ValueView value = decode_value(as_bytes(image));
  CHECK_EQ(as_text(value.content.bytes()), std::string_view(number_field(1, 4) + number_field(2, 5)));
  CHECK_EQ(value.plugin_name, std::string_view("plugin"));
  CHECK_EQ(as_text(value.plugin_content), std::string_view("content"));
}

TEST(strings_that_are_not_utf8_are_refused) {
  for (const std::string bad :
       {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "ok\xE2\x82", "12345678\x80"}) {
    CHECK_THROWS(DataError, decode_value(as_bytes(field(value_field::kTag, bad))));
    CHECK_THROWS(DataError, decode_event(as_bytes(field(event_field::kFileVersion, bad))));
  }
  for (const std::string good :
       {"", "\xC2\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "12345678\xC3\xA9"})
    CHECK_EQ(decode_value(as_bytes(field(value_field::kTag, good))).tag, std::string_view(good));
}

// tensor.proto: TensorProto.variant_val (15) holds VariantTensorDataProto.tensors (3), which are
// TensorProtos.
TEST(messages_are_read_to_a_depth_of_100) {
  for (const int pairs : {50, 51}) {
    std::string bytes;
    for (int i = 0; i < pairs; ++i) {
      for (const std::uint32_t number : {3U, 15U}) {
        std::string size;
        std::uint8_t varint[kMaxVarintBytes];
        size.assign(varint, store_varint(varint, bytes.size()));
        bytes = static_cast<char>(number << 3 | 2) + size + bytes;
      }
    }
    if (pairs == 50) {
      check_message(messages::kTensorProto, as_bytes(bytes));
    } else {
      CHECK_THROWS(DataError, check_message(messages::kTensorProto, as_bytes(bytes)));
    }
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
