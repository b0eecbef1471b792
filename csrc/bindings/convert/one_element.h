// Arrays and tensors of one element that lie on the host. L5; for to_scalar().
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// Exactly a numpy.ndarray; a subclass may be masked.
bool is_array(PyObject* object);
// The element of such an array, read where it lies. False: several, none, or of a type that float() shall
// read.
bool read_element(PyObject* object, double& value);

// Exactly a torch.Tensor or Parameter whose memory is the host's: nothing has to be asked or waited for.
bool is_host_tensor(PyObject* object);

}  // namespace tickertape::bindings
