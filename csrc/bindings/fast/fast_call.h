// Native methods on pybind11's classes that bypass its dispatcher (about 400 ns a call). L5.
#pragma once

#include <pybind11/pybind11.h>

#include <span>

#include "bindings/py_writer.h"

namespace tickertape::bindings {

// pybind11 keeps a pointer to the C++ object in each instance; nullptr before __init__(), then with an error
// set.
template <typename T>
T* value_of(PyObject* self) {
  auto* instance = reinterpret_cast<pybind11::detail::instance*>(self);
  void* value = instance->simple_layout ? instance->simple_value_holder[0]
                                        : instance->get_value_and_holder().value_ptr<void>();
  if (value == nullptr) PyErr_SetString(PyExc_TypeError, "__init__() of the writer was not called");
  return static_cast<T*>(value);
}

// The writer bound to a SummaryWriterBase, opened by its _open() if there is none. nullptr with an error set,
// or without one if the file that was opened has a substitute. Other threads may close what was just opened:
// then it is opened again, some hundred times at most.
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

// Calls the method `method` of a substitute with the arguments in `given`, of which nullptr was not given.
PyObject* call_substitute(const PyWriterBase& base, const char* method, std::span<PyObject* const> given,
                          const char* const* names);

// Puts `definition` (METH_FASTCALL | METH_KEYWORDS) on a class; it must live as long as the class.
inline void add_method(pybind11::handle type, PyMethodDef& definition) {
  PyObject* method = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &definition);
  if (method == nullptr) throw pybind11::error_already_set();
  type.attr(definition.ml_name) = pybind11::reinterpret_steal<pybind11::object>(method);
}

using FastFunction = PyObject* (*)(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                                   PyObject* keywords);

inline PyMethodDef fast_method(const char* name, FastFunction function, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

// EventFileWriter's.
PyMethodDef& event_scalar_method();
PyMethodDef& event_log_method();
PyMethodDef& event_histogram_method();
// The fast methods of SummaryWriterBase and its subclasses.
PyMethodDef& scalar_method();
PyMethodDef& log_method();
PyMethodDef& flush_method();

}  // namespace tickertape::bindings
