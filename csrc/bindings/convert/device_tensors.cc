// Reads tensors through the methods that torch implements in C++. L5; see device_tensors.h.
#include "bindings/convert/device_tensors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/convert/arguments.h"
#include "bindings/convert/dtypes.h"
#include "bindings/support/errors.h"
#include "bindings/support/shared.h"
#include "bindings/support/text.h"
#include "device/device.h"
#include "device/scalar_slots.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// What set_device_tensors() was given. Never changed or destroyed: another thread may read it.
struct Library {
  std::vector<PyTypeObject*> types;  // that `owner` keeps alive
  py::tuple owner;
  py::dict dtypes;  // the library's dtype to the core's DType as an int
  py::object stream;
  py::object stack;
};
Shared<const Library*> known_library;

// The opened devices by their numbers. Others are left to the hooks.
constexpr std::size_t kMostDevices = 128;
std::array<Shared<ScalarSlots*>, kMostDevices> opened_devices;

py::object checked(PyObject* result) {
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

// Made when the module is, and kept for ever.
struct TensorNames {
  PyObject* is_cuda;
  PyObject* get_device;
  PyObject* dtype;
  PyObject* numel;
  PyObject* is_neg;
  PyObject* data_ptr;
};
TensorNames tensor_names{};

py::object call(py::handle object, PyObject* method) {
  return checked(PyObject_CallMethodNoArgs(object.ptr(), method));
}

// One value of a call.
struct Tensor {
  std::size_t place;  // among the values
  py::handle object;
  int device;
  DType dtype;

  auto group() const { return std::tuple(device, dtype); }
};

ScalarSlots* slots_of(int device) {
  if (device < 0 || static_cast<std::size_t>(device) >= kMostDevices) return nullptr;
  ScalarSlots* const slots = opened_devices[static_cast<std::size_t>(device)].load();
  return slots != nullptr && slots->is_of_this_process() ? slots : nullptr;
}

std::optional<Tensor> read(const Library& library, PyObject* object, std::size_t place) {
  if (!is_device_tensor_type(Py_TYPE(object))) return std::nullopt;
  const auto is_cuda = checked(PyObject_GetAttr(object, tensor_names.is_cuda));
  if (!is_cuda.is(py::handle(Py_True))) return std::nullopt;
  const int device = call(object, tensor_names.get_device).cast<int>();
  if (slots_of(device) == nullptr) return std::nullopt;
  const auto dtype = checked(PyObject_GetAttr(object, tensor_names.dtype));
  PyObject* const found = PyDict_GetItemWithError(library.dtypes.ptr(), dtype.ptr());
  if (found == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (found == nullptr) return std::nullopt;
  return Tensor{place, object, device, static_cast<DType>(PyLong_AsLong(found))};
}

// The tensor whose memory has the values of all `tensors`, which have the same element type. stack() refuses
// different shapes, so if it returns as many elements, each tensor has one.
py::object together(const Library& library, std::span<const Tensor> tensors) {
  if (tensors.size() == 1) {
    const auto only = py::reinterpret_borrow<py::object>(tensors[0].object);
    // torch negates the imaginary part of some complex tensors only when it reads them; so does stack().
    if (call(only, tensor_names.is_neg).is(py::handle(Py_False))) return only;
  }
  py::list list(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) list[i] = tensors[i].object;
  return checked(PyObject_CallOneArg(library.stack.ptr(), list.ptr()));
}

// `tensors` are of one device, those of one element type beside each other.
void copy_from_device(const Library& library, std::span<const Tensor> tensors,
                      std::span<DeferredNumber> numbers) {
  const int device = tensors[0].device;
  const auto stream = library.stream(device).cast<std::uintptr_t>();
  ScalarSlots* slots = slots_of(device);
  if (slots == nullptr || slots->is_capturing(stream)) return;
  std::vector<py::object> kept;
  std::vector<ScalarSlots::Source> sources;
  std::vector<std::span<const Tensor>> groups;
  for (auto first = tensors.begin(); first != tensors.end();) {
    const auto end =
        std::find_if(first, tensors.end(), [&](const Tensor& t) { return t.dtype != first->dtype; });
    const std::span<const Tensor> group(first, end);
    kept.push_back(together(library, group));
    if (call(kept.back(), tensor_names.numel).cast<std::size_t>() != group.size())
      return;  // the hooks say so
    const auto address = call(kept.back(), tensor_names.data_ptr).cast<std::uintptr_t>();
    sources.push_back({address, group.size() * item_size(first->dtype)});
    groups.push_back(group);
    first = end;
  }
  slots = slots_of(device);  // again: stack() may have forked
  if (slots == nullptr) return;
  const ScalarSlots::Sent sent = slots->send(sources, stream);
  if (sent.copy == nullptr) return;
  const std::uint8_t* at = sent.memory;
  for (const std::span<const Tensor> group : groups) {
    const std::size_t size = item_size(group[0].dtype);
    for (std::size_t i = 0; i < group.size(); ++i)
      numbers[group[i].place] = {sent.copy, at + i * size, group[i].dtype};
    at += ScalarSlots::aligned(group.size() * size);
  }
}

void copy_from_devices(std::span<PyObject* const> values, std::span<DeferredNumber> numbers) {
  const Library* const library = known_library.load();
  if (library == nullptr) return;
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const auto tensor = read(*library, values[i], i)) tensors.push_back(*tensor);
  }
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const Tensor& a, const Tensor& b) { return a.group() < b.group(); });
  for (auto first = tensors.begin(); first != tensors.end();) {
    const auto end =
        std::find_if(first, tensors.end(), [&](const Tensor& t) { return t.device != first->device; });
    copy_from_device(*library, {first, end}, numbers);
    first = end;
  }
}

void set_device_tensors(const py::tuple& types, const py::dict& dtypes, const py::object& stream,
                        const py::object& stack) {
  py::dict by_dtype;
  for (const auto& [dtype, name] : dtypes) {
    by_dtype[dtype] = py::int_(static_cast<int>(to_dtype(to_text(name.ptr(), "dtypes"))));
  }
  std::vector<PyTypeObject*> known;
  for (const py::handle type : types) {
    if (PyType_Check(type.ptr()) == 0)
      throw UnsupportedType(expected("types", "types", type_name(type.ptr())));
    known.push_back(reinterpret_cast<PyTypeObject*>(type.ptr()));
  }
  for (const py::object* function : {&stream, &stack}) {
    if (PyCallable_Check(function->ptr()) == 0)
      throw UnsupportedType(expected("stream, stack", "callables", type_name(function->ptr())));
  }
  known_library.store(new Library{std::move(known), types, by_dtype, stream, stack});
}

bool open_device(const std::string& driver, int index) {
  if (index < 0) throw UnsupportedValue(expected("index", "the number of a device", std::to_string(index)));
  Device* const device = find_device(driver);
  if (device == nullptr || static_cast<std::size_t>(index) >= kMostDevices) return false;
  if (slots_of(index) != nullptr) return true;
  const std::uintptr_t context = device->context();
  if (context == 0) throw std::runtime_error("no context of '" + driver + "' is current in this thread");
  if (device->can_copy())
    opened_devices[static_cast<std::size_t>(index)].store(new ScalarSlots(*device, context));
  return true;
}

}  // namespace

bool is_device_tensor_type(PyTypeObject* type) {
  const Library* const library = known_library.load();
  return library != nullptr &&
         std::find(library->types.begin(), library->types.end(), type) != library->types.end();
}

void copy_scalars(std::span<PyObject* const> values, std::span<DeferredNumber> numbers) {
  try {
    copy_from_devices(values, numbers);
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
  } catch (const py::cast_error&) {  // an answer that is no number
    return;
  }
}

void bind_device_tensors(py::module_& module) {
  tensor_names = {PyUnicode_InternFromString("is_cuda"), PyUnicode_InternFromString("get_device"),
                  PyUnicode_InternFromString("dtype"),   PyUnicode_InternFromString("numel"),
                  PyUnicode_InternFromString("is_neg"),  PyUnicode_InternFromString("data_ptr")};
  module.def("set_device_tensors", &set_device_tensors, py::arg("types"), py::arg("dtypes"),
             py::arg("stream"), py::arg("stack"));
  module.def("open_device", &open_device, py::arg("driver"), py::arg("index"));
}

}  // namespace tickertape::bindings
