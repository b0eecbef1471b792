// tickertape._core: the table of contents. L5.
#include <pybind11/pybind11.h>

#include "bindings/codecs.h"
#include "bindings/errors.h"
#include "bindings/late.h"
#include "bindings/reader.h"
#include "bindings/recovery.h"
#include "bindings/waiting.h"
#include "bindings/writer.h"
#include "pipeline/settings.h"

PYBIND11_MODULE(_core, module) {
  using namespace tickertape::bindings;
  module.doc() = "Tickertape's native core; see _core.pyi for the contract of each function.";
  module.attr("__version__") = tickertape::settings::kLibraryVersion;
  register_errors();
  set_wait_hooks();
  bind_late(module);
  bind_writer(module);
  bind_reader(module);
  bind_codecs(module);
  bind_recovery(module);
}
