// Part of tickertape._core; the contract is in _core.pyi. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// The rules for tag, step, wall time and scalar, for methods that are written in Python.
void bind_conversions(pybind11::module_& module);

}  // namespace tickertape::bindings
