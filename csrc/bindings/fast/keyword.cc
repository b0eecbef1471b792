// The error for a keyword argument that a fast method does not have. L5.
#include "bindings/fast/fast_call.h"

namespace py = pybind11;

namespace tickertape::bindings {

void refuse_keyword(const char* method, PyObject* keyword, std::span<const char* const> names) {
  py::list parameters;
  for (const char* name : names) parameters.append(name);
  const py::object hint =
      py::module_::import("tickertape.convert.keywords").attr("hint")(py::handle(keyword), parameters);
  PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'%U", method, keyword,
               hint.ptr());
}

}  // namespace tickertape::bindings
