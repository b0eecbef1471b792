// The text of repr() of a message, bounded however large the message is. L5.
#include <pybind11/pybind11.h>

#include <string>

#include "bindings/message_object.h"
#include "protobuf/message.h"

namespace py = pybind11;

namespace tickertape::bindings {

using namespace protobuf;

namespace {

constexpr int kMostLevels = 4;            // deeper messages show as "Name(...)"
constexpr Py_ssize_t kMostItems = 4;      // of a list
constexpr Py_ssize_t kMostBytes = 40;     // of a string or bytes
constexpr std::size_t kMostChars = 4096;  // in all, about

// Appends to `text`; false with an error set.
bool append_message(MessageObject& message, int levels, std::string& text);

bool append_plain(PyObject* value, std::string& text) {
  Py_ssize_t left_out = 0;
  PyObject* shown = nullptr;
  if (PyBytes_Check(value) && PyBytes_GET_SIZE(value) > kMostBytes) {
    left_out = PyBytes_GET_SIZE(value) - kMostBytes;
    shown = PyBytes_FromStringAndSize(PyBytes_AS_STRING(value), kMostBytes);
  } else if (PyUnicode_Check(value) && PyUnicode_GET_LENGTH(value) > kMostBytes) {
    left_out = PyUnicode_GET_LENGTH(value) - kMostBytes;
    shown = PyUnicode_Substring(value, 0, kMostBytes);
  } else {
    shown = Py_NewRef(value);
  }
  if (shown == nullptr) return false;
  PyObject* repr = PyObject_ASCII(shown);
  Py_DECREF(shown);
  if (repr == nullptr) return false;
  text += PyUnicode_AsUTF8(repr);
  Py_DECREF(repr);
  if (left_out != 0) text += "...(" + std::to_string(left_out) + " more)";
  return true;
}

bool append_value(const FieldSchema& field, PyObject* value, int levels, std::string& text) {
  if (text.size() > kMostChars) {
    text += "...";
    return true;
  }
  if (field.kind != FieldKind::kMessage) return append_plain(value, text);
  return append_message(*reinterpret_cast<MessageObject*>(value), levels, text);
}

// `value` is a list of ours, which somebody may have changed since.
bool append_list(const FieldSchema& field, PyObject* list, int levels, std::string& text) {
  const auto first = py::reinterpret_steal<py::object>(PyList_GetSlice(list, 0, kMostItems));
  if (!first) return false;
  text += '[';
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(first.ptr()); ++i) {
    if (i != 0) text += ", ";
    PyObject* item = PyList_GET_ITEM(first.ptr(), i);
    const bool is_own = field.kind == FieldKind::kMessage && Py_TYPE(item) == message_type(*field.message);
    const bool is_plain = PyBytes_CheckExact(item) || PyUnicode_CheckExact(item) || PyLong_CheckExact(item) ||
                          PyFloat_CheckExact(item) || PyBool_Check(item);
    if (!is_own && !is_plain) {
      text += "...";
    } else if (!(is_own ? append_value(field, item, levels, text) : append_plain(item, text))) {
      return false;
    }
  }
  if (PyList_GET_SIZE(list) > kMostItems)
    text += ", ...(" + std::to_string(PyList_GET_SIZE(list) - kMostItems) + " more)";
  text += ']';
  return true;
}

bool append_message(MessageObject& message, int levels, std::string& text) {
  text += message.schema->name;
  if (levels == 0) {
    text += "(...)";
    return true;
  }
  if (!decode_fields(message)) return false;
  text += '(';
  bool is_first = true;
  for (std::size_t i = 0; i < message.schema->fields.size(); ++i) {
    PyObject* value = value_of(message, i);
    if (value == nullptr) continue;
    const FieldSchema& field = message.schema->fields[i];
    if (!is_first) text += ", ";
    is_first = false;
    text += std::string(field.name) + "=";
    if (!(field.rule == FieldRule::kRepeated ? append_list(field, value, levels - 1, text)
                                             : append_value(field, value, levels - 1, text))) {
      return false;
    }
  }
  text += ')';
  return true;
}

}  // namespace

PyObject* message_repr(MessageObject& message) {
  std::string text;
  if (!append_message(message, kMostLevels, text)) return nullptr;
  return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

}  // namespace tickertape::bindings
