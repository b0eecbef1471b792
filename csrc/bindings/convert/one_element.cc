// Arrays of one element. L5.
#include "bindings/convert/one_element.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "array/float16.h"
#include "bindings/convert/dtypes.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

template <typename T>
double load(const char* from) {
  T element;
  std::memcpy(&element, from, sizeof element);  // an array may be unaligned
  return static_cast<double>(element);
}

double element_at(const char* from, DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kUint8:
      return load<std::uint8_t>(from);
    case DType::kInt8:
      return load<std::int8_t>(from);
    case DType::kUint16:
      return load<std::uint16_t>(from);
    case DType::kInt16:
      return load<std::int16_t>(from);
    case DType::kUint32:
      return load<std::uint32_t>(from);
    case DType::kInt32:
      return load<std::int32_t>(from);
    case DType::kUint64:
      return load<std::uint64_t>(from);
    case DType::kInt64:
      return load<std::int64_t>(from);
    case DType::kFloat16: {
      std::uint16_t bits;
      std::memcpy(&bits, from, sizeof bits);
      return float16_value(bits);
    }
    case DType::kBfloat16: {
      std::uint16_t bits;
      std::memcpy(&bits, from, sizeof bits);
      return bfloat16_value(bits);
    }
    case DType::kFloat32:
      return load<float>(from);
    case DType::kFloat64:
      return load<double>(from);
  }
  return 0;
}

}  // namespace

bool is_array(PyObject* object) {
  return Py_TYPE(object) == py::detail::npy_api::get().PyArray_Type_;  // no subclass: it may be masked
}

bool is_masked(PyObject* object) {
  PyTypeObject* const array = py::detail::npy_api::get().PyArray_Type_;
  if (Py_TYPE(object) == array || PyType_IsSubtype(Py_TYPE(object), array) == 0) return false;
  const py::object mask = optional_attribute(object, "mask");
  const int truth = mask ? PyObject_IsTrue(mask.ptr()) : 0;
  if (truth < 0) PyErr_Clear();  // several elements: whoever reads them says so
  return truth == 1;
}

bool read_element(PyObject* object, double& value) {
  const auto* array = py::detail::array_proxy(object);
  for (int axis = 0; axis < array->nd; ++axis) {
    if (array->dimensions[axis] != 1) return false;
  }
  const std::optional<DType> dtype = dtype_of(py::reinterpret_borrow<py::dtype>(array->descr));
  if (dtype) value = element_at(array->data, *dtype);
  return dtype.has_value();
}

}  // namespace tickertape::bindings
