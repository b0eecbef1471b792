// flush() with nothing new: trainers call it at every log, so it is one comparison. L5.
#include "bindings/fast/fast_call.h"

namespace tickertape::bindings {
namespace {

PyObject* slow_flush_name = nullptr;  // "_flush"; kept for ever

// True if everything that any writer of the process pushed is in its file.
bool nothing_is_queued() {
  Backend* backend = ProcessBackend::current();
  return backend == nullptr ||
         (backend->ring().tail() == backend->ring().head() && !backend->notices().any());
}

// flush(wait), flush(wait=wait); nullptr with an error set for anything else.
PyObject* wait_argument(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  if (count + named == 0) return Py_False;
  const bool is_wait = count + named == 1 && (named == 0 || PyUnicode_CompareWithASCIIString(
                                                                PyTuple_GET_ITEM(keywords, 0), "wait") == 0);
  if (is_wait) return arguments[0];
  PyErr_SetString(PyExc_TypeError, "flush() takes one argument at most, wait");
  return nullptr;
}

PyObject* base_flush(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  PyObject* wait = Py_False;
  if (count != 0 || keywords != nullptr) [[unlikely]] {
    wait = wait_argument(arguments, count, keywords);
    if (wait == nullptr) return nullptr;
  }
  // flush(wait=True) of a run with a URL also waits for the store, which knows more than the queue.
  if (wait == Py_False && nothing_is_queued()) [[likely]]
    Py_RETURN_NONE;
  return PyObject_CallMethodOneArg(self, slow_flush_name, wait);
}

constexpr const char* kFlushDoc =
    "flush($self, /, wait=False)\n--\n\n"
    "Returns when everything added so far is in the files and visible to a reader. Does nothing after "
    "close().\n"
    "\n"
    "Args:\n"
    "    wait: also wait for values that are still on a device. Otherwise the first of them in a file, and "
    "what follows\n"
    "        it there, is written later.\n";

}  // namespace

PyMethodDef& flush_method() {
  slow_flush_name = PyUnicode_InternFromString("_flush");
  static PyMethodDef method = fast_method<&base_flush>("flush", kFlushDoc);
  return method;
}

}  // namespace tickertape::bindings
