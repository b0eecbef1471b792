// Arrays and tensors of one element in the memory of the host. L5.
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

// torch's own types, once torch is imported; a subclass may have its own dispatch.
bool is_torch_type(PyTypeObject* type) {
  struct Known {
    const char* module;
    const char* name;
    PyTypeObject* type;
  };
  static Known known[] = {{"torch", "Tensor", nullptr}, {"torch.nn.parameter", "Parameter", nullptr}};
  for (Known& candidate : known) {  // guarded by the GIL
    if (candidate.type == type) return true;
    if (candidate.type != nullptr || std::strcmp(type->tp_name, candidate.name) != 0) continue;
    const auto module_name = py::str(candidate.module);
    const auto module = py::reinterpret_steal<py::object>(PyImport_GetModule(module_name.ptr()));
    const py::object found = module ? py::getattr(module, candidate.name, py::none()) : py::none();
    if (found.ptr() != reinterpret_cast<PyObject*>(type)) continue;
    candidate.type = reinterpret_cast<PyTypeObject*>(py::object(found).release().ptr());
    return true;
  }
  return false;
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

bool is_host_tensor(PyObject* object) {
  if (!is_torch_type(Py_TYPE(object))) return false;
  static PyObject* const name = PyUnicode_InternFromString("is_cpu");
  PyObject* answer = PyObject_GetAttr(object, name);
  if (answer == nullptr) PyErr_Clear();
  Py_XDECREF(answer);
  return answer == Py_True;
}

}  // namespace tickertape::bindings
