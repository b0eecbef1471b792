// Part of tickertape._core; the contract is in _core.pyi. L5.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/writer/py_writer.h"

namespace tickertape::bindings {

void bind_writer(pybind11::module_& module);

void bind_curves(pybind11::class_<PyWriter>& writer);

// The methods for images, clips and sounds.
void bind_media(pybind11::class_<PyWriter>& writer);

}  // namespace tickertape::bindings
