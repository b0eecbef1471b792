// Python arguments to the core's types. L5.
#include "bindings/convert/arguments.h"

#include <pybind11/gil_safe_call_once.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/os/clock.h"
#include "bindings/convert/one_element.h"
#include "bindings/devices.h"
#include "bindings/errors.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

const char* type_name(PyObject* object) { return Py_TYPE(object)->tp_name; }

// Replaces the error that a conversion raised by one that names the argument; the old one becomes its cause.
// Errors that are not about the value (KeyboardInterrupt, MemoryError) stay as they are.
void name_argument(const char* argument, const char* expected, PyObject* object) {
  const bool is_type_error = PyErr_ExceptionMatches(PyExc_TypeError) != 0;
  const bool is_value_error =
      PyErr_ExceptionMatches(PyExc_ValueError) || PyErr_ExceptionMatches(PyExc_OverflowError) ||
      PyErr_ExceptionMatches(PyExc_RuntimeError) || PyErr_ExceptionMatches(PyExc_NotImplementedError);
  if (!is_type_error && !is_value_error) return;
  const py::error_already_set cause;
  const std::string message = std::string(argument) + " must be " + expected + ", got " + type_name(object) +
                              " (" + std::string(py::str(cause.value())) + ")";
  PyErr_SetString(is_type_error ? PyExc_TypeError : PyExc_ValueError, message.c_str());
  py::error_already_set named;
  PyException_SetCause(named.value().ptr(), py::object(cause.value()).release().ptr());
  named.restore();
}

constexpr const char* kScalar = "a number or an array of one element";

bool refuse_scalar(PyObject* object, const char* argument) {
  PyErr_Format(PyExc_TypeError, "%s must be %s, got %s", argument, kScalar, type_name(object));
  return false;
}

bool float_of(PyObject* object, const char* argument, const char* expected, double& value) {
  PyObject* number = PyNumber_Float(object);
  if (number == nullptr) {
    name_argument(argument, expected, object);
    return false;
  }
  value = PyFloat_AS_DOUBLE(number);
  Py_DECREF(number);
  return true;
}

// NumPy's base class of all complex scalars, whose __float__ drops a part without an error.
PyObject* numpy_complex() {
  static PyObject* type = py::object(py::module_::import("numpy").attr("complexfloating")).release().ptr();
  return type;
}

bool is_complex(PyObject* object) {
  return PyComplex_Check(object) || PyObject_IsInstance(object, numpy_complex()) == 1;
}

PyTypeObject* numpy_type(const char* name) {
  return reinterpret_cast<PyTypeObject*>(py::object(py::module_::import("numpy").attr(name)).release().ptr());
}

// numpy.float32, int64, bool_, ...: float() reads them exactly, without the tenfold cost of item() and
// checks.
bool is_numpy_real(PyObject* object) {
  using Types = std::array<PyTypeObject*, 3>;
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Types> stored;
  const Types& types = stored
                           .call_once_and_store_result([] {
                             return Types{numpy_type("floating"), numpy_type("integer"), numpy_type("bool_")};
                           })
                           .get_stored();
  return std::any_of(types.begin(), types.end(),
                     [&](PyTypeObject* type) { return PyType_IsSubtype(Py_TYPE(object), type) != 0; });
}

bool read_tensor(PyObject* object, double& value, const char* argument) {
  static PyObject* const name = PyUnicode_InternFromString("item");
  PyObject* item = PyObject_CallMethodNoArgs(object, name);
  if (item == nullptr) {
    name_argument(argument, kScalar, object);
    return false;
  }
  const bool is_real = PyFloat_Check(item) || PyLong_Check(item);
  const bool fine = is_real ? float_of(item, argument, kScalar, value) : refuse_scalar(object, argument);
  Py_DECREF(item);
  return fine;
}

// Everything that is neither float, int nor bool.
bool to_scalar_slowly(PyObject* object, double& value, const char* argument) {
  if (is_array(object) && read_element(object, value)) return true;
  if (is_host_tensor(object)) return read_tensor(object, value, argument);
  if (is_numpy_real(object)) return float_of(object, argument, kScalar, value);
  if (PyUnicode_Check(object)) return float_of(object, argument, "a number or a numeric string", value);
  if (PyBytes_Check(object) || PyByteArray_Check(object) || is_complex(object))
    return refuse_scalar(object, argument);
  if (meets_late(object, argument)) return false;
  // Arrays of one element of whatever rank: NumPy's float() will soon refuse all but rank 0, item() takes
  // them.
  PyObject* item =
      PyObject_HasAttrString(object, "item") ? PyObject_CallMethod(object, "item", nullptr) : nullptr;
  if (item == nullptr) {
    if (PyErr_Occurred()) {
      name_argument(argument, kScalar, object);
      return false;
    }
    return float_of(object, argument, kScalar, value);
  }
  const bool fine = is_complex(item) || PyUnicode_Check(item) ? refuse_scalar(object, argument)
                                                              : float_of(item, argument, kScalar, value);
  Py_DECREF(item);
  return fine;
}

}  // namespace

bool to_scalar(PyObject* object, double& value, const char* argument) {
  if (PyFloat_Check(object)) {  // numpy.float64 too
    value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (PyLong_Check(object)) {  // bool too
    value = PyLong_AsDouble(object);
    if (value != -1.0 || !PyErr_Occurred()) return true;
    name_argument(argument, "within float64", object);
    return false;
  }
  return to_scalar_slowly(object, value, argument);
}

bool to_scalar_quietly(PyObject* object, double& value) {
  if (PyFloat_Check(object)) {  // numpy.float64 too
    value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (is_array(object)) return read_element(object, value);
  // Types of C alone: what is made in Python may have a __float__ of its own.
  const bool is_made_in_python = (Py_TYPE(object)->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;
  if (PyLong_Check(object)) {
    value = PyLong_AsDouble(object);
  } else if (!is_made_in_python && is_numpy_real(object)) {
    value = PyFloat_AsDouble(object);
  } else {
    return false;
  }
  if (value != -1.0 || PyErr_Occurred() == nullptr) return true;
  PyErr_Clear();
  return false;
}

bool is_plain_number(PyObject* object) {
  return PyFloat_Check(object) || PyLong_Check(object) || PyUnicode_Check(object) || is_numpy_real(object) ||
         is_array(object) || is_host_tensor(object);
}

bool to_step(PyObject* object, std::int64_t& step) {
  step = 0;
  if (object == nullptr || object == Py_None) return true;
  constexpr const char* kExpected = "something int() takes";
  PyObject* number = nullptr;
  if (!PyLong_Check(object)) {
    number = PyNumber_Long(object);
    if (number == nullptr) {
      name_argument("global_step", kExpected, object);
      return false;
    }
  }
  int overflow = 0;
  step = PyLong_AsLongLongAndOverflow(number != nullptr ? number : object, &overflow);
  Py_XDECREF(number);
  if (overflow != 0)
    PyErr_SetString(PyExc_ValueError, "global_step must fit into 64 bits (-2**63 to 2**63 - 1)");
  return overflow == 0;
}

bool to_wall_time(PyObject* object, double& wall_time) {
  if (object == nullptr || object == Py_None) {
    wall_time = wall_time_now();
    return true;
  }
  if (PyFloat_CheckExact(object)) {
    wall_time = PyFloat_AS_DOUBLE(object);
  } else if (!float_of(object, "walltime", "seconds since the epoch", wall_time)) {
    return false;
  }
  if (std::isfinite(wall_time)) return true;
  PyErr_SetString(PyExc_ValueError,
                  "walltime must be finite: TensorBoard drops the rest of a file after one that is not");
  return false;
}

std::string_view to_tag(PyObject* object) {
  if (!PyUnicode_Check(object))
    throw py::type_error(std::string("tag must be a str, got ") + type_name(object));
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text != nullptr) return {text, static_cast<std::size_t>(size)};
  name_argument("tag", "valid Unicode", object);
  throw py::error_already_set();
}

When to_when(py::handle global_step, py::handle walltime) {
  When when{};
  if (!to_step(global_step.ptr(), when.step) || !to_wall_time(walltime.ptr(), when.wall_time)) {
    throw py::error_already_set();
  }
  return when;
}

DType to_dtype(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, DType>, 13> kNames{{
      {"bool", DType::kBool},
      {"uint8", DType::kUint8},
      {"int8", DType::kInt8},
      {"uint16", DType::kUint16},
      {"int16", DType::kInt16},
      {"uint32", DType::kUint32},
      {"int32", DType::kInt32},
      {"uint64", DType::kUint64},
      {"int64", DType::kInt64},
      {"float16", DType::kFloat16},
      {"bfloat16", DType::kBfloat16},
      {"float32", DType::kFloat32},
      {"float64", DType::kFloat64},
  }};
  for (const auto& [known, dtype] : kNames) {
    if (known == name) return dtype;
  }
  throw py::value_error("dtype must be a number type, got '" + std::string(name) + "'");
}

protobuf::TensorType to_tensor_type(const std::string& name) {
  using protobuf::TensorType;
  if (name == "string") return TensorType::kString;
  if (name == "complex64") return TensorType::kComplex64;
  if (name == "complex128") return TensorType::kComplex128;
  switch (to_dtype(name)) {
    case DType::kBool:
      return TensorType::kBool;
    case DType::kUint8:
      return TensorType::kUint8;
    case DType::kInt8:
      return TensorType::kInt8;
    case DType::kUint16:
      return TensorType::kUint16;
    case DType::kInt16:
      return TensorType::kInt16;
    case DType::kUint32:
      return TensorType::kUint32;
    case DType::kInt32:
      return TensorType::kInt32;
    case DType::kUint64:
      return TensorType::kUint64;
    case DType::kInt64:
      return TensorType::kInt64;
    case DType::kFloat16:
      return TensorType::kHalf;
    case DType::kBfloat16:
      return TensorType::kBfloat16;
    case DType::kFloat32:
      return TensorType::kFloat;
    case DType::kFloat64:
      return TensorType::kDouble;
  }
  throw py::value_error("dtype has no tensor type: '" + name + "'");
}

ArraySource to_source(const py::array& array, DType dtype, const char* argument) {
  if (static_cast<std::size_t>(array.itemsize()) != item_size(dtype)) {
    throw py::value_error(std::string(argument) + " has elements of another size than its dtype says");
  }
  return {array.data(), dtype, static_cast<std::size_t>(array.ndim()), array.shape(), array.strides()};
}

ArraySource to_source(const py::array& array, const char* argument) {
  const std::optional<DType> dtype = dtype_of(array.dtype());
  if (dtype) return to_source(array, *dtype, argument);
  throw py::type_error(std::string(argument) + " must hold numbers, got dtype " +
                       std::string(py::str(array.dtype())));
}

std::span<const double> to_doubles(const py::array_t<double, py::array::c_style>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

void raise_notices() {
  Backend* backend = ProcessBackend::current();
  if (backend == nullptr || !backend->notices().any()) return;
  for (const std::string& notice : backend->notices().take()) {
    warn(PyExc_RuntimeWarning, notice.c_str());
  }
}

}  // namespace tickertape::bindings
