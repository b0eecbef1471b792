// Numbers that are still on a device, and the hooks of Python. L5.
#include "bindings/convert/deferred_scalar.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "bindings/convert/arguments.h"
#include "bindings/convert/device_tensors.h"
#include "bindings/support/entry.h"
#include "bindings/support/errors.h"
#include "bindings/support/shared.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

PyTypeObject* deferred_scalar_type = nullptr;  // set once, never released

struct Hooks {
  SharedObject one, many, poll;
};
Hooks hooks;

thread_local DeferredNumber
    met;  // between meets_deferred() and take_deferred(), in which no Python code runs

const DeferredNumber* deferred_number(py::handle object) {
  if (Py_TYPE(object.ptr()) != deferred_scalar_type) return nullptr;
  return &py::cast<const PyDeferredScalar&>(object).number;
}

const DeferredNumber& checked(py::handle object, const char* hook) {
  const DeferredNumber* number = deferred_number(object);
  if (number == nullptr)
    throw UnsupportedType(expected(hook, "DeferredScalar or None", type_name(object.ptr())));
  return *number;
}

void ask_to_complete() {
  const py::gil_scoped_acquire gil;
  const py::object hook = hooks.poll.get();
  if (!hook) return;
  PyObject* answer = PyObject_CallNoArgs(hook.ptr());
  if (answer == nullptr) PyErr_WriteUnraisable(hook.ptr());
  Py_XDECREF(answer);
}

// Called at the first value that is not a plain number, so programs that log only plain numbers never import
// the device modules. Throws what the import raises; the next value then tries again.
void load_hooks() {
  static Shared<bool> tried;
  if (tried.exchange(true) || hooks.one.is_set()) return;
  PyObject* module = PyImport_ImportModule("tickertape.devices.hooks");  // sets the hooks
  Py_XDECREF(module);
  if (module != nullptr) return;
  if (PyErr_ExceptionMatches(PyExc_ImportError) == 0) {
    tried.store(false);
    throw py::error_already_set();
  }
  PyErr_Clear();  // _core without the package: there are no hooks
}

// One number a value, without a copy if the value is not deferred: those that the core can copy itself, then
// those of the hook, which gets the value's name. Throws what that raises.
std::vector<DeferredNumber> deferred_numbers(const py::list& values,
                                             const std::function<std::string(std::size_t)>& name_of) {
  std::vector<DeferredNumber> numbers(values.size());
  std::vector<PyObject*> objects;
  objects.reserve(values.size());
  for (const py::handle value : values) objects.push_back(value.ptr());
  copy_scalars(objects, numbers);
  py::list others, names;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i].copy != nullptr) continue;
    others.append(objects[i]);
    names.append(py::str(name_of(i)));
    places.push_back(i);
  }
  const py::object hook = hooks.many.get();
  if (places.empty() || !hook) return numbers;
  const py::list answers = hook(others, names);
  if (answers.size() != places.size())
    throw UnsupportedValue(expected("the hook for many values", std::to_string(places.size()) + " answers",
                                    std::to_string(answers.size())));
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (answers[i].is_none()) continue;
    numbers[places[i]] = checked(answers[i], "the hook for many values");
    check_process(*numbers[places[i]].copy);
  }
  return numbers;
}

// For add_scalars and ScalarBuffer.
py::list deferred_scalars(const py::list& values, const py::list& arguments) {
  if (values.size() != arguments.size())
    throw UnsupportedValue(
        expected("arguments", std::to_string(values.size()) + " names", std::to_string(arguments.size())));
  load_hooks();
  const py::list copy(values.attr("copy")());  // the hook may change it
  py::list answers;
  const auto name_of = [&](std::size_t i) { return text_of(arguments[i]); };
  for (const DeferredNumber& number : deferred_numbers(copy, name_of))
    answers.append(number.copy == nullptr ? py::object(py::none()) : py::cast(PyDeferredScalar{number}));
  return answers;
}

void set_hook(SharedObject& hook, const py::object& to) {
  if (!to.is_none() && PyCallable_Check(to.ptr()) == 0)
    throw UnsupportedType(expected("hook", "a callable or None", type_name(to.ptr())));
  hook.exchange(to.is_none() ? py::object() : to);
}

}  // namespace

void check_process(const DeviceCopy& copy) {
  if (!copy.is_of_this_process()) {
    throw std::runtime_error(
        "a value that was on its way to the parent process cannot be logged in a forked child");
  }
}

bool meets_deferred(PyObject* object, const char* argument) {
  if (const DeferredNumber* number = deferred_number(object)) {
    met = *number;
    return true;
  }
  copy_scalars({&object, 1}, {&met, 1});
  if (met.copy != nullptr) return true;
  load_hooks();
  const py::object hook = hooks.one.get();
  if (!hook) return false;
  PyObject* answer = PyObject_CallFunction(hook.ptr(), "Os", object, argument);
  if (answer == nullptr) return true;
  const bool is_deferred = answer != Py_None;
  if (is_deferred) {
    if (const DeferredNumber* number = deferred_number(answer)) {
      met = *number;
    } else {
      PyErr_SetString(
          PyExc_TypeError,
          expected("the hook for one value", "DeferredScalar or None", type_name(answer)).c_str());
    }
  }
  Py_DECREF(answer);
  return is_deferred;
}

DeferredNumber take_deferred() { return std::exchange(met, {}); }

std::string argument_of(std::string_view tag) { return "values['" + std::string(tag) + "']"; }

bool DeferredValuesOfLog::keeps(py::handle value, std::size_t index) {
  if (const DeferredNumber* number = deferred_number(value)) {
    check_process(*number->copy);
    deferred_.push_back({index, *number});
    return true;
  }
  if (is_plain_number(value.ptr())) return false;
  load_hooks();
  if (!hooks.many.is_set()) return false;
  if (places_.empty()) values_ = py::list();
  py::reinterpret_borrow<py::list>(values_).append(value);
  places_.push_back(index);
  return true;
}

void DeferredValuesOfLog::resolve(std::vector<TaggedScalar>& scalars) {
  const py::list values = values_;
  const auto name_of = [&](std::size_t i) { return argument_of(scalars[places_[i]].tag); };
  const std::vector<DeferredNumber> numbers = deferred_numbers(values, name_of);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (numbers[i].copy != nullptr) {
      deferred_.push_back({places_[i], numbers[i]});
      continue;
    }
    const std::string argument = name_of(i);
    const py::object value = values[i];
    double number = 0;
    if (!to_scalar(value.ptr(), number, argument.c_str())) {
      if (PyErr_Occurred() != nullptr) throw py::error_already_set();
      deferred_.push_back({places_[i], take_deferred()});
    }
    scalars[places_[i]].value = number;
  }
  std::sort(deferred_.begin(), deferred_.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
}

void poll_deferred_values() {
  if (!hooks.poll.is_set() || Py_IsInitialized() == 0) return;
  run_hook(&ask_to_complete);
}

void bind_deferred_scalars(py::module_& module) {
  const py::class_<PyDeferredScalar> deferred_scalar(module, "DeferredScalar", py::is_final());
  deferred_scalar_type = reinterpret_cast<PyTypeObject*>(deferred_scalar.ptr());
  module.def(
      "set_device_hooks",
      [](const py::object& one, const py::object& many, const py::object& poll) {
        set_hook(hooks.one, one);
        set_hook(hooks.many, many);
        set_hook(hooks.poll, poll);
      },
      py::arg("one").none(true), py::arg("many").none(true), py::arg("poll").none(true));
  module.def("deferred_scalars", &deferred_scalars, py::arg("values"), py::arg("arguments"));
}

}  // namespace tickertape::bindings
