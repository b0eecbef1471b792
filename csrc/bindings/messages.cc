// One Python type for each message of event files, made from its schema. L5.
#include "bindings/messages.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "bindings/message_object.h"
#include "bindings/support/entry.h"
#include "bindings/support/errors.h"
#include "bindings/support/text.h"
#include "event/messages.h"
#include "protobuf/message.h"

namespace py = pybind11;

namespace tickertape::bindings {

using namespace protobuf;

namespace {

constexpr std::size_t kMostMessages = 32;

// What a type is made of; CPython keeps pointers into it, so it lives as long as the process.
struct TypeParts {
  PyTypeObject* type = nullptr;
  std::string name, doc;
  std::vector<PyGetSetDef> getters;
  std::vector<PyObject*> names;  // of the fields of the schema, interned
};

std::array<TypeParts, kMostMessages>& parts() {
  static auto* all = new std::array<TypeParts, kMostMessages>();
  return *all;
}

// By the id of the schema; for get_attribute(), so that nothing is checked at each call.
TypeParts* all_parts = nullptr;

MessageObject& message_of(PyObject* object) { return *reinterpret_cast<MessageObject*>(object); }

PyObject* unset(const FieldSchema& field) {
  if (field.rule == FieldRule::kRepeated) return PyList_New(0);
  switch (field.kind) {
    case FieldKind::kDouble:
    case FieldKind::kFloat:
      return PyFloat_FromDouble(0);
    case FieldKind::kString:
      return PyUnicode_FromStringAndSize(nullptr, 0);
    case FieldKind::kBytes:
      return PyBytes_FromStringAndSize(nullptr, 0);
    case FieldKind::kMessage: {
      const py::bytes nothing;
      return new_message(*field.message, nothing.ptr(), as_bytes(std::string_view(nothing)));
    }
    case FieldKind::kBool:
      return PyBool_FromLong(0);
    default:
      return PyLong_FromLong(0);
  }
}

PyObject* field_at(MessageObject& message, std::size_t index) {
  if (!decode_fields(message)) return nullptr;
  PyObject* value = value_of(message, index);
  return value != nullptr ? Py_NewRef(value) : unset(message.schema->fields[index]);
}

// `closure` is the FieldSchema.
PyObject* get_field(PyObject* self, void* closure) {
  MessageObject& message = message_of(self);
  const auto* field = static_cast<const FieldSchema*>(closure);
  return field_at(message, static_cast<std::size_t>(field - message.schema->fields.data()));
}

// The names in a program's source are interned, so comparing pointers finds a field in half the time that
// Python takes to find its descriptor. Everything else is left to Python.
PyObject* get_attribute(PyObject* self, PyObject* name) {
  MessageObject& message = message_of(self);
  const std::vector<PyObject*>& names = all_parts[message.schema->id].names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return field_at(message, i);
  }
  return PyObject_GenericGetAttr(self, name);
}

// Value.plugin_name and plugin_content: `closure` is the name of the field of metadata.plugin_data.
PyObject* get_plugin_field(PyObject* self, void* closure) {
  PyObject* metadata = PyObject_GetAttrString(self, "metadata");
  PyObject* plugin = metadata == nullptr ? nullptr : PyObject_GetAttrString(metadata, "plugin_data");
  PyObject* value =
      plugin == nullptr ? nullptr : PyObject_GetAttrString(plugin, static_cast<const char*>(closure));
  Py_XDECREF(metadata);
  Py_XDECREF(plugin);
  return value;
}

// Index of the field of this name; -1 with an error set.
Py_ssize_t index_of(const MessageSchema& schema, PyObject* name) {
  if (!PyUnicode_Check(name)) {
    throw UnsupportedType(expected("name", "a str", type_name(name)));
  }
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if (PyUnicode_CompareWithASCIIString(name, schema.fields[i].name) == 0) return static_cast<Py_ssize_t>(i);
  }
  PyErr_Format(PyExc_ValueError, "name: expected a field of %s, got %R", schema.name, name);
  return -1;
}

PyObject* has_field(PyObject* self, PyObject* name) {
  MessageObject& message = message_of(self);
  const Py_ssize_t index = index_of(*message.schema, name);
  if (index < 0 || !decode_fields(message)) return nullptr;
  return PyBool_FromLong(value_of(message, static_cast<std::size_t>(index)) != nullptr ? 1 : 0);
}

PyObject* which_oneof(PyObject* self, PyObject* oneof) {
  MessageObject& message = message_of(self);
  const MessageSchema& schema = *message.schema;
  if (!decode_fields(message)) return nullptr;
  const bool is_ours = schema.oneof[0] != '\0' && PyUnicode_Check(oneof) &&
                       PyUnicode_CompareWithASCIIString(oneof, schema.oneof) == 0;
  for (std::size_t i = 0; is_ours && i < schema.fields.size(); ++i) {
    if (schema.fields[i].rule == FieldRule::kOneof && value_of(message, i) != nullptr)
      return PyUnicode_FromString(schema.fields[i].name);
  }
  Py_RETURN_NONE;
}

PyObject* serialize(PyObject* self, PyObject* /*unused*/) {
  const MessageObject& message = message_of(self);
  if (message.size == PyBytes_GET_SIZE(message.owner)) return Py_NewRef(message.owner);
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(message.data), message.size);
}

// For copy, deepcopy and pickle: the type and the message's own bytes.
PyObject* reduce(PyObject* self, PyObject* /*unused*/) {
  PyObject* bytes = serialize(self, nullptr);
  return bytes == nullptr ? nullptr : Py_BuildValue("O(N)", Py_TYPE(self), bytes);
}

const MessageSchema& schema_of(const PyTypeObject* type) {
  const auto found = std::ranges::find(parts(), type, &TypeParts::type);
  return *messages::all()[static_cast<std::size_t>(found - parts().begin())];
}

PyObject* made_of(const PyTypeObject* type, PyObject* data) {
  if (!PyBytes_Check(data)) {
    throw UnsupportedType(expected("data", "bytes", type_name(data)));
  }
  const MessageSchema& schema = schema_of(type);
  const Bytes bytes{reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(data)),
                    static_cast<std::size_t>(PyBytes_GET_SIZE(data))};
  if (bytes.size() < kWorthReleasingGil) {
    check_message(schema, bytes);
  } else {
    const GilRelease release;  // the caller's reference keeps the bytes, which nobody can change
    check_message(schema, bytes);
  }
  return new_message(schema, data, bytes);
}

PyObject* construct(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static char name[] = "data";
  static char* names[] = {name, nullptr};
  const py::bytes nothing;
  PyObject* data = nothing.ptr();
  if (PyArg_ParseTupleAndKeywords(arguments, keywords, "|O", names, &data) == 0) return nullptr;
  return made_of(type, data);
}

// The call of a type: of bytes alone without a tuple of arguments.
PyObject* call_type(PyObject* type, PyObject* const* arguments, std::size_t flags, PyObject* keywords) {
  const Py_ssize_t count = PyVectorcall_NARGS(flags);
  auto* own = reinterpret_cast<PyTypeObject*>(type);
  if (count == 1 && keywords == nullptr) return made_of(own, arguments[0]);
  py::tuple positional(static_cast<std::size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i)
    positional[static_cast<std::size_t>(i)] = py::reinterpret_borrow<py::object>(arguments[i]);
  py::dict named;
  for (Py_ssize_t i = 0; keywords != nullptr && i < PyTuple_GET_SIZE(keywords); ++i)
    named[py::handle(PyTuple_GET_ITEM(keywords, i))] = py::handle(arguments[count + i]);
  return construct(own, positional.ptr(), named.ptr());
}

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  release_message(message_of(self));
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* repr(PyObject* self) { return message_repr(message_of(self)); }

// NOLINTNEXTLINE(bugprone-throwing-static-initialization): the initialisers only copy pointers
PyMethodDef methods[] = {
    method_of_one_argument<&has_field>("HasField",
                                       "Whether a field is set, that is, whether the bytes hold it."),
    method_of_one_argument<&which_oneof>("WhichOneof",
                                         "The name of the field of a oneof that is set, or None."),
    function_without_arguments<&serialize>("SerializeToString", "The bytes that the message was read from."),
    function_without_arguments<&reduce>("__reduce__", nullptr),
    {nullptr, nullptr, 0, nullptr},
};

std::vector<PyGetSetDef> getters_of(const MessageSchema& schema) {
  std::vector<PyGetSetDef> getters;
  for (const FieldSchema& field : schema.fields)
    getters.push_back({field.name, &Entry<&get_field>::call, nullptr, nullptr,
                       const_cast<FieldSchema*>(&field)});  // NOLINT
  if (&schema == &messages::kValue) {
    static char plugin_name[] = "plugin_name", content[] = "content";
    getters.push_back({"plugin_name", &Entry<&get_plugin_field>::call, nullptr, nullptr, plugin_name});
    getters.push_back({"plugin_content", &Entry<&get_plugin_field>::call, nullptr, nullptr, content});
  }
  getters.push_back({nullptr, nullptr, nullptr, nullptr, nullptr});
  return getters;
}

PyTypeObject* make_type(const MessageSchema& schema, TypeParts& part) {
  part.name = std::string("tickertape.reader.") + schema.name;
  part.doc = std::string(schema.name) + "(data=b\"\")\n--\n\nThe message " + schema.name +
             " of tensorboard's " + schema.source + ", read from its bytes.";
  part.getters = getters_of(schema);
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(&Entry<&construct>::call)},
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
      {Py_tp_getattro, reinterpret_cast<void*>(&Entry<&get_attribute>::call)},
      {Py_tp_repr, reinterpret_cast<void*>(&Entry<&repr>::call)},
      {Py_tp_methods, methods},
      {Py_tp_getset, part.getters.data()},
      {Py_tp_doc, part.doc.data()},
      {0, nullptr},
  };
  PyType_Spec spec{part.name.c_str(), sizeof(MessageObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                   slots};
  auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (type == nullptr) throw py::error_already_set();
  type->tp_vectorcall = &Entry<&call_type>::call;  // no slot of a spec before Python 3.14
  for (const FieldSchema& field : schema.fields) {
    part.names.push_back(PyUnicode_InternFromString(field.name));
    if (part.names.back() == nullptr) throw py::error_already_set();
  }
  return type;
}

}  // namespace

PyTypeObject* message_type(const MessageSchema& schema) { return parts()[schema.id].type; }

void bind_messages(py::module_& module) {
  all_parts = parts().data();
  for (const MessageSchema* schema : messages::all()) {
    TypeParts& part = parts()[schema->id];
    part.type = make_type(*schema, part);
    module.add_object(schema->name,
                      py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(part.type)));
  }
}

}  // namespace tickertape::bindings
