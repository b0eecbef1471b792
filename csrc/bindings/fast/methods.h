// Part of tickertape._core; the contract is in _core.pyi. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// The methods that bypass pybind11's dispatcher. After bind_writer().
void bind_fast_methods(pybind11::module_& module);

}  // namespace tickertape::bindings
