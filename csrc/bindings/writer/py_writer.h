// What the Python classes hold. L5.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/support/shared.h"
#include "bindings/writer/shared_writer.h"

namespace tickertape::bindings {

// Exactly a str: releasing one runs no Python code.
struct TagKeys {
  using Key = PyObject*;
  static void keep(PyObject* tag) { Py_INCREF(tag); }
  static void drop(PyObject* tag) { Py_XDECREF(tag); }
};

// tickertape._core.EventFileWriter
class PyWriter : public SharedWriter<TagKeys, Mutex> {
  using SharedWriter::SharedWriter;
};

// tickertape._core.SummaryWriterBase: the EventFileWriter that takes the calls, or the object whose
// add_scalar() and log() take them instead; nothing if no file is open.
class PyWriterBase : public WriterBinding<PyWriter, pybind11::object, Mutex> {};

}  // namespace tickertape::bindings
