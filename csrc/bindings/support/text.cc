// Texts about Python objects for error messages. L5.
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// `text` (stolen) in UTF-8; an Exception that was raised instead is cleared.
std::string utf8_or_placeholder(PyObject* text, PyObject* object) {
  const auto owned = py::reinterpret_steal<py::object>(text);
  const auto bytes = py::reinterpret_steal<py::object>(
      owned ? PyUnicode_AsEncodedString(owned.ptr(), "utf-8", "backslashreplace") : nullptr);
  if (bytes) return {PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) throw py::error_already_set();
  PyErr_Clear();
  return "<unprintable " + type_name(object) + ">";
}

// A str of the type's own dictionary in UTF-8; "" if it is not there. Does not use the metaclass.
std::string entry_of(PyTypeObject* type, const char* key) {
  if (type->tp_dict == nullptr) return "";
  const auto entry = py::reinterpret_steal<py::object>(py::detail::dict_getitemstringref(type->tp_dict, key));
  const char* text = entry && PyUnicode_Check(entry.ptr()) ? PyUnicode_AsUTF8(entry.ptr()) : nullptr;
  if (text == nullptr) PyErr_Clear();
  return text == nullptr ? "" : text;
}

std::string qualified_name(PyTypeObject* type) {
  if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0)
    return type->tp_name;  // a type made in C: has its module in front
  const auto* heap_type = reinterpret_cast<PyHeapTypeObject*>(type);
  const char* name = heap_type->ht_qualname == nullptr ? nullptr : PyUnicode_AsUTF8(heap_type->ht_qualname);
  if (name == nullptr) PyErr_Clear();
  const std::string module = entry_of(type, "__module__");
  return (module.empty() ? "" : module + ".") + (name == nullptr ? type->tp_name : name);
}

}  // namespace

std::string text_of(py::handle object) {
  return utf8_or_placeholder(PyObject_Str(object.ptr()), object.ptr());
}

std::string repr_of(py::handle object) {
  return utf8_or_placeholder(PyObject_Repr(object.ptr()), object.ptr());
}

std::string type_name(PyObject* object) {
  static constexpr std::string_view kBuiltins = "builtins.";
  std::string name = qualified_name(Py_TYPE(object));
  if (name.starts_with(kBuiltins)) name.erase(0, kBuiltins.size());
  return name;
}

std::string expected(std::string_view argument, std::string_view what, std::string_view got) {
  std::string message(argument);
  message.append(": expected ").append(what).append(", got ").append(got);
  return message;
}

std::string fs_path(py::handle path) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), static_cast<void*>(&encoded)) == 0) throw py::error_already_set();
  return std::string(py::reinterpret_steal<py::bytes>(encoded));
}

py::str path_text(std::string_view path) {
  PyObject* text = PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size()));
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

py::str plain_text(std::string_view text) {
  PyObject* object =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(object);
}

py::object optional_attribute(py::handle object, const char* name) {
  PyObject* attribute = PyObject_GetAttrString(object.ptr(), name);
  if (attribute == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw py::error_already_set();
    PyErr_Clear();
  }
  return py::reinterpret_steal<py::object>(attribute);
}

}  // namespace tickertape::bindings
