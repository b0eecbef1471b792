// The search of log directories and the scan of event files, for Python. L5.
#include "bindings/scan.h"

#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bindings/convert/arguments.h"
#include "bindings/index_objects.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "bindings/waiting.h"
#include "reader/event_files.h"
#include "reader/log_scan.h"
#include "tfrecord/record_at.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

std::vector<ScanRequest> to_requests(const py::object& paths, const py::object& previous) {
  std::vector<ScanRequest> requests;
  for (const py::handle path : elements(paths, "paths", "a sequence of paths"))
    requests.push_back({fs_path(path), nullptr});
  if (previous.is_none()) return requests;
  const py::list indices = elements(previous, "previous", "a sequence of FileIndex or None");
  if (indices.size() != requests.size())
    throw ArgumentError(expected("previous", std::to_string(requests.size()) + " indices, as many as paths",
                                 std::to_string(indices.size())));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const py::object index = indices[i];
    if (index.is_none()) continue;
    if (!py::isinstance<PyFileIndex>(index))
      throw UnsupportedType(expected("previous", "FileIndex or None", type_name(index.ptr())));
    requests[i].previous = index.cast<const PyFileIndex&>().index;
  }
  return requests;
}

KindSet to_kinds(const py::object& names) {
  if (names.is_none()) return KindSet::all();
  KindSet kinds = KindSet::none();
  for (const py::handle name : elements(names, "kinds", "names of kinds")) {
    const std::string text(to_text(name.ptr(), "kinds"));
    const std::optional<Kind> kind = kind_of_name(text);
    if (!kind) throw ArgumentError(expected("kinds", "names of kinds such as 'scalars'", "'" + text + "'"));
    kinds.add(*kind);
  }
  return kinds;
}

void to_steps(const py::object& steps, ScanFilter& filter) {
  if (steps.is_none()) return;
  const py::list both = elements(steps, "steps", "(first, last)");
  if (both.size() != 2)
    throw ArgumentError(expected("steps", "(first, last)", std::to_string(both.size()) + " elements"));
  const bool are_steps =
      to_step(both[0].ptr(), filter.first_step, "steps") && to_step(both[1].ptr(), filter.last_step, "steps");
  if (!are_steps) throw py::error_already_set();
}

// What the scan asks on the calling thread, which has given up the GIL.
ScanHooks to_hooks(const py::object& tag_filter, const py::object& progress) {
  ScanHooks asked;
  asked.is_interrupted = &signal_raised;
  if (!tag_filter.is_none()) {
    asked.keeps_tag = [call = py::handle(tag_filter)](std::string_view tag) {
      const py::gil_scoped_acquire gil;
      const py::object answer = call(plain_text(tag));
      const int is_true = PyObject_IsTrue(answer.ptr());
      if (is_true < 0) throw py::error_already_set();
      return is_true != 0;
    };
  }
  if (!progress.is_none()) {
    asked.progress = [call = py::handle(progress)](std::uint64_t done, std::uint64_t total) {
      const py::gil_scoped_acquire gil;
      call(done, total);
    };
  }
  return asked;
}

py::list scan(const py::object& paths, const py::object& previous, const py::object& tag_filter,
              const py::object& kinds, const py::object& steps, unsigned threads,
              const py::object& progress) {
  const std::vector<ScanRequest> requests = to_requests(paths, previous);
  ScanFilter filter;
  filter.kinds = to_kinds(kinds);
  to_steps(steps, filter);
  const ScanHooks asked = to_hooks(tag_filter, progress);
  std::vector<std::shared_ptr<const FileIndex>> indices;
  {
    const GilRelease release;  // reads files into memory of its own; the hooks take the GIL back
    indices = scan_files(requests, std::move(filter), asked, threads);
  }
  py::list all;
  for (auto& index : indices) all.append(PyFileIndex{std::move(index)});
  return all;
}

py::bytes record(const py::object& path, std::uint64_t offset, std::uint64_t length) {
  const std::string name = fs_path(path);
  Buffer whole;
  {
    const GilRelease release;  // reads into memory of its own
    whole = read_record(File::open_to_read(name), offset, length);
  }
  const Bytes data = record_data(whole);
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

py::list event_folders(const py::object& top, std::optional<std::size_t> most_entries,
                       std::optional<std::size_t> most_folders) {
  const std::string path = fs_path(top);
  SearchLimits limits;
  limits.most_entries = most_entries.value_or(SIZE_MAX);
  limits.most_folders = most_folders.value_or(SIZE_MAX);
  limits.is_interrupted = &signal_raised;
  std::vector<EventFolder> folders;
  {
    const GilRelease release;  // lists directories into memory of its own
    folders = find_event_folders(path, limits);
  }
  py::list all;
  for (const EventFolder& folder : folders) {
    py::list names;
    for (const std::string& name : folder.names) names.append(path_text(name));
    all.append(py::make_tuple(path_text(folder.path), std::move(names)));
  }
  return all;
}

// Of any str: a name may come from an object store.
bool is_event_file_name(const py::str& name) {
  const auto bytes =
      py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(name.ptr(), "utf-8", "surrogatepass"));
  if (!bytes) throw py::error_already_set();
  return is_event_file(std::string_view(bytes));
}

}  // namespace

void bind_scan(py::module_& module) {
  module.def("scan_files", &scan, py::arg("paths"), py::kw_only(), py::arg("previous") = py::none(),
             py::arg("tag_filter") = py::none(), py::arg("kinds") = py::none(), py::arg("steps") = py::none(),
             py::arg("threads") = 0, py::arg("progress") = py::none());
  module.def("read_record", &record, py::arg("path"), py::arg("offset"), py::arg("length"));
  module.def("event_folders", &event_folders, py::arg("top"), py::kw_only(),
             py::arg("most_entries") = py::none(), py::arg("most_folders") = py::none());
  module.def("is_event_file", &is_event_file_name, py::arg("name"));
}

}  // namespace tickertape::bindings
