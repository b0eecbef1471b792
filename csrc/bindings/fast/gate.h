// The gate, which add_* and log check before their arguments: whether record_if lets them record, and the
// step and wall time of a call that names none (set_step, use_metadata). L5.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "bindings/support/shared.h"

namespace tickertape::bindings {

// One for the process. The Python methods of SummaryWriter see is_set() as `_core.is_gated`.
struct Gate {
  // Blocks of record_if and use_metadata that are running in any thread: 0 nearly always.
  Shared<std::uint32_t> blocks;
  // The int that set_step() has set, if it has.
  SharedObject default_step;
  Shared<bool> has_default_step;

  bool is_set() const { return blocks.load() != 0 || has_default_step.load(); }
};
inline Gate gate;

enum class Admitted { kYes, kNo, kError };

// To be called before an argument is converted; runs Python code if the gate is set. If `step` or `wall_time`
// is nullptr or None, it is set to the default for `self`, which `owner` keeps alive. kNo: the call records
// nothing. kError: a Python error is set.
Admitted admit(PyObject* self, PyObject*& step, PyObject*& wall_time, pybind11::object& owner);

void bind_gate(pybind11::module_& module);

}  // namespace tickertape::bindings
