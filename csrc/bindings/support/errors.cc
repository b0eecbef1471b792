// The core's errors as Python's. L5.
#include "bindings/support/errors.h"

#include <pybind11/pybind11.h>

#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Made once, by register_errors(); the module keeps them for ever.
PyObject* unsupported_type = nullptr;
PyObject* unsupported_value = nullptr;
PyObject* writer_closed = nullptr;

PyObject* make_class(const char* name, const char* docstring, const py::tuple& bases) {
  PyObject* made = PyErr_NewExceptionWithDoc(name, docstring, bases.ptr(), nullptr);
  if (made == nullptr) throw py::error_already_set();
  return made;
}

// Texts of the core may hold file names, which are any bytes.
void set_error(PyObject* type, const char* text) {
  const std::string shown = printable(text);
  const auto message = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(shown.data(), static_cast<Py_ssize_t>(shown.size()), "backslashreplace"));
  if (message) PyErr_SetObject(type, message.ptr());  // otherwise the error of the decoder is set
}

void set_os_error(const IoError& error) {
  // OSError appends the path by itself.
  const std::string shown =
      printable(error.doing() + ": " + std::generic_category().message(error.error_number()));
  const auto text = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(shown.data(), static_cast<Py_ssize_t>(shown.size()), "backslashreplace"));
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
  } catch (const ClosedError& closed) {
    set_error(writer_closed, closed.what());
  } catch (const ArgumentError& argument) {
    set_error(unsupported_value, argument.what());
  } catch (const DataError& data) {
    set_error(PyExc_ValueError, data.what());
  }
}

void set_any_error(std::exception_ptr error) {
  try {
    translate(std::move(error));
  } catch (py::error_already_set& python) {
    python.restore();
  } catch (const py::builtin_exception& builtin) {
    builtin.set_error();
  }
}

}  // namespace

PyObject* UnsupportedType::type() { return unsupported_type; }
PyObject* UnsupportedValue::type() { return unsupported_value; }
void UnsupportedType::set_error() const { PyErr_SetString(unsupported_type, what()); }
void UnsupportedValue::set_error() const { PyErr_SetString(unsupported_value, what()); }

void register_errors(py::module_& module) {
  const auto base = [](PyObject* type) { return py::reinterpret_borrow<py::object>(type); };
  unsupported_type = make_class(
      "tickertape.UnsupportedType",
      "An argument is of a type that the method does not take.\n\n"
      "Also a ValueError, NotImplementedError and AssertionError: torch's writer raises each of them.",
      py::make_tuple(base(PyExc_TypeError), base(PyExc_ValueError), base(PyExc_NotImplementedError),
                     base(PyExc_AssertionError)));
  unsupported_value = make_class(
      "tickertape.UnsupportedValue",
      "An argument has a value or shape that the method does not take.\n\n"
      "Also a NotImplementedError and AssertionError: torch's writer raises both.",
      py::make_tuple(base(PyExc_ValueError), base(PyExc_NotImplementedError), base(PyExc_AssertionError)));
  writer_closed = make_class("tickertape._core.WriterClosed", "The writer was closed before the call.",
                             py::make_tuple(base(unsupported_value)));
  module.attr("WriterClosed") = py::handle(writer_closed);
  module.attr("UnsupportedType") = py::handle(unsupported_type);
  module.attr("UnsupportedValue") = py::handle(unsupported_value);
  py::register_exception_translator(translate);
}

void raise_in_python(std::exception_ptr error) noexcept {
  if (!error) stop_this_thread();  // pthread_exit() is not a C++ exception, so the pointer is null
  try {
    set_any_error(std::move(error));
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& other) {
    set_error(PyExc_RuntimeError, other.what());
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "tickertape: an exception of an unknown kind");
  }
}

void replace_error(PyObject* type, const char* argument, const char* what, PyObject* object,
                   const char* cure) {
  const py::error_already_set cause;
  const std::string why = text_of(cause.value());
  const std::string got = type_name(object) + (why.empty() ? "" : " (" + why + ")") + cure;
  PyErr_SetString(type, expected(argument, what, got).c_str());
  py::error_already_set named;
  if (cause.trace()) PyException_SetTraceback(cause.value().ptr(), cause.trace().ptr());
  PyException_SetCause(named.value().ptr(), py::object(cause.value()).release().ptr());
  named.restore();
}

}  // namespace tickertape::bindings
