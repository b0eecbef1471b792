// Native methods on pybind11's classes that bypass its dispatcher (about 400 ns a call). L5.
#pragma once

#include <pybind11/pybind11.h>

#include <span>

#include "base/error.h"
#include "bindings/support/entry.h"
#include "bindings/writer/py_writer.h"

namespace tickertape::bindings {

// What takes the calls of a SummaryWriterBase; its _open() is called if there is nothing. A null object with
// an error set. If another thread closes the file meanwhile, it is opened again, at most some hundred times.
inline PyWriterBase::Bound bound_writer(PyObject* self, const PyWriterBase& base) {
  PyWriterBase::Bound bound = base.get();
  for (int tries = 0; !bound.object; ++tries) {
    if (tries == 500) {
      PyErr_SetString(PyExc_RuntimeError, "_open() bound no writer");
      break;
    }
    PyObject* opened = PyObject_CallMethod(self, "_open", nullptr);
    if (opened == nullptr) break;
    Py_DECREF(opened);
    bound = base.get();
  }
  return bound;
}

// What `use(bound)` returns for what takes the calls. If another thread closes the writer before it has
// accepted the op, the next writer gets the op, as with the methods that are written in Python.
template <typename Use>
PyObject* use_bound_writer(PyObject* self, const PyWriterBase& base, Use use) {
  for (;;) {
    const PyWriterBase::Bound bound = bound_writer(self, base);
    try {
      return use(bound);
    } catch (const ClosedError&) {
      if (base.get().writer == bound.writer) throw;  // closed by itself, not by close() of `self`
    }
  }
}

// Calls the method `method` of a substitute, which the caller holds, with the arguments in `given`; nullptr
// means that it was not given.
PyObject* call_substitute(const pybind11::object& substitute, const char* method,
                          std::span<PyObject* const> given, const char* const* names);

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
