// What serves columns to TensorBoard, for Python. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

void bind_serving(pybind11::module_& module);

}  // namespace tickertape::bindings
