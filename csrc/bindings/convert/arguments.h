// Python arguments to the core's types. L5. Each conversion may run Python code, so all of an op's are done
// before the core is called; each error names the argument.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "array/gather.h"
#include "protobuf/fields.h"
#include "writer/event_file_writer.h"

namespace tickertape::bindings {

// The first three return false with a Python error set, for the fast path; the rest throw.

// int() of anything; None (or nullptr) is 0. TypeError, ValueError.
bool to_step(PyObject* object, std::int64_t& step);
// float() of anything; None (or nullptr) is now. TypeError, ValueError.
bool to_wall_time(PyObject* object, double& wall_time);
// A number, bool, numeric string, or anything with one element; errors name `argument`. TypeError,
// ValueError. False without an error: the value is still on a device (bindings/devices.h).
bool to_scalar(PyObject* object, double& value, const char* argument = "scalar_value");
// As to_scalar() where that runs nobody's code and raises nothing; false: it may, and `value` is any.
bool to_scalar_quietly(PyObject* object, double& value);
// True for what to_scalar() reads without asking the object: it is on no device.
bool is_plain_number(PyObject* object);

// The UTF-8 of a str, which owns it. Throws: TypeError where it is none, ValueError where it holds
// surrogates.
std::string_view to_tag(PyObject* object);

struct When {
  std::int64_t step;
  double wall_time;
};
When to_when(pybind11::handle global_step, pybind11::handle walltime);

// "float32", "bfloat16", ... ValueError for others.
DType to_dtype(std::string_view name);
protobuf::TensorType to_tensor_type(const std::string& name);

// A view of `array`, whose elements are read as `dtype`. ValueError where their size differs.
ArraySource to_source(const pybind11::array& array, DType dtype, const char* argument);
// The same, by NumPy's own dtype. TypeError where it is no number type.
ArraySource to_source(const pybind11::array& array, const char* argument);

// The doubles of a contiguous float64 array.
std::span<const double> to_doubles(const pybind11::array_t<double, pybind11::array::c_style>& array);

// Raises what the backend has to tell as RuntimeWarnings; throws error_already_set where warnings are errors.
void raise_notices();

}  // namespace tickertape::bindings
