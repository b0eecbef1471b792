// Arrays of one element. L5; for to_scalar().
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// Exactly a numpy.ndarray; a subclass may be masked.
bool is_array(PyObject* object);
// Reads the element of such an array from its memory. False if it has more elements or none, or a type that
// float() has to read.
bool read_element(PyObject* object, double& value);

// A masked array (numpy.ma) of one element, which is masked: float() and item() of some such arrays return
// what is below the mask. Throws error_already_set if asking for its mask raises.
bool is_masked(PyObject* object);

}  // namespace tickertape::bindings
