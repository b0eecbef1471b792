// Python arguments to the core's types. L5.
#include "bindings/convert/arguments.h"

#include <pybind11/gil_safe_call_once.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/os/clock.h"
#include "bindings/convert/deferred_scalar.h"
#include "bindings/convert/host_tensor.h"
#include "bindings/convert/one_element.h"
#include "bindings/support/errors.h"
#include "bindings/support/notices.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Replaces the error that a conversion raised by one that names the argument; the old one becomes its cause.
// Errors that are not about the value (KeyboardInterrupt, MemoryError, RecursionError) stay as they are.
// `cure`: what to do instead, with "; " in front.
void name_argument(const char* argument, const char* what, PyObject* object, const char* cure = "") {
  const bool is_type_error = PyErr_ExceptionMatches(PyExc_TypeError) != 0;
  const bool is_value_error =
      PyErr_ExceptionMatches(PyExc_ValueError) != 0 || PyErr_ExceptionMatches(PyExc_OverflowError) != 0 ||
      (PyErr_ExceptionMatches(PyExc_RuntimeError) != 0 && PyErr_ExceptionMatches(PyExc_RecursionError) == 0);
  if (is_type_error || is_value_error)
    replace_error(is_type_error ? UnsupportedType::type() : UnsupportedValue::type(), argument, what, object,
                  cure);
}

constexpr const char* kScalar = "a number or an array of one element";
constexpr const char* kArrayCure =
    "; pass one number, e.g. the mean, or the array to add_histogram or add_tensor";

// What to do with a container of Python, which is no scalar; nullptr for everything else.
const char* container_cure(PyObject* object) {
  if (PyList_CheckExact(object) || PyTuple_CheckExact(object) || PyAnySet_CheckExact(object))
    return "; pass one number, or the list to add_histogram or add_tensor";
  if (PyDict_CheckExact(object)) return "; log() and add_scalars() take a dict";
  return object == Py_None ? "" : nullptr;
}

bool refuse(PyObject* type, const char* argument, std::string_view what, const std::string& got) {
  PyErr_SetString(type, expected(argument, what, got).c_str());
  return false;
}

bool refuse_scalar(PyObject* object, const char* argument) {
  return refuse(UnsupportedType::type(), argument, kScalar, type_name(object));
}

bool float_of(PyObject* object, const char* argument, const char* what, double& value) {
  PyObject* number = PyNumber_Float(object);
  if (number == nullptr) {
    name_argument(argument, what, object);
    return false;
  }
  value = PyFloat_AS_DOUBLE(number);
  Py_DECREF(number);
  return true;
}

PyTypeObject* numpy_type(const char* name) {
  return reinterpret_cast<PyTypeObject*>(py::object(py::module_::import("numpy").attr(name)).release().ptr());
}

// NumPy's scalars: three base classes of real ones, and that of all complex ones.
constexpr std::size_t kInteger = 1;
struct NumpyTypes {
  std::array<PyTypeObject*, 3> real;
  PyTypeObject* complex;
};

const NumpyTypes& numpy_types() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<NumpyTypes> stored;
  return stored
      .call_once_and_store_result([] {
        return NumpyTypes{{numpy_type("floating"), numpy_type("integer"), numpy_type("bool_")},
                          numpy_type("complexfloating")};
      })
      .get_stored();
}

// numpy.float32, int64, bool_, ...: float() reads them exactly, and costs a tenth of item() and its checks.
bool is_numpy_real(PyObject* object) {
  const auto& types = numpy_types().real;
  return std::any_of(types.begin(), types.end(),
                     [&](PyTypeObject* type) { return PyType_IsSubtype(Py_TYPE(object), type) != 0; });
}

bool is_numpy_integer(PyObject* object) {
  return PyType_IsSubtype(Py_TYPE(object), numpy_types().real[kInteger]) != 0;
}

// __float__ of NumPy's complex scalars drops a part without an error.
bool is_complex(PyObject* object) {
  return PyComplex_Check(object) || PyType_IsSubtype(Py_TYPE(object), numpy_types().complex) != 0;
}

PyObject* item_name = nullptr;  // "item"; kept for ever

bool read_tensor(PyObject* object, double& value, const char* argument) {
  PyObject* item = PyObject_CallMethodNoArgs(object, item_name);
  if (item == nullptr) {
    name_argument(argument, kScalar, object, kArrayCure);
    return false;
  }
  const bool is_real = PyFloat_Check(item) || PyLong_Check(item);
  const bool fine = is_real ? float_of(item, argument, kScalar, value) : refuse_scalar(object, argument);
  Py_DECREF(item);
  return fine;
}

bool is_text(PyObject* object) {
  return PyUnicode_Check(object) || PyBytes_Check(object) || PyByteArray_Check(object);
}

// float() of anything but text, complex numbers and masked ones.
bool real_of(PyObject* object, const char* argument, const char* what, double& value) {
  if (is_masked(object)) return refuse(UnsupportedValue::type(), argument, what, "a masked one");
  if (is_text(object) || is_complex(object))
    return refuse(UnsupportedType::type(), argument, what, type_name(object));
  return float_of(object, argument, what, value);
}

bool take_masked(const char* argument, double& value) {
  warn(PyExc_RuntimeWarning, expected(argument, "a number", "a masked one, which is stored as NaN"));
  value = std::numeric_limits<double>::quiet_NaN();
  return true;
}

bool to_int64(PyObject* number, std::int64_t& step, const char* argument) {
  int overflow = 0;
  step = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (overflow == 0) return true;
  return refuse(UnsupportedValue::type(), argument, "an integer of 64 bits",
                overflow > 0 ? "2**63 or more" : "less than -2**63");
}

// `step` is int(object). Warns once if that dropped a fraction, e.g. of an epoch.
void warn_of_fraction(PyObject* object, std::int64_t step, const char* argument) {
  if (is_text(object) || is_numpy_integer(object)) return;
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Float(object));
  if (!number) return PyErr_Clear();  // int() takes it, and float() does not
  const double given = PyFloat_AS_DOUBLE(number.ptr());
  if (given == std::trunc(given)) return;
  warn_once(PyExc_RuntimeWarning, "fractional step",
            expected(argument, "an integer",
                     repr_of(number) + ", which is stored as " + std::to_string(step) + " (said once)"));
}

constexpr const char* kSeconds = "finite seconds since the epoch";

// For everything except float, int and bool. If the value is still on a device: returns false if
// `may_defer`, otherwise waits for it.
bool to_scalar_slowly(PyObject* object, double& value, const char* argument, bool may_defer) {
  if (is_array(object) && read_element(object, value)) return true;
  if (is_host_tensor(object)) return read_tensor(object, value, argument);
  if (is_numpy_real(object)) return float_of(object, argument, kScalar, value);
  if (PyUnicode_Check(object)) return float_of(object, argument, "a number or a numeric string", value);
  if (is_text(object) || is_complex(object)) return refuse_scalar(object, argument);
  if (const char* cure = container_cure(object); cure != nullptr)
    return refuse(UnsupportedType::type(), argument, kScalar, type_name(object) + cure);
  if (is_masked(object)) return take_masked(argument, value);
  if (may_defer && meets_deferred(object, argument)) return false;
  // Arrays of one element and any rank: float() of NumPy will soon refuse all ranks but 0; item() accepts
  // them.
  const py::object method = optional_attribute(object, "item");
  if (!method) return float_of(object, argument, kScalar, value);
  PyObject* item = PyObject_CallNoArgs(method.ptr());
  if (item == nullptr) {
    name_argument(argument, kScalar, object, kArrayCure);
    return false;
  }
  const bool fine = is_complex(item) || is_text(item) ? refuse_scalar(object, argument)
                                                      : float_of(item, argument, kScalar, value);
  Py_DECREF(item);
  return fine;
}

bool to_any_scalar(PyObject* object, double& value, const char* argument, bool may_defer) {
  if (PyFloat_Check(object)) {  // numpy.float64 too
    value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (PyLong_Check(object)) {  // bool too
    value = PyLong_AsDouble(object);
    if (value != -1.0 || !PyErr_Occurred()) return true;
    name_argument(argument, "a number within float64", object);
    return false;
  }
  return to_scalar_slowly(object, value, argument, may_defer);
}

}  // namespace

void prepare_arguments() { item_name = PyUnicode_InternFromString("item"); }

bool to_scalar(PyObject* object, double& value, const char* argument) {
  return to_any_scalar(object, value, argument, true);
}

bool to_scalar_waiting(PyObject* object, double& value, const char* argument) {
  return to_any_scalar(object, value, argument, false);
}

bool to_scalar_quietly(PyObject* object, double& value) {
  if (PyFloat_Check(object)) {  // numpy.float64 too
    value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (is_array(object)) return read_element(object, value);
  // Only types made in C: a type made in Python may have its own __float__.
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

bool to_flag(PyObject* object, bool& flag, const char* argument) {
  const int truth = PyObject_IsTrue(object);
  flag = truth == 1;
  if (truth < 0) name_argument(argument, "True or False", object);
  return truth >= 0;
}

bool to_real(PyObject* object, double& value, const char* argument) {
  return real_of(object, argument, "a number", value);
}

bool to_step(PyObject* object, std::int64_t& step, const char* argument) {
  step = 0;
  if (object == nullptr || object == Py_None) return true;
  if (PyLong_Check(object)) return to_int64(object, step, argument);
  if (is_masked(object))
    return refuse(UnsupportedValue::type(), argument, "an integer or None", "a masked one");
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Long(object));
  if (!number) {
    name_argument(argument, "an integer or None", object);
    return false;
  }
  if (!to_int64(number.ptr(), step, argument)) return false;
  warn_of_fraction(object, step, argument);
  return true;
}

bool to_wall_time(PyObject* object, double& wall_time, const char* argument) {
  if (object == nullptr || object == Py_None) {
    wall_time = wall_time_now();
    return true;
  }
  if (PyFloat_CheckExact(object)) {
    wall_time = PyFloat_AS_DOUBLE(object);
  } else if (!real_of(object, argument, kSeconds, wall_time)) {
    return false;
  }
  if (std::isfinite(wall_time)) return true;
  // TensorBoard drops the rest of a file after such a time.
  const char* const got = std::isnan(wall_time) ? "nan" : wall_time > 0 ? "inf" : "-inf";
  return refuse(UnsupportedValue::type(), argument, kSeconds, got);
}

std::string_view to_text(PyObject* object, const char* argument) {
  if (!PyUnicode_Check(object)) throw UnsupportedType(expected(argument, "a str", type_name(object)));
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text != nullptr) return {text, static_cast<std::size_t>(size)};
  const py::error_already_set error;
  Py_ssize_t at = 0;
  if (!error.matches(PyExc_UnicodeEncodeError) ||
      PyUnicodeEncodeError_GetStart(error.value().ptr(), &at) != 0)
    throw py::error_already_set(error);
  throw UnsupportedValue(
      expected(argument, "text that UTF-8 can hold", "a lone surrogate at " + std::to_string(at)));
}

std::uint64_t to_count(py::handle object, const char* argument) {
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(object.ptr()));
  if (!number) {
    name_argument(argument, "an integer", object.ptr());
    throw py::error_already_set();
  }
  int overflow = 0;
  const long long count = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow < 0 || count < 1) throw UnsupportedValue(expected(argument, "at least 1", text_of(number)));
  if (overflow > 0) throw UnsupportedValue(expected(argument, "an integer of 64 bits", "2**63 or more"));
  return static_cast<std::uint64_t>(count);
}

When to_when(py::handle global_step, py::handle walltime) {
  When when{};
  if (!to_step(global_step.ptr(), when.step) || !to_wall_time(walltime.ptr(), when.wall_time)) {
    throw py::error_already_set();
  }
  return when;
}

ArraySource to_source(const py::array& array, DType dtype, const char* argument) {
  if (static_cast<std::size_t>(array.itemsize()) != item_size(dtype)) {
    throw UnsupportedValue(expected(argument, "elements of " + std::to_string(item_size(dtype)) + " bytes",
                                    std::to_string(array.itemsize())));
  }
  return {array.data(), dtype, static_cast<std::size_t>(array.ndim()), array.shape(), array.strides()};
}

ArraySource to_source(const py::array& array, const char* argument) {
  const std::optional<DType> dtype = dtype_of(array.dtype());
  if (dtype) return to_source(array, *dtype, argument);
  throw UnsupportedType(expected(argument, "an array of numbers", "dtype " + text_of(array.dtype())));
}

py::array in_one_piece(const py::array& array) {
  constexpr int kFlags =
      py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (py::detail::check_flags(array.ptr(), kFlags)) return array;
  PyObject* copy = py::detail::npy_api::get().PyArray_FromAny_(array.ptr(), nullptr, 0, 0, kFlags, nullptr);
  if (copy == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::array>(copy);
}

Doubles to_double_array(py::handle object, const char* argument) {
  auto array = Doubles::ensure(object);  // clears the error of NumPy
  if (!array) throw UnsupportedType(expected(argument, "an array of numbers", type_name(object.ptr())));
  return array;
}

std::span<const double> to_doubles(const Doubles& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

pybind11::list elements(const pybind11::object& values, const char* argument, const char* what) {
  PyObject* list = PySequence_List(values.ptr());
  if (list == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) != 0)
      replace_error(UnsupportedType::type(), argument, what, values.ptr());
    throw pybind11::error_already_set();
  }
  return pybind11::reinterpret_steal<pybind11::list>(list);
}

}  // namespace tickertape::bindings
