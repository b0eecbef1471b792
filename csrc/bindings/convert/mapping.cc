// Mappings that callers pass, whatever their items() does. L5.
#include "bindings/convert/mapping.h"

#include <utility>

#include "bindings/support/errors.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

constexpr const char* kItems = "a mapping whose items() are pairs";

// Names the argument in what iterating over odd mappings raises: AttributeError (no items()), TypeError,
// ValueError, RuntimeError (the mapping changed meanwhile).
[[noreturn]] void throw_no_items(PyObject* values, const std::string& argument) {
  const bool is_recursion = PyErr_ExceptionMatches(PyExc_RecursionError) != 0;
  for (PyObject* type : {PyExc_AttributeError, PyExc_TypeError, PyExc_ValueError, PyExc_RuntimeError}) {
    if (is_recursion || PyErr_ExceptionMatches(type) == 0) continue;
    replace_error(UnsupportedType::type(), argument.c_str(), kItems, values);
    break;
  }
  throw py::error_already_set();
}

py::tuple to_pair(const py::object& item, PyObject* values, const std::string& argument) {
  if (PyUnicode_Check(item.ptr()) || PyBytes_Check(item.ptr()))
    throw UnsupportedType(expected(argument, kItems, "an item that is text"));
  auto pair = py::reinterpret_steal<py::tuple>(PySequence_Tuple(item.ptr()));
  if (!pair) throw_no_items(values, argument);
  if (pair.size() != 2)
    throw UnsupportedType(expected(argument, kItems, "an item of " + std::to_string(pair.size())));
  return pair;
}

}  // namespace

py::list items_of(PyObject* values, const std::string& argument) {
  const auto items = py::reinterpret_steal<py::object>(
      PyDict_CheckExact(values) ? PyDict_Items(values) : PyObject_CallMethod(values, "items", nullptr));
  const auto list = py::reinterpret_steal<py::list>(items ? PySequence_List(items.ptr()) : nullptr);
  if (!list) throw_no_items(values, argument);
  // NOLINTNEXTLINE(modernize-loop-convert): items are replaced while the list is walked
  for (std::size_t i = 0; i < list.size(); ++i) {
    const py::object item = list[i];
    if (!PyTuple_CheckExact(item.ptr()) || PyTuple_GET_SIZE(item.ptr()) != 2)
      list[i] = to_pair(item, values, argument);
  }
  return list;
}

}  // namespace tickertape::bindings
