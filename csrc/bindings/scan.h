// The search of log directories and the scan of event files, for Python. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

void bind_scan(pybind11::module_& module);

}  // namespace tickertape::bindings
