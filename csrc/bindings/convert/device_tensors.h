// Scalars of torch's tensors on CUDA and HIP, copied without Python code of Tickertape. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <span>

#include "device/device_copy.h"

namespace tickertape::bindings {

// Whether set_device_tensors() named it.
bool is_device_tensor_type(PyTypeObject* type);

// Enqueues copies of the values that are tensors of one element, of a type that set_device_tensors() named,
// on an opened device: one copy for each element type of a device. Their `numbers`, of the same length, are
// set. The others, also those that raise an Exception, are left to the hooks of Python. Throws any other
// error.
void copy_scalars(std::span<PyObject* const> values, std::span<DeferredNumber> numbers);

// The functions set_device_tensors() and open_device() of _core.pyi.
void bind_device_tensors(pybind11::module_& module);

}  // namespace tickertape::bindings
