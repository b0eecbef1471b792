// The core's wait hooks. L5.
#include "bindings/waiting.h"

#include <pybind11/pybind11.h>

#include "base/os/process.h"
#include "bindings/convert/deferred_scalar.h"
#include "bindings/support/entry.h"
#include "bindings/support/gil.h"
#include "drain/wait_hooks.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Small ops are pushed with the GIL held. If one has to wait, this lets other threads run. Safe because what
// is pushed was copied out of Python's objects, or is kept alive by the arguments of the call.
void* give_up_gil() {
  return Py_IsInitialized() != 0 && PyGILState_Check() != 0 ? PyEval_SaveThread() : nullptr;
}

void end_wait(void* thread_state) {
  if (thread_state != nullptr) take_gil_back(static_cast<PyThreadState*>(thread_state));
}

}  // namespace

bool signal_raised() {
  if (!is_main_thread() || Py_IsInitialized() == 0) return false;
  bool raised = false;
  run_hook([&] {
    const py::gil_scoped_acquire gil;
    raised = PyErr_CheckSignals() != 0;
  });
  return raised;
}

void set_wait_hooks() {
  tickertape::set_wait_hooks({&give_up_gil, &end_wait, &signal_raised, &poll_deferred_values});
}

}  // namespace tickertape::bindings
