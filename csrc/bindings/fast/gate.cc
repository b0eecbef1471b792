// Sets and clears the gate, and calls the admit hook. L5.
#include "bindings/fast/gate.h"

#include <stdexcept>
#include <utility>

#include "bindings/support/errors.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Set once by tickertape.writer.recording, which is the only module that enters blocks.
PyObject* admit_hook = nullptr;

PyObject* module_object = nullptr;  // kept for ever, like the next one
PyObject* flag_name = nullptr;

// What Python sees. Replacing a value allocates nothing, so this does not fail.
void show(bool is_gated) {
  if (PyObject_SetAttr(module_object, flag_name, is_gated ? Py_True : Py_False) != 0)
    throw py::error_already_set();
}

void enter_gated_block() {
  if (admit_hook == nullptr) throw std::runtime_error("set_admit_hook() comes before the first block");
  show(true);
  ++gate.blocks;
}

void leave_gated_block() {
  if (gate.blocks == 0) throw std::runtime_error("no gated block is running");
  --gate.blocks;
  show(gate.is_set());
}

void set_default_step(const py::object& step) {
  if (!step.is_none() && !PyLong_CheckExact(step.ptr()))
    throw UnsupportedType(expected("step", "an int or None", type_name(step.ptr())));
  // An exact int: releasing it runs no Python code.
  PyObject* before =
      std::exchange(gate.default_step, step.is_none() ? nullptr : py::object(step).release().ptr());
  Py_XDECREF(before);
  show(gate.is_set());
}

py::object default_step() {
  return gate.default_step == nullptr ? py::none() : py::reinterpret_borrow<py::object>(gate.default_step);
}

bool is_missing(PyObject* argument) { return argument == nullptr || argument == Py_None; }

}  // namespace

Admitted admit(PyObject* self, PyObject*& step, PyObject*& wall_time, py::object& owner) {
  if (gate.blocks == 0) {  // a default step alone calls no hook
    if (is_missing(step) && gate.default_step != nullptr) {
      owner = py::reinterpret_borrow<py::object>(gate.default_step);
      step = owner.ptr();
    }
    return Admitted::kYes;
  }
  PyObject* const arguments[] = {self, is_missing(step) ? Py_None : step,
                                 is_missing(wall_time) ? Py_None : wall_time};
  owner = py::reinterpret_steal<py::object>(PyObject_Vectorcall(admit_hook, arguments, 3, nullptr));
  if (!owner) return Admitted::kError;
  if (owner.is_none()) return Admitted::kNo;
  if (!PyTuple_CheckExact(owner.ptr()) || PyTuple_GET_SIZE(owner.ptr()) != 2) {
    PyErr_SetString(PyExc_TypeError,
                    expected("the admit hook", "(step, walltime) or None", type_name(owner.ptr())).c_str());
    return Admitted::kError;
  }
  step = PyTuple_GET_ITEM(owner.ptr(), 0);
  wall_time = PyTuple_GET_ITEM(owner.ptr(), 1);
  return Admitted::kYes;
}

void bind_gate(py::module_& module) {
  module_object = module.ptr();
  flag_name = PyUnicode_InternFromString("is_gated");
  module.attr("is_gated") = false;
  module.def("enter_gated_block", &enter_gated_block);
  module.def("leave_gated_block", &leave_gated_block);
  module.def("set_default_step", &set_default_step, py::arg("step").none(true));
  module.def("default_step", &default_step);
  module.def(
      "set_admit_hook",
      [](const py::object& hook) { Py_XDECREF(std::exchange(admit_hook, py::object(hook).release().ptr())); },
      py::arg("hook"));
}

}  // namespace tickertape::bindings
