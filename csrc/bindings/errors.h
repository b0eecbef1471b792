// The core's errors and warnings as Python's. L5.
#pragma once

#include <Python.h>

#include <exception>

namespace tickertape::bindings {

// Registers the translation with pybind11: IoError to OSError (errno, message, path), ArgumentError and
// DataError to ValueError.
void register_errors();

// The same for functions that pybind11 does not wrap, with what std::current_exception() gave: sets the
// Python error. Does not return to a thread that Python ends at its own end.
void raise_in_python(std::exception_ptr error);

// Warns as from the line of the user's code that is being run (tickertape.convert.notices). Runs Python code.
// Throws error_already_set if the warning is an error.
void warn(PyObject* category, const char* text);

}  // namespace tickertape::bindings
