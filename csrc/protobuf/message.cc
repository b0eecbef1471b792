// Any message by its schema. L1.
#include "protobuf/message.h"

#include <algorithm>

#include "base/endian.h"
#include "base/error.h"
#include "protobuf/utf8.h"
#include "protobuf/varint.h"

namespace tickertape::protobuf {
namespace {

WireType wire_type_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::kDouble:
      return WireType::kFixed64;
    case FieldKind::kFloat:
      return WireType::kFixed32;
    case FieldKind::kString:
    case FieldKind::kBytes:
    case FieldKind::kMessage:
      return WireType::kLength;
    default:
      return WireType::kVarint;
  }
}

bool is_packed(const FieldSchema& known, const Field& field) {
  return field.type == WireType::kLength && wire_type_of(known.kind) != WireType::kLength;
}

std::size_t packed_width(FieldKind kind) {
  if (kind == FieldKind::kDouble) return 8;
  return kind == FieldKind::kFloat ? 4 : 0;
}

void check_packed(const FieldSchema& known, Bytes bytes, const std::uint8_t* origin) {
  const std::size_t width = packed_width(known.kind);
  bool is_right = width == 0 || bytes.size() % width == 0;
  if (width == 0) {
    std::uint64_t value;
    const std::uint8_t* at = bytes.data();
    const std::uint8_t* end = at + bytes.size();
    while (at != nullptr && at != end) at = load_varint(at, end, value);
    is_right = at != nullptr || bytes.empty();
  }
  if (!is_right) throw DataError(static_cast<std::uint64_t>(bytes.data() - origin), "packed field cut off");
}

}  // namespace

bool is_value_of(const FieldSchema& known, const Field& field) {
  const WireType own = wire_type_of(known.kind);
  return field.type == own || (known.rule == FieldRule::kRepeated && field.type == WireType::kLength);
}

void check_message(const MessageSchema& schema, Bytes bytes, int depth, const std::uint8_t* origin) {
  Field field;
  for (Reader reader(bytes, depth, origin); reader.next(field);) {
    const int index = schema.index_of(field.field);
    if (index < 0 || field.type != WireType::kLength) continue;
    const FieldSchema& known = schema.fields[static_cast<std::size_t>(index)];
    if (!is_value_of(known, field)) continue;
    if (known.kind == FieldKind::kMessage) {
      const auto at = static_cast<std::uint64_t>(field.bytes.data() - origin);
      if (depth == 0) throw DataError(at, "nested too deep");
      check_message(*known.message, field.bytes, depth - 1, origin);
    } else if (known.kind == FieldKind::kString) {
      const auto at = static_cast<std::uint64_t>(field.bytes.data() - origin);
      if (!is_utf8(field.bytes)) throw DataError(at, std::string(known.name) + " is not UTF-8");
    } else if (is_packed(known, field)) {
      check_packed(known, field.bytes, origin);
    }
  }
}

void Pieces::join(Bytes piece) {
  if (joined_.empty()) joined_.append(bytes_);
  joined_.append(piece);
  bytes_ = joined_.bytes();
}

MessageFields::MessageFields(const MessageSchema& schema, Bytes bytes) {
  Field field;
  for (Reader reader(bytes); reader.next(field);) {
    const int index = schema.index_of(field.field);
    if (index < 0) continue;
    const FieldSchema& known = schema.fields[static_cast<std::size_t>(index)];
    if (!is_value_of(known, field)) continue;
    if (known.rule == FieldRule::kOneof && index != oneof_member_) {
      if (oneof_member_ >= 0) contents_[static_cast<std::size_t>(oneof_member_)] = {};
      oneof_member_ = index;
    }
    add(static_cast<std::size_t>(index), known, field);
  }
}

void MessageFields::add(std::size_t index, const FieldSchema& known, const Field& field) {
  FieldContent& content = contents_[index];
  if (known.rule == FieldRule::kRepeated) {
    content.count += value_count(known, field);
  } else if (known.kind == FieldKind::kMessage && content.count != 0) {
    join(index, field.bytes);
  } else {
    content = {1, field.number, field.bytes};
  }
}

void MessageFields::join(std::size_t index, Bytes piece) {
  const auto found =
      std::ranges::find_if(joined_, [index](const auto& entry) { return entry.first == index; });
  Pieces& pieces = found != joined_.end() ? found->second : joined_.emplace_back(index, Pieces()).second;
  // The field was reset meanwhile, because another member of its oneof followed it.
  if (pieces.bytes().data() != contents_[index].bytes.data()) pieces.replace(contents_[index].bytes);
  pieces.join(piece);
  contents_[index].bytes = pieces.bytes();
}

std::size_t value_count(const FieldSchema& known, const Field& field) {
  if (!is_packed(known, field)) return 1;
  const std::size_t width = packed_width(known.kind);
  if (width != 0) return field.bytes.size() / width;
  return static_cast<std::size_t>(
      std::ranges::count_if(field.bytes, [](std::uint8_t byte) { return byte < 0x80; }));
}

PackedReader::PackedReader(FieldKind kind, Bytes bytes)
    : width_(packed_width(kind)),
      begin_(bytes.data()),
      at_(bytes.data()),
      end_(bytes.data() + bytes.size()) {}

bool PackedReader::next(std::uint64_t& number) {
  if (at_ == end_) return false;
  const bool has_room = width_ <= static_cast<std::size_t>(end_ - at_);
  const std::uint8_t* behind = nullptr;
  if (width_ == 0) {
    behind = load_varint(at_, end_, number);
  } else if (has_room) {
    number = width_ == 8 ? load_le<std::uint64_t>(at_) : load_le<std::uint32_t>(at_);
    behind = at_ + width_;
  }
  if (behind == nullptr) throw DataError(static_cast<std::uint64_t>(at_ - begin_), "packed field cut off");
  at_ = behind;
  return true;
}

}  // namespace tickertape::protobuf
