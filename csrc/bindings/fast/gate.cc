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
SharedObject admit_hook;

PyObject* module_object = nullptr;  // kept for ever, like the next one
PyObject* flag_name = nullptr;

// What Python sees. Replacing a value allocates nothing, so this does not fail. Looks again, because another
// thread may have changed the gate and shown that before.
void show() {
  bool is_shown = false;
  do {
    is_shown = gate.is_set();
    if (PyObject_SetAttr(module_object, flag_name, is_shown ? Py_True : Py_False) != 0)
      throw py::error_already_set();
  } while (is_shown != gate.is_set());
}

void enter_gated_block() {
  if (!admit_hook.is_set()) throw std::runtime_error("set_admit_hook() comes before the first block");
  gate.blocks.add(1);
  show();
}

void leave_gated_block() {
  if (gate.blocks.load() == 0) throw std::runtime_error("no gated block is running");
  gate.blocks.add(-std::uint32_t{1});
  show();
}

void set_default_step(const py::object& step) {
  if (!step.is_none() && !PyLong_CheckExact(step.ptr()))
    throw UnsupportedType(expected("step", "an int or None", type_name(step.ptr())));
  const bool is_set = !step.is_none();
  gate.default_step.exchange(is_set ? step : py::object());
  gate.has_default_step.store(is_set);
  show();
}

py::object default_step() {
  py::object step = gate.default_step.get();
  return step ? step : py::none();
}

bool is_missing(PyObject* argument) { return argument == nullptr || argument == Py_None; }

}  // namespace

Admitted admit(PyObject* self, PyObject*& step, PyObject*& wall_time, py::object& owner) {
  if (gate.blocks.load() == 0) {  // a default step alone calls no hook
    if (is_missing(step)) owner = gate.default_step.get();
    if (owner) step = owner.ptr();
    return Admitted::kYes;
  }
  PyObject* const arguments[] = {self, is_missing(step) ? Py_None : step,
                                 is_missing(wall_time) ? Py_None : wall_time};
  const py::object hook = admit_hook.get();
  owner = py::reinterpret_steal<py::object>(PyObject_Vectorcall(hook.ptr(), arguments, 3, nullptr));
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
  module.def("set_admit_hook", [](const py::object& hook) { admit_hook.exchange(hook); }, py::arg("hook"));
}

}  // namespace tickertape::bindings
