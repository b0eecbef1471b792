// Python warnings, also for the notices of the core. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

namespace tickertape::bindings {

// Warns with the line of the user's code that is running (tickertape.convert.notices). `text` is UTF-8;
// other bytes are escaped. Runs Python code. Throws error_already_set if the warning is an error.
void warn(PyObject* category, const std::string& text);

// The same, but only for the first `key` of the process (tickertape.convert.notices).
void warn_once(PyObject* category, const std::string& key, const std::string& text);

// Warns of every notice that the backend has left (RuntimeWarning). Throws error_already_set if warnings are
// errors: then all of them are raised, each as the context of the next one. If something else is raised
// meanwhile (KeyboardInterrupt), the notices that were not delivered are kept for the next call.
void raise_notices();
// The same for the notices about the name with this id and for those about none: a warning about one tag does
// not come up in a call on another one.
void raise_notices_about(std::uint32_t name);

}  // namespace tickertape::bindings
