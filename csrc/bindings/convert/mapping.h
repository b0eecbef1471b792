// Mappings that callers pass, whatever their items() does. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace tickertape::bindings {

// The items() of `values` as a new list of tuples of two, which no other code can change. Throws
// TypeError naming `argument` if it has no items(), if they are no pairs, or if it changes meanwhile; other
// errors of the mapping stay.
pybind11::list items_of(PyObject* values, const std::string& argument);

}  // namespace tickertape::bindings
