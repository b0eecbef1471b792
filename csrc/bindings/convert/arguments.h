// Python arguments to the core's types. L5. Each conversion may run Python code, so all of an op's are done
// before the core is called; each error names the argument.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "array/gather.h"
#include "bindings/convert/dtypes.h"
#include "writer/event_file_writer.h"

namespace tickertape::bindings {

// To be called once, when the module is made.
void prepare_arguments();

// Functions that return bool are for the fast path: false means that a Python error is set. The others throw.
// All throw error_already_set if a warning is an error.

// int() of anything; None (or nullptr) is 0. Warns once if that drops a fraction. TypeError, ValueError.
bool to_step(PyObject* object, std::int64_t& step, const char* argument = "global_step");
// float() of anything but text, finite; None (or nullptr) is now. TypeError, ValueError.
bool to_wall_time(PyObject* object, double& wall_time, const char* argument = "walltime");
// A number, bool, numeric string, or anything with one element; errors name `argument`. A masked element is
// NaN, with a warning. TypeError, ValueError. False without an error: the value is still on a device
// (bindings/devices.h).
bool to_scalar(PyObject* object, double& value, const char* argument = "scalar_value");
// The same, but waits for a value that is still on a device.
bool to_scalar_waiting(PyObject* object, double& value, const char* argument);
// bool() of anything. TypeError, ValueError.
bool to_flag(PyObject* object, bool& flag, const char* argument);
// float() of anything but text and complex numbers. TypeError, ValueError.
bool to_real(PyObject* object, double& value, const char* argument);
// Like to_scalar() for values that need no Python code and raise nothing. False for all others; `value` is
// then unspecified.
bool to_scalar_quietly(PyObject* object, double& value);
// True for a value that to_scalar() reads without Python code: it is not on a device.
bool is_plain_number(PyObject* object);

// The UTF-8 of a str, which owns it. Throws: TypeError if it is not a str, ValueError if it has a
// lone surrogate.
std::string_view to_text(PyObject* object, const char* argument);
inline std::string_view to_tag(PyObject* object) { return to_text(object, "tag"); }

// An integer of at least 1. Throws TypeError, ValueError.
std::uint64_t to_count(pybind11::handle object, const char* argument);

// The elements of anything iterable, kept by the list: an iteration of py::sequence leaves handles to objects
// that are gone if they were made when asked for. Throws TypeError ("argument: expected what, got T"), and
// whatever the iteration raises.
pybind11::list elements(const pybind11::object& values, const char* argument, const char* what);

struct When {
  std::int64_t step;
  double wall_time;
};
When to_when(pybind11::handle global_step, pybind11::handle walltime);

// A view of `array`, whose elements are read as `dtype`. ValueError if their size differs.
ArraySource to_source(const pybind11::array& array, DType dtype, const char* argument);
// The same with the dtype of the array. TypeError if that is not a type of numbers.
ArraySource to_source(const pybind11::array& array, const char* argument);

// `array` itself if it is C-contiguous and aligned, otherwise a copy that is. Throws error_already_set (no
// memory).
pybind11::array in_one_piece(const pybind11::array& array);

using Doubles = pybind11::array_t<double, pybind11::array::c_style>;
// `object` as a contiguous float64 array. Throws TypeError.
Doubles to_double_array(pybind11::handle object, const char* argument);
std::span<const double> to_doubles(const Doubles& array);

}  // namespace tickertape::bindings
