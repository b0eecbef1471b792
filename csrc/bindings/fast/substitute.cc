// Passes a call to the substitute of a file whose ops other packages observe. L5.
#include "bindings/fast/fast_call.h"

namespace py = pybind11;

namespace tickertape::bindings {

PyObject* call_substitute(const py::object& substitute, const char* method, std::span<PyObject* const> given,
                          const char* const* names) {
  const auto function = py::reinterpret_steal<py::object>(PyObject_GetAttrString(substitute.ptr(), method));
  const auto none = py::reinterpret_steal<py::object>(PyTuple_New(0));
  const auto words = py::reinterpret_steal<py::object>(PyDict_New());
  if (!function || !none || !words) return nullptr;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] != nullptr && PyDict_SetItemString(words.ptr(), names[i], given[i]) != 0) return nullptr;
  }
  return PyObject_Call(function.ptr(), none.ptr(), words.ptr());
}

}  // namespace tickertape::bindings
