// The methods that bypass pybind11's dispatcher, on their classes. L5.
#include "bindings/fast/methods.h"

#include "bindings/fast/fast_call.h"
#include "bindings/support/errors.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// The interpreter has its fast call of a method descriptor only for instances of the exact class for which
// the descriptor was made, so a subclass gets its own (CPython 3.11 to 3.13, specialize.c; 170 instructions
// and one for each of its bases, counted by callgrind).
void put_fast_methods(const py::type& cls) {
  const py::type base = py::type::of<PyWriterBase>();
  if (PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls.ptr()),
                       reinterpret_cast<PyTypeObject*>(base.ptr())) == 0)
    throw UnsupportedType(expected("cls", "a subclass of SummaryWriterBase", repr_of(cls)));
  for (PyMethodDef* method : {&scalar_method(), &log_method(), &flush_method()}) add_method(cls, *method);
}

}  // namespace

void bind_fast_methods(py::module_& module) {
  const py::type writer = py::type::of<PyWriter>();
  for (PyMethodDef* method : {&event_scalar_method(), &event_log_method(), &event_histogram_method()})
    add_method(writer, *method);
  put_fast_methods(py::type::of<PyWriterBase>());
  module.def("put_fast_methods", &put_fast_methods, py::arg("cls"));
}

}  // namespace tickertape::bindings
