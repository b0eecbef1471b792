// Native methods on pybind11's classes that bypass its dispatcher (about 400 ns a call). L5.
#pragma once

#include <pybind11/pybind11.h>

#include <span>

#include "bindings/support/entry.h"
#include "bindings/writer/py_writer.h"

namespace tickertape::bindings {

// The writer bound to a SummaryWriterBase, opened by its _open() if there is none. nullptr with an error set,
// or without one if the file that was opened has a substitute. If another thread closes the
// file meanwhile, it is opened again, at most some hundred times.
inline PyWriter* bound_writer(PyObject* self, const PyWriterBase& base) {
  for (int tries = 0; base.bound == nullptr; ++tries) {
    if (base.substitute) return nullptr;
    if (tries == 500) {
      PyErr_SetString(PyExc_RuntimeError, "_open() bound no writer");
      return nullptr;
    }
    PyObject* opened = PyObject_CallMethod(self, "_open", nullptr);
    if (opened == nullptr) return nullptr;
    Py_DECREF(opened);
  }
  return base.bound;
}

// Calls the method `method` of a substitute with the arguments in `given`; nullptr means that it was not
// given.
PyObject* call_substitute(const PyWriterBase& base, const char* method, std::span<PyObject* const> given,
                          const char* const* names);

// Sets a TypeError for a keyword that `method`, with parameters of these names, does not have.
void refuse_keyword(const char* method, PyObject* keyword, std::span<const char* const> names);

// EventFileWriter's.
PyMethodDef& event_scalar_method();
PyMethodDef& event_log_method();
PyMethodDef& event_histogram_method();
// The fast methods of SummaryWriterBase and its subclasses.
PyMethodDef& scalar_method();
PyMethodDef& log_method();
PyMethodDef& flush_method();

}  // namespace tickertape::bindings
