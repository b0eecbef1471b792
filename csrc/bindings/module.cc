// tickertape._core: the table of contents. L5.
#include <pybind11/pybind11.h>

#include "base/version.h"
#include "bindings/arrow.h"
#include "bindings/codecs.h"
#include "bindings/convert/arguments.h"
#include "bindings/convert/deferred_scalar.h"
#include "bindings/convert/device_tensors.h"
#include "bindings/convert/exposed.h"
#include "bindings/convert/host_tensor.h"
#include "bindings/fast/gate.h"
#include "bindings/fast/methods.h"
#include "bindings/index.h"
#include "bindings/messages.h"
#include "bindings/reader.h"
#include "bindings/recovery.h"
#include "bindings/scan.h"
#include "bindings/serving.h"
#include "bindings/support/errors.h"
#include "bindings/waiting.h"
#include "bindings/writer/devices.h"
#include "bindings/writer/in_place.h"
#include "bindings/writer/writer.h"

namespace py = pybind11;

namespace {

constexpr const char* kOneInterpreter =
    "tickertape works in the main interpreter alone, as NumPy does: one queue serves the whole process";

bool is_main_interpreter() { return PyInterpreterState_Get() == PyInterpreterState_Main(); }

}  // namespace

// Initialised in two phases, without the GIL where there is none: support/shared.h says what orders threads
// then.
PYBIND11_MODULE(_core_of_main_interpreter, module, py::mod_gil_not_used(),
                py::multiple_interpreters::not_supported()) {
  using namespace tickertape::bindings;
  if (!is_main_interpreter()) throw py::import_error(kOneInterpreter);  // Python 3.13 calls this first
  module.doc() = "Tickertape's native core; see _core.pyi for the contract of each function.";
  module.attr("__version__") = tickertape::library_version();
  // For each function pybind11 looks for this before it takes __name__. If it is missing, the errors of these
  // look-ups take 0.6 M instructions of the import.
  module.attr("__module__") = module.attr("__name__");
  register_errors(module);
  set_wait_hooks();
  prepare_arguments();
  bind_conversions(module);
  bind_host_tensors(module);
  bind_in_place(module);
  bind_deferred_scalars(module);
  bind_devices(module);
  bind_device_tensors(module);
  bind_writer(module);
  bind_fast_methods(module);
  bind_gate(module);
  bind_messages(module);
  bind_reader(module);
  bind_index(module);
  bind_scan(module);
  bind_arrow(module);
  bind_serving(module);
  bind_codecs(module);
  bind_recovery(module);
  py::delattr(module, "__module__");
}

// The function that Python calls first. That of pybind11 waits for ever for the GIL, which its own thread
// holds, if a subinterpreter imports the module (Python 3.10 and 3.11, pybind11 3.1).
// NOLINTNEXTLINE(bugprone-reserved-identifier): Python makes the name from the module's.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (is_main_interpreter()) return PyInit__core_of_main_interpreter();
  PyErr_SetString(PyExc_ImportError, kOneInterpreter);
  return nullptr;
}
