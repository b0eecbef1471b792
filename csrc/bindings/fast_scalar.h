// add_scalar as a native method that bypasses pybind11's dispatcher (which costs about 400 ns a call). L5.
#pragma once

#include <pybind11/pybind11.h>

namespace tickertape::bindings {

// Puts add_scalar on the two classes, once they exist.
void add_fast_scalar(pybind11::handle event_file_writer, pybind11::handle summary_writer_base);

}  // namespace tickertape::bindings
