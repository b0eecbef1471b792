// flush() with nothing new: trainers call it at every log, so it is one comparison. L5.
#include "bindings/fast_call.h"

namespace tickertape::bindings {
namespace {

// Everything that any writer of the process pushed is in its file.
bool nothing_is_queued() {
  Backend* backend = Backend::current();
  return backend == nullptr ||
         (backend->ring().tail() == backend->ring().head() && !backend->notices().any());
}

PyObject* base_flush(PyObject* self, PyObject* const* /*arguments*/, Py_ssize_t count, PyObject* keywords) {
  if (count != 0 || (keywords != nullptr && PyTuple_GET_SIZE(keywords) != 0)) {
    PyErr_SetString(PyExc_TypeError, "flush() takes no arguments");
    return nullptr;
  }
  if (nothing_is_queued()) [[likely]]
    Py_RETURN_NONE;
  return PyObject_CallMethod(self, "_flush", nullptr);
}

constexpr const char* kDoc =
    "flush($self, /)\n--\n\n"
    "Returns when everything added so far is in the files and visible to a reader. After close() nothing is "
    "left.";

}  // namespace

PyMethodDef& flush_method() {
  static PyMethodDef method = fast_method("flush", &base_flush, kDoc);
  return method;
}

}  // namespace tickertape::bindings
