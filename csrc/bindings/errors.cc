// The core's errors as Python's. L5.
#include "bindings/errors.h"

#include <pybind11/pybind11.h>

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/error.h"
#include "bindings/gil.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

void set_os_error(const IoError& error) {
  const auto text = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
      error.what(), static_cast<Py_ssize_t>(std::strlen(error.what())), "backslashreplace"));
  const std::string& name = error.path();
  const auto path = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeFSDefaultAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
  if (!text || !path) throw py::error_already_set();
  // OSError(errno, text, path) makes the right subclass (FileNotFoundError, PermissionError, ...) by itself.
  const py::tuple arguments = py::make_tuple(error.error_number(), text, path);
  PyErr_SetObject(PyExc_OSError, arguments.ptr());
}

void translate(std::exception_ptr error) {
  if (!error) return;
  try {
    std::rethrow_exception(std::move(error));
  } catch (const Interrupted&) {
    return;  // the signal handler's exception is set
  } catch (const IoError& io) {
    set_os_error(io);
  } catch (const ArgumentError& argument) {
    PyErr_SetString(PyExc_ValueError, argument.what());
  } catch (const DataError& data) {
    PyErr_SetString(PyExc_ValueError, data.what());
  }
}

}  // namespace

void register_errors() { py::register_exception_translator(translate); }

void raise_in_python(std::exception_ptr error) {
  if (!error) stop_this_thread();  // pthread_exit() is no exception of C++, so there is nothing to point to
  try {
    try {
      translate(std::move(error));
    } catch (py::error_already_set& python) {
      python.restore();
    } catch (const py::builtin_exception& builtin) {
      builtin.set_error();
    }
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& other) {
    PyErr_SetString(PyExc_RuntimeError, other.what());
  }
}

void warn(PyObject* category, const char* text) {
  const auto module = py::reinterpret_steal<py::object>(PyImport_ImportModule("tickertape.convert.notices"));
  if (module) {
    module.attr("warn")(text, py::handle(category));
    return;
  }
  PyErr_Clear();  // the interpreter is ending
  if (PyErr_WarnEx(category, text, 1) != 0) throw py::error_already_set();
}

}  // namespace tickertape::bindings
