// Tensors of torch in the memory of the host. L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// Exactly a torch.Tensor or Parameter in the memory of the host: reading it waits for nothing.
bool is_host_tensor(PyObject* object);

// The function host_array() of _core.pyi.
void bind_host_tensors(pybind11::module_& module);

}  // namespace tickertape::bindings
