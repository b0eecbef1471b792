// Reads protobuf fields from a span, one after the other, without copying. L1.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/endian.h"
#include "base/error.h"
#include "protobuf/varint.h"
#include "protobuf/writer.h"

namespace tickertape::protobuf {

// One field of the span. `type` tells whether `number` or `bytes` holds the value.
struct Field {
  std::uint32_t field = 0;
  WireType type = WireType::kVarint;
  std::uint64_t number = 0;  // a varint's value, or the bits of a fixed32 or fixed64
  Bytes bytes;               // the content of a length-delimited field, inside the span that is read

  float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(number)); }
  double as_double() const { return std::bit_cast<double>(number); }
  std::string_view text() const { return as_text(bytes); }
};

// How deep messages and groups may be nested below the outermost message; the limit of protobuf's parsers
// (kUpb_WireFormat_DefaultDepthLimit).
inline constexpr int kMostDepth = 100;

// `while (reader.next(field)) ...`. Does not own the span. Skips groups, which none of our messages has.
// Throws DataError if the bytes are not fields; its offset is counted from `origin`, by default the start of
// the span. Accepts and refuses what protobuf does, e.g. only keys and lengths of at most 5 bytes.
// `depth` is how many levels are left below this message.
class Reader {
 public:
  explicit Reader(Bytes span, int depth = kMostDepth) : Reader(span, depth, span.data()) {}
  Reader(Bytes span, int depth, const std::uint8_t* origin)
      : origin_(origin), at_(span.data()), end_(span.data() + span.size()), depth_(depth) {}

  bool next(Field& field) {
    for (;;) {
      if (at_ == end_) return false;
      const std::uint32_t key = short_varint("key too large");
      field.field = key >> 3;
      if (field.field == 0) fail("field number 0");
      if ((key & 7) != kStartGroup) {
        read_value(key & 7, field);
        return true;
      }
      skip_group(field.field, depth_);
    }
  }

 private:
  static constexpr unsigned kStartGroup = 3, kEndGroup = 4;
  static constexpr std::ptrdiff_t kMostShortBytes = 5;  // of a key or a length

  void read_value(unsigned type, Field& field) {
    field.bytes = {};
    switch (type) {
      case 0:
        field.type = WireType::kVarint;
        field.number = varint();
        return;
      case 1:
        field.type = WireType::kFixed64;
        field.number = load_le<std::uint64_t>(take(8));
        return;
      case 2: {
        field.type = WireType::kLength;
        const std::uint32_t size = short_varint("length too large");
        field.bytes = {take(size), size};
        return;
      }
      case 5:
        field.type = WireType::kFixed32;
        field.number = load_le<std::uint32_t>(take(4));
        return;
      default:
        fail("unknown wire type");
    }
  }

  // Skips the content of group `number`, whose start was read, and its end.
  void skip_group(std::uint32_t number, int depth) {
    if (depth == 0) fail("nested too deep");
    for (Field field;;) {
      if (at_ == end_) fail("group cut off");
      const std::uint32_t key = short_varint("key too large");
      if ((key & 7) == kStartGroup) {
        skip_group(key >> 3, depth - 1);
      } else if ((key & 7) != kEndGroup) {
        read_value(key & 7, field);
      } else if (key >> 3 == number) {
        return;
      } else {
        fail("end of another group");
      }
    }
  }

  std::uint64_t varint() {
    std::uint64_t value;
    const std::uint8_t* behind = load_varint(at_, end_, value);
    if (behind == nullptr) fail("varint cut off");
    at_ = behind;
    return value;
  }
  std::uint32_t short_varint(const char* error) {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    const std::uint8_t* start = at_;
    const std::uint64_t value = varint();
    if (at_ - start > kMostShortBytes || value > UINT32_MAX) fail(error);
    return static_cast<std::uint32_t>(value);
  }
  const std::uint8_t* take(std::uint64_t size) {
    if (size > static_cast<std::uint64_t>(end_ - at_)) fail("field cut off");
    const std::uint8_t* start = at_;
    at_ += size;
    return start;
  }
  [[noreturn]] void fail(const char* what) const {
    throw DataError(static_cast<std::uint64_t>(at_ - origin_), what);
  }

  const std::uint8_t* origin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  int depth_;
};

}  // namespace tickertape::protobuf
