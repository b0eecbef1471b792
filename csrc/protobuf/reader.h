// Reads protobuf fields from a span, one after the other, without copying. L1.
#pragma once

#include <bit>
#include <cstdint>

#include "base/bytes.h"
#include "base/endian.h"
#include "base/error.h"
#include "protobuf/varint.h"
#include "protobuf/writer.h"

namespace tickertape::protobuf {

// One field as it stands in the span. What of `number` and `bytes` holds the value follows from `type`.
struct Field {
  std::uint32_t field = 0;
  WireType type = WireType::kVarint;
  std::uint64_t number = 0;  // a varint's value, or the bits of a fixed32 or fixed64
  Bytes bytes;               // the content of a length-delimited field, inside the span that is read

  float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(number)); }
  double as_double() const { return std::bit_cast<double>(number); }
  std::string_view text() const { return as_text(bytes); }
};

// `while (reader.next(field)) ...`. Does not own the span. Throws DataError, with the offset inside the span,
// on bytes that are no fields; groups (deprecated, in none of our messages) count as such.
class Reader {
 public:
  explicit Reader(Bytes span) : begin_(span.data()), at_(span.data()), end_(span.data() + span.size()) {}

  bool next(Field& field) {
    if (at_ == end_) return false;
    const std::uint64_t key = varint();
    field.field = static_cast<std::uint32_t>(key >> 3);
    if (field.field == 0 || key >> 32 != 0) fail("field number out of range");
    field.bytes = {};
    switch (key & 7) {
      case 0:
        field.type = WireType::kVarint;
        field.number = varint();
        return true;
      case 1:
        field.type = WireType::kFixed64;
        field.number = load_le<std::uint64_t>(take(8));
        return true;
      case 2: {
        field.type = WireType::kLength;
        const std::uint64_t size = varint();
        field.bytes = {take(size), static_cast<std::size_t>(size)};
        return true;
      }
      case 5:
        field.type = WireType::kFixed32;
        field.number = load_le<std::uint32_t>(take(4));
        return true;
      default:
        fail("unknown wire type");
    }
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value;
    const std::uint8_t* behind = load_varint(at_, end_, value);
    if (behind == nullptr) fail("varint cut off");
    at_ = behind;
    return value;
  }
  const std::uint8_t* take(std::uint64_t size) {
    if (size > static_cast<std::uint64_t>(end_ - at_)) fail("field cut off");
    const std::uint8_t* start = at_;
    at_ += size;
    return start;
  }
  [[noreturn]] void fail(const char* what) const {
    throw DataError(static_cast<std::uint64_t>(at_ - begin_), what);
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace tickertape::protobuf
