// Values from devices that are still on their way. L5.
#include "bindings/devices.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bindings/convert/arguments.h"
#include "bindings/gil.h"
#include "bindings/push.h"
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

// tickertape._core.LateScalar
struct PyLateScalar {
  DeferredNumber number;
};

PyTypeObject* late_scalar_type = nullptr;  // set once, never gone

struct Hooks {
  PyObject* one = nullptr;
  PyObject* many = nullptr;
  PyObject* poll = nullptr;
};
Hooks hooks;  // guarded by the GIL

DeferredNumber met;  // between meets_late() and take_late(), in which no Python code runs

const DeferredNumber* late_number(py::handle object) {
  if (Py_TYPE(object.ptr()) != late_scalar_type) return nullptr;
  return &py::cast<const PyLateScalar&>(object).number;
}

const DeferredNumber& checked(py::handle object, const char* hook) {
  const DeferredNumber* number = late_number(object);
  if (number == nullptr) throw py::type_error(std::string(hook) + " must give LateScalar or None");
  return *number;
}

const void* memory_at(std::uintptr_t address) {
  return reinterpret_cast<const void*>(address);  // NOLINT(performance-no-int-to-ptr): Python has addresses
}

void check_process(const DeviceCopy& copy) {
  if (!copy.is_of_this_process()) {
    throw std::runtime_error(
        "a value that was on its way to the parent process cannot be logged in a forked child");
  }
}

std::shared_ptr<PyDeviceCopy> make_device_copy(const py::object& owner, const std::string& device,
                                               std::uintptr_t event, std::uint64_t queue) {
  Device* known = nullptr;
  if (device != "manual") {
    if (device != "cuda" && device != "hip") {
      throw py::value_error("device must be 'cuda', 'hip' or 'manual', got '" + device + "'");
    }
    if (event == 0) throw py::value_error("event must be the handle of a recorded event");
    known = find_device(device);
    if (known == nullptr)
      throw std::runtime_error("this process has not loaded the driver of '" + device + "'");
  }
  std::shared_ptr<PyDeviceCopy> copy(new PyDeviceCopy(known, event, queue, owner.ptr()),
                                     &PyDeviceCopy::put_on_list);
  if (known != nullptr && !copy->has_context()) {
    copy->fail({});  // or its owner would never come back
    throw std::runtime_error("no context of '" + device + "' is current in this thread");
  }
  return copy;
}

void settle(DeviceCopy& self, const std::optional<std::string>& error) {
  if (self.device() != nullptr) throw py::value_error("settle() is for arrivals of device 'manual'");
  if (self.has_ended()) throw std::runtime_error("this arrival is settled");
  error ? self.fail(*error) : self.complete();
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
    all[i] = py::cast(PyLateScalar{{self, memory_at(address + i * item_size(type)), type}});
  }
  return all;
}

// What is no longer needed and no longer written to. The device is asked where a device copy was dropped
// early.
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
    if (PyList_Append(owners, owner) != 0) PyErr_Clear();  // no memory: the owner goes
    Py_DECREF(owner);
  }
  return owners;
}

void ask_to_settle() {
  const py::gil_scoped_acquire gil;
  if (hooks.poll == nullptr) return;
  const auto hook = py::reinterpret_borrow<py::object>(hooks.poll);  // it may be replaced meanwhile
  PyObject* answer = PyObject_CallNoArgs(hook.ptr());
  if (answer == nullptr) PyErr_WriteUnraisable(hook.ptr());
  Py_XDECREF(answer);
}

// At the first value that is no plain number: who logs nothing else never loads what knows of devices.
void load_hooks() {
  static bool tried = false;  // guarded by the GIL
  if (std::exchange(tried, true) || hooks.one != nullptr) return;
  PyObject* module = PyImport_ImportModule("tickertape.devices.hooks");  // sets the hooks
  if (module == nullptr) PyErr_Clear();                                  // then there are none
  Py_XDECREF(module);
}

void set_hook(PyObject*& hook, const py::object& to) {
  if (!to.is_none() && PyCallable_Check(to.ptr()) == 0)
    throw py::type_error("a hook must be callable or None");
  PyObject* before = std::exchange(hook, to.is_none() ? nullptr : py::object(to).release().ptr());
  Py_XDECREF(before);
}

}  // namespace

bool meets_late(PyObject* object, const char* argument) {
  if (const DeferredNumber* number = late_number(object)) {
    met = *number;
    return true;
  }
  load_hooks();
  if (hooks.one == nullptr) return false;
  PyObject* answer = PyObject_CallFunction(hooks.one, "Os", object, argument);
  if (answer == nullptr) return true;
  const bool is_late = answer != Py_None;
  if (is_late) {
    if (const DeferredNumber* number = late_number(answer)) {
      met = *number;
    } else {
      PyErr_SetString(PyExc_TypeError, "the hook for one deferred value must give LateScalar or None");
    }
  }
  Py_DECREF(answer);
  return is_late;
}

DeferredNumber take_late() { return std::exchange(met, {}); }

void add_deferred_scalar(PyWriter& writer, const LateCall& call, Bytes summary, std::size_t at) {
  check_process(*call.number.copy);
  const std::string_view tag = to_tag(call.tag);
  push_op(writer, summary.size(), [&](OpenFile& file) {
    if (summary.empty()) {
      file.add_deferred_scalar(tag, call.number, call.step, call.wall_time, call.style);
    } else {
      file.add_deferred_summary(summary, at, call.number, call.step, call.wall_time, call.style);
    }
  });
}

std::shared_ptr<DeviceCopy> to_device_copy(py::handle late) {
  if (!py::isinstance<PyDeviceCopy>(late)) {
    throw py::type_error(std::string("late must be a DeviceCopy or None, got ") +
                         Py_TYPE(late.ptr())->tp_name);
  }
  auto copy = py::cast<std::shared_ptr<PyDeviceCopy>>(late);
  check_process(*copy);
  return copy;
}

bool LateValuesOfLog::keeps(py::handle value, std::size_t index, const std::string& argument) {
  if (const DeferredNumber* number = late_number(value)) {
    check_process(*number->copy);
    late_.push_back({index, *number});
    return true;
  }
  if (is_plain_number(value.ptr())) return false;
  load_hooks();
  if (hooks.many == nullptr) return false;
  if (places_.empty()) {
    values_ = py::list();
    arguments_ = py::list();
  }
  py::reinterpret_borrow<py::list>(values_).append(value);
  py::reinterpret_borrow<py::list>(arguments_).append(argument);
  places_.push_back(index);
  return true;
}

void LateValuesOfLog::resolve(std::vector<TaggedScalar>& scalars) {
  const py::list answers = py::handle(hooks.many)(values_, arguments_);
  if (answers.size() != places_.size())
    throw py::value_error("the hook for deferred values must answer for each");
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!answers[i].is_none()) {
      late_.push_back({places_[i], checked(answers[i], "the hook for deferred values")});
      check_process(*late_.back().number.copy);
      continue;
    }
    const std::string argument = py::str(arguments_[py::int_(i)]);
    const py::object value = values_[py::int_(i)];
    double number = 0;
    if (!to_scalar(value.ptr(), number, argument.c_str())) {
      if (PyErr_Occurred() != nullptr) throw py::error_already_set();
      late_.push_back({places_[i], take_late()});
    }
    scalars[places_[i]].value = number;
  }
  std::sort(late_.begin(), late_.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
}

void poll_late_values() {
  if (hooks.poll == nullptr || Py_IsInitialized() == 0) return;
  try {
    ask_to_settle();
  } catch (...) {  // Python ends this thread, see gil.h
    stop_this_thread();
  }
}

void bind_late(py::module_& module) {
  py::class_<PyDeviceCopy, std::shared_ptr<PyDeviceCopy>>(module, "Arrival", py::is_final())
      .def(py::init(&make_device_copy), py::arg("owner"), py::arg("device"), py::arg("event") = 0,
           py::arg("queue") = 0)
      .def(
          "scalar",
          [](const std::shared_ptr<PyDeviceCopy>& self, std::uintptr_t address, const std::string& dtype) {
            return PyLateScalar{{self, memory_at(address), to_dtype(dtype)}};
          },
          py::arg("address"), py::arg("dtype"))
      .def("scalars", &scalars, py::arg("address"), py::arg("dtype"), py::arg("count"))
      .def(
          "settle", [](PyDeviceCopy& self, const std::optional<std::string>& error) { settle(self, error); },
          py::arg("error") = py::none())
      .def_property_readonly("state", [](PyDeviceCopy& self) { return state_name(self); });
  const py::class_<PyLateScalar> late_scalar(module, "LateScalar", py::is_final());
  late_scalar_type = reinterpret_cast<PyTypeObject*>(late_scalar.ptr());
  module.def(
      "can_query", [](const std::string& device) { return find_device(device) != nullptr; },
      py::arg("device"));
  module.def(
      "set_late_hooks",
      [](const py::object& one, const py::object& many, const py::object& poll) {
        set_hook(hooks.one, one);
        set_hook(hooks.many, many);
        set_hook(hooks.poll, poll);
      },
      py::arg("one").none(true), py::arg("many").none(true), py::arg("poll").none(true));
  static PyMethodDef take{"take_done", &take_done, METH_NOARGS, "take_done($module, /)\n--\n\n"};
  module.attr("take_done") = py::reinterpret_steal<py::object>(
      PyCFunction_NewEx(&take, module.ptr(), module.attr("__name__").ptr()));
}

}  // namespace tickertape::bindings
