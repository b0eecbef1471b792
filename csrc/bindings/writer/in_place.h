// Arrays that are read in place: _core.InPlace, and how its owner is released. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

namespace tickertape::bindings {

// tickertape._core.InPlace: as `source`, the arrays of the call are read in place, later. `owner` keeps them
// alive.
struct PyInPlace {
  pybind11::object owner;
};

// A reference that any thread may drop, with or without the GIL: Python releases the object soon after.
std::shared_ptr<const void> keep_for_any_thread(const pybind11::object& object);

void bind_in_place(pybind11::module_& module);

}  // namespace tickertape::bindings
