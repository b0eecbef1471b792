// The core's errors as Python's. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <exception>

namespace tickertape::bindings {

// What every bad argument raises in Python: tickertape.UnsupportedType is a TypeError, UnsupportedValue a
// ValueError. Both are also what torch's writer raises for such an argument (NotImplementedError,
// AssertionError), so that code which catches its errors catches ours.
class UnsupportedType : public pybind11::builtin_exception {
 public:
  using builtin_exception::builtin_exception;
  void set_error() const override;
  static PyObject* type();  // borrowed
};
class UnsupportedValue : public pybind11::builtin_exception {
 public:
  using builtin_exception::builtin_exception;
  void set_error() const override;
  static PyObject* type();  // borrowed
};

// Makes the two classes, and registers the translation with pybind11: IoError to OSError (errno, message,
// path), ArgumentError to UnsupportedValue (ClosedError to
// _core.WriterClosed), DataError to ValueError.
void register_errors(pybind11::module_& module);

// The same for functions that pybind11 does not wrap, with the result of std::current_exception(): sets the
// Python error. Does not return to a thread that Python ends at its own end.
void raise_in_python(std::exception_ptr error) noexcept;

// Replaces the Python error that is set by one of `type`: "argument: expected what,
// got T (text of the old error)", where T is the type of `object`. The old error becomes its cause. Throws
// error_already_set if the text of the old error raises KeyboardInterrupt or the like.
void replace_error(PyObject* type, const char* argument, const char* what, PyObject* object,
                   const char* cure = "");

}  // namespace tickertape::bindings
