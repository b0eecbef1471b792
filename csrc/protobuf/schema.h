// What fields a protobuf message has. L1: knows no message; event/messages.h has ours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tickertape::protobuf {

enum class FieldKind : std::uint8_t {
  kDouble,
  kFloat,
  kInt64,
  kUint64,
  kInt32,  // and enums, which keep numbers that have no name
  kUint32,
  kBool,
  kString,  // must be UTF-8
  kBytes,
  kMessage,
};

struct MessageSchema;

// How often a field may occur, and whether it is a member of the oneof.
enum class FieldRule : std::uint8_t { kSingle, kRepeated, kOneof };

struct FieldSchema {
  std::uint32_t number;
  const char* name;
  FieldKind kind;
  FieldRule rule = FieldRule::kSingle;
  const MessageSchema* message = nullptr;  // of a kMessage
};

// A message has at most one oneof, and field numbers up to kMostNumber: true of all messages of event files.
struct MessageSchema {
  static constexpr std::uint32_t kMostNumber = 18;
  using Indices = std::array<std::int8_t, kMostNumber + 1>;

  // Index in `fields` of a field number; -1 if it is unknown.
  constexpr int index_of(std::uint32_t number) const { return number > kMostNumber ? -1 : indices[number]; }

  std::size_t id;  // 0, 1, ...: for tables by message
  const char* name;
  const char* source;  // the .proto file
  const char* oneof;   // its name; "" if there is none
  std::span<const FieldSchema> fields;
  Indices indices;  // by field number
};

constexpr MessageSchema::Indices indices_of(std::span<const FieldSchema> fields) {
  MessageSchema::Indices indices{};
  indices.fill(-1);
  for (std::size_t i = 0; i < fields.size(); ++i) indices[fields[i].number] = static_cast<std::int8_t>(i);
  return indices;
}

}  // namespace tickertape::protobuf
