// recover_rings() for Python. L5.
#include "bindings/recovery.h"

#include <pybind11/stl.h>

#include <string>

#include "bindings/support/gil.h"
#include "recovery/recovery.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

py::list recover(const std::string& under) {
  RecoveryReport report;
  {
    const GilRelease release;  // reads and writes files with memory of its own
    report = recover_rings(under);
  }
  py::list rings;
  for (const RingReport& ring : report.rings) {
    py::dict files;
    for (const RepairedFile& file : ring.files) files[py::str(file.path)] = file.events;
    rings.append(py::make_tuple(ring.ring, ring.process_id, ring.events(), ring.events_lost(),
                                ring.is_removed, files, ring.words()));
  }
  return rings;
}

}  // namespace

void bind_recovery(py::module_& module) { module.def("recover", &recover, py::arg("under")); }

}  // namespace tickertape::bindings
