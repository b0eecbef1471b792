// recover_rings() for Python. L5.
#include "bindings/recovery.h"

#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "queue/ring_location.h"
#include "recovery/recovery.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

py::list words_object(const std::vector<std::string>& words) {
  py::list all;
  for (const std::string& text : words) all.append(plain_text(text));
  return all;
}

py::tuple recover(const std::string& under, bool dry_run) {
  RecoveryReport report;
  {
    const GilRelease release;  // reads and writes files with memory of its own
    report = recover_rings(under, RecoveryAsker::kUser, dry_run ? RepairMode::kDryRun : RepairMode::kRepair);
  }
  py::list rings;
  for (const RingReport& ring : report.rings) {
    py::dict files;
    for (const RepairedFile& file : ring.files) files[path_text(file.path)] = file.events;
    rings.append(py::make_tuple(path_text(ring.ring), ring.process_id, ring.events(),
                                ring.events_lost() + ring.events_unread, ring.events_kept(), ring.is_removed,
                                files, words_object(ring.words())));
  }
  return py::make_tuple(rings, report.living);
}

py::list damaged() {
  py::list all;
  for (const std::string& ring : damaged_rings()) all.append(path_text(ring));
  return all;
}

py::list directories() {
  py::list all;
  for (const RingDirectory& directory : ring_directories())
    all.append(py::make_tuple(path_text(directory.path), directory.is_there, plain_text(directory.problem)));
  return all;
}

py::list passed_over() {
  py::list all;
  for (const RingDirectory& directory : ring_directories()) {
    if (!directory.is_there || directory.problem.empty()) continue;
    if (const std::size_t rings = rings_in(directory.path).size(); rings != 0)
      all.append(py::make_tuple(plain_text(directory.problem), rings));
  }
  return all;
}

}  // namespace

void bind_recovery(py::module_& module) {
  module.def("recover", &recover, py::arg("under"), py::arg("dry_run"));
  module.def("discard_ring", [](const std::string& ring) { discard_ring(ring); }, py::arg("ring"));
  module.def("ring_directories", &directories);
  module.def("damaged_rings", &damaged);
  module.def("passed_over_rings", &passed_over);
}

}  // namespace tickertape::bindings
