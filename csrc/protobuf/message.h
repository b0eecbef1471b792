// Any message by its schema: whether bytes are one, and what its fields are once its parts are merged. L1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "protobuf/reader.h"
#include "protobuf/schema.h"

namespace tickertape::protobuf {

// Throws DataError if protobuf would refuse `bytes` as a message of this schema, at any depth: wrong wire
// format, strings that are not UTF-8, more than `depth` levels. A known number with another wire type is an
// unknown field, as in protobuf. Offsets are counted from `origin`. Takes time linear in the bytes.
void check_message(const MessageSchema& schema, Bytes bytes, int depth, const std::uint8_t* origin);
inline void check_message(const MessageSchema& schema, Bytes bytes) {
  check_message(schema, bytes, kMostDepth, bytes.data());
}

// A length-delimited field that occurs more than once: its value is the last piece, or all pieces joined.
// Points to the piece if there is only one.
class Pieces {
 public:
  Bytes bytes() const { return bytes_; }
  bool is_joined() const { return !joined_.empty(); }
  void replace(Bytes piece) {
    bytes_ = piece;
    joined_.clear();
  }
  void join(Bytes piece);

 private:
  Bytes bytes_;
  Buffer joined_;  // holds bytes_ if there were two or more pieces
};

// What one field holds.
struct FieldContent {
  std::size_t count = 0;     // of the values: 0 or 1, or any number if the field is repeated
  std::uint64_t number = 0;  // of a single number: a varint's value or the bits of a fixed one
  Bytes bytes;               // of a single string, bytes or message
};

// The fields of one message, merged as protobuf merges them: the last value of a field counts, the parts of a
// sub-message are joined, the last member of a oneof ends the others. Sub-messages stay bytes. Points into
// `bytes`, which must have passed check_message(), or into itself. Not movable.
class MessageFields {
 public:
  static constexpr std::size_t kMostFields = MessageSchema::kMostNumber;

  MessageFields(const MessageSchema& schema, Bytes bytes);
  MessageFields(const MessageFields&) = delete;
  MessageFields& operator=(const MessageFields&) = delete;

  const FieldContent& operator[](std::size_t index) const { return contents_[index]; }

 private:
  void add(std::size_t index, const FieldSchema& known, const Field& field);
  void join(std::size_t index, Bytes piece);

  std::array<FieldContent, kMostFields> contents_;
  std::vector<std::pair<std::size_t, Pieces>> joined_;  // of the fields that came in parts
  int oneof_member_ = -1;
};

// Whether `field`, as it was read, holds a value or values of `known`; otherwise it is an unknown field.
bool is_value_of(const FieldSchema& known, const Field& field);

// How many values `field` adds to the repeated field `known`: more than one if it is packed.
std::size_t value_count(const FieldSchema& known, const Field& field);

// The values of a packed field, one after the other: the varints or the bits.
class PackedReader {
 public:
  PackedReader(FieldKind kind, Bytes bytes);
  // False at the end. Throws DataError if the bytes are no such values.
  bool next(std::uint64_t& number);

 private:
  std::size_t width_;  // of each value; 0: varints
  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace tickertape::protobuf
