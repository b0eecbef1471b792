// What a scan returns, for Python. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

void bind_index(pybind11::module_& module);

}  // namespace tickertape::bindings
