// The messages of event files as Python types: Event, Summary, Value, ... L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// Adds one type for each of messages::all(); the contract is in _core.pyi.
void bind_messages(pybind11::module_& module);

}  // namespace tickertape::bindings
