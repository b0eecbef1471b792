// A Python object that is one protobuf message: its bytes, decoded when a field is first asked for. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "bindings/support/shared.h"
#include "protobuf/schema.h"

namespace tickertape::bindings {

// Without a __dict__ and not tracked by the garbage collector, since what it holds never refers to it: 96
// bytes and, once a field was asked for, a pointer for each field that is set, if those are many.
struct MessageObject {
  static constexpr std::size_t kFew = 4;  // most messages of event files have no more

  PyObject ob_base;
  const protobuf::MessageSchema* schema;
  PyObject* owner;  // the bytes object in which `data` lies
  const std::uint8_t* data;
  Py_ssize_t size;
  Shared<PyObject**> values;  // of the fields that are set, in the order of the schema; nullptr until decoded
  std::uint32_t are_set;      // bit i: field i of the schema; to be read once `values` is there
  PyObject* few[kFew];        // where `values` points if they fit
};

// The number of bits that are set. std::popcount() calls libgcc where the instruction may be missing.
inline std::size_t count_of(std::uint32_t bits) {
  bits -= bits >> 1 & 0x55555555;
  bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
  return ((bits + (bits >> 4)) & 0x0F0F0F0F) * 0x01010101 >> 24;
}

inline Bytes bytes_of(const MessageObject& message) {
  return {message.data, static_cast<std::size_t>(message.size)};
}

// The type of a message.
PyTypeObject* message_type(const protobuf::MessageSchema& schema);

// A message over `bytes`, which lie in `owner` and passed check_message(). A new reference; nullptr with an
// error set.
PyObject* new_message(const protobuf::MessageSchema& schema, PyObject* owner, Bytes bytes);

// The value of field `index` of a message that is decoded; nullptr if it is not set. A borrowed reference.
inline PyObject* value_of(const MessageObject& message, std::size_t index) {
  const std::uint32_t bit = std::uint32_t{1} << index;
  if ((message.are_set & bit) == 0) return nullptr;
  return message.values.load()[count_of(message.are_set & (bit - 1))];
}

// Decodes the fields, unless they are decoded. False with an error set; throws if the bytes are no such
// message.
bool decode_fields(MessageObject& message);

// Drops what the message holds, for its deallocation.
void release_message(MessageObject& message);

// The text of repr(): bounded in length, however large the message is. nullptr with an error set; throws as
// decode_fields().
PyObject* message_repr(MessageObject& message);

}  // namespace tickertape::bindings
