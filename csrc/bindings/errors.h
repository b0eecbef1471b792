// The core's errors as Python's. L5.
#pragma once

#include <exception>

namespace tickertape::bindings {

// Registers the translation with pybind11: IoError to OSError (errno, message, path), ArgumentError and
// DataError to ValueError.
void register_errors();

// The same for functions that pybind11 does not wrap, with what std::current_exception() gave: sets the
// Python error. Does not return to a thread that Python ends at its own end.
void raise_in_python(std::exception_ptr error);

}  // namespace tickertape::bindings
