// Part of tickertape._core; the contract is in _core.pyi. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

void bind_arrow(pybind11::module_& module);

}  // namespace tickertape::bindings
