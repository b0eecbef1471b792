// Device copies and deferred values for Python. L5.
#include "bindings/writer/devices.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>

#include "bindings/convert/arguments.h"
#include "bindings/support/entry.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "bindings/writer/push.h"
#include "device/device.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// A device copy and the Python object that owns its memory. The last holder may be the backend's thread,
// which has no Python: so it only puts the copy on a list.
class PyDeviceCopy final : public DeviceCopy {
 public:
  PyDeviceCopy(Device* device, std::uintptr_t event, std::uint64_t queue, PyObject* owner)
      : DeviceCopy(device, event, queue), owner_(owner) {
    Py_INCREF(owner);
  }
  ~PyDeviceCopy() override = default;

  // Takes over the reference; with the GIL.
  PyObject* release_owner() { return std::exchange(owner_, nullptr); }

  static void put_on_list(PyDeviceCopy* copy) {
    copy->next_ = done.load(std::memory_order_relaxed);
    // Release pairs with the acquire in take_all().
    while (!done.compare_exchange_weak(copy->next_, copy, std::memory_order_release)) {
    }
  }
  static PyDeviceCopy* take_all() { return done.exchange(nullptr, std::memory_order_acquire); }
  static bool any_on_list() { return done.load(std::memory_order_relaxed) != nullptr; }
  PyDeviceCopy* next() const { return next_; }

 private:
  static inline std::atomic<PyDeviceCopy*> done{nullptr};  // a stack without a lock: safe after a fork
  PyObject* owner_;
  PyDeviceCopy* next_ = nullptr;
};

const void* memory_at(std::uintptr_t address) {
  return reinterpret_cast<const void*>(address);  // NOLINT(performance-no-int-to-ptr): Python has addresses
}

std::shared_ptr<PyDeviceCopy> make_device_copy(const py::object& owner, const std::string& device,
                                               std::uintptr_t event, std::uint64_t queue) {
  Device* known = nullptr;
  if (device != "manual") {
    if (device != "cuda" && device != "hip") {
      throw UnsupportedValue(expected("device", "'cuda', 'hip' or 'manual'", "'" + device + "'"));
    }
    if (event == 0) throw UnsupportedValue(expected("event", "the handle of a recorded event", "0"));
    known = find_device(device);
    if (known == nullptr)
      throw std::runtime_error("this process has not loaded the driver of '" + device + "'");
  }
  std::shared_ptr<PyDeviceCopy> copy(new PyDeviceCopy(known, event, queue, owner.ptr()),
                                     &PyDeviceCopy::put_on_list);
  if (known != nullptr && !copy->has_context()) {
    copy->fail({});  // otherwise its owner would never be released
    throw std::runtime_error("no context of '" + device + "' is current in this thread");
  }
  return copy;
}

// complete() and fail() are for copies without a driver, and may be called once.
void check_manual(const DeviceCopy& self) {
  if (self.device() != nullptr)
    throw UnsupportedValue(expected("device", "'manual' for complete() and fail()", "a copy of a driver"));
  if (self.has_ended()) throw std::runtime_error("this device copy has ended");
}

void complete(PyDeviceCopy& self) {
  check_manual(self);
  self.complete();
}

void fail(PyDeviceCopy& self, const std::string& error) {
  check_manual(self);
  self.fail(error);
}

const char* state_name(DeviceCopy& self) {
  switch (self.poll()) {
    case DeviceCopy::State::kHere:
      return "here";
    case DeviceCopy::State::kFailed:
      return "failed";
    case DeviceCopy::State::kWaiting:
      break;
  }
  return "waiting";
}

py::list scalars(const std::shared_ptr<PyDeviceCopy>& self, std::uintptr_t address, const std::string& dtype,
                 std::size_t count) {
  const DType type = to_dtype(dtype);
  py::list all(count);
  for (std::size_t i = 0; i < count; ++i) {
    all[i] = py::cast(PyDeferredScalar{{self, memory_at(address + i * item_size(type)), type}});
  }
  return all;
}

// The owners of copies that no op needs and no device writes to. Queries the device for copies whose ops were
// dropped early.
PyObject* take_done(PyObject* /*module*/, PyObject* /*no_arguments*/) {
  PyObject* owners = PyList_New(0);
  if (owners == nullptr || !PyDeviceCopy::any_on_list()) return owners;
  PyDeviceCopy* next = nullptr;
  for (PyDeviceCopy* copy = PyDeviceCopy::take_all(); copy != nullptr; copy = next) {
    next = copy->next();
    if (!copy->is_of_this_process()) continue;  // the parent's memory: left alone
    const bool has_ended = copy->poll() != DeviceCopy::State::kWaiting;
    PyObject* owner = has_ended ? copy->release_owner() : nullptr;
    if (owner == nullptr) {
      PyDeviceCopy::put_on_list(copy);
      continue;
    }
    delete copy;
    if (PyList_Append(owners, owner) != 0) PyErr_Clear();  // no memory: the owner is released here
    Py_DECREF(owner);
  }
  return owners;
}

}  // namespace

void add_deferred_scalar(PyWriter& writer, const DeferredCall& call, Bytes summary, std::size_t at) {
  check_process(*call.number.copy);
  const std::string_view tag = to_tag(call.tag);
  // The name of a Summary's op is the file's.
  const std::optional<std::string_view> named = summary.empty() ? std::optional(tag) : std::nullopt;
  push_op(writer, named, summary.size(), [&](OpenFile& file) {
    if (summary.empty()) {
      file.add_deferred_scalar(tag, call.number, call.step, call.wall_time, call.style);
    } else {
      file.add_deferred_summary(summary, at, call.number, call.step, call.wall_time, call.style);
    }
  });
}

std::shared_ptr<DeviceCopy> to_device_copy(py::handle source) {
  if (!py::isinstance<PyDeviceCopy>(source)) {
    throw UnsupportedType(expected("source", "a DeviceCopy, an InPlace or None", type_name(source.ptr())));
  }
  auto copy = py::cast<std::shared_ptr<PyDeviceCopy>>(source);
  check_process(*copy);
  return copy;
}

void bind_devices(py::module_& module) {
  py::class_<PyDeviceCopy, std::shared_ptr<PyDeviceCopy>>(module, "DeviceCopy", py::is_final())
      .def(py::init(&make_device_copy), py::arg("owner"), py::arg("device"), py::arg("event") = 0,
           py::arg("queue") = 0)
      .def(
          "scalar",
          [](const std::shared_ptr<PyDeviceCopy>& self, std::uintptr_t address, const std::string& dtype) {
            return PyDeferredScalar{{self, memory_at(address), to_dtype(dtype)}};
          },
          py::arg("address"), py::arg("dtype"))
      .def("scalars", &scalars, py::arg("address"), py::arg("dtype"), py::arg("count"))
      .def("complete", &complete)
      .def("fail", &fail, py::arg("error"))
      .def_property_readonly("state", [](PyDeviceCopy& self) { return state_name(self); });
  static PyMethodDef take =
      function_without_arguments<&take_done>("take_done", "take_done($module, /)\n--\n\n");
  add_function(module, take);
}

}  // namespace tickertape::bindings
