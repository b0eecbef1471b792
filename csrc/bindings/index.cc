// scan_files(), FileIndex and Series for Python. L5.
#include "bindings/index.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bindings/convert/arguments.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "bindings/waiting.h"
#include "reader/file_index.h"
#include "reader/log_scan.h"
#include "reader/restarts.h"
#include "tfrecord/record_at.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

using Index = std::shared_ptr<const FileIndex>;

// tickertape._core.FileIndex and Series.
struct PyFileIndex {
  Index index;
};
struct PySeries {
  Index index;
  std::size_t number;

  const Series& series() const { return index->series[number]; }
};

std::string fs_path(const py::handle& path) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), static_cast<void*>(&encoded)) == 0) throw py::error_already_set();
  return std::string(py::reinterpret_steal<py::bytes>(encoded));
}

py::str path_text(const std::string& path) {
  PyObject* text = PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size()));
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

// Tags, names and causes are UTF-8, but for paths in messages of the system.
py::str plain_text(std::string_view text) {
  PyObject* object =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(object);
}

py::object text_or_none(const std::string& text) {
  if (text.empty()) return py::none();
  return plain_text(text);
}

// A read-only array on a column, which it keeps alive.
template <typename T>
py::array column(const std::shared_ptr<const Rows>& rows, const T* values) {
  auto kept = std::make_unique<std::shared_ptr<const Rows>>(rows);
  const py::capsule owner(kept.release(),
                          [](void* old) { delete static_cast<std::shared_ptr<const Rows>*>(old); });
  py::array_t<T> array(static_cast<py::ssize_t>(rows->size()), values, owner);
  array.attr("flags").attr("writeable") = false;
  return array;
}

std::shared_ptr<const Rows> rows_of(const PySeries& self) {
  const GilRelease release;  // joining segments copies them; the index has its own lock
  return self.index->rows(self.number);
}

template <auto kColumn>
py::array column_of(const PySeries& self) {
  const auto rows = rows_of(self);
  return column(rows, (rows.get()->*kColumn)());
}

template <auto kColumn>
py::array column_of_places(const PySeries& self) {
  if (self.series().kind == Kind::kScalars)
    throw py::attribute_error("a series of kind 'scalars' has numbers, not places");
  return column_of<kColumn>(self);
}

py::array values_of(const PySeries& self) {
  if (self.series().kind != Kind::kScalars)
    throw py::attribute_error("a series of kind '" + std::string(kind_name(self.series().kind)) +
                              "' has places, not numbers");
  return column_of<&Rows::value>(self);
}

py::tuple fields_of(const PySeries& self) {
  std::uint32_t bits = 0;
  for (const auto& segment : self.index->segments(self.number)) bits |= segment->fields();
  py::list fields;
  for (unsigned field = 0; field < 32; ++field) {
    if ((bits >> field & 1) != 0) fields.append(field);
  }
  return {fields};
}

py::bytes metadata_of(const PySeries& self) { return self.series().info->metadata; }

py::list series_of(const PyFileIndex& self) {
  py::list all;
  for (std::size_t i = 0; i < self.index->series.size(); ++i) all.append(PySeries{self.index, i});
  return all;
}

py::list problems_of(const PyFileIndex& self) {
  py::list all;
  for (const Problem& problem : self.index->problems)
    all.append(py::make_tuple(problem.offset, problem.size, plain_text(problem.cause)));
  return all;
}

py::list starts_of(const PyFileIndex& self) {
  py::list all;
  for (const SessionStart& start : self.index->starts)
    all.append(py::make_tuple(start.step, start.wall_time, start.ordinal));
  return all;
}

// The OSError that says why the file could not be read.
py::object error_of(const PyFileIndex& self) {
  const auto& error = self.index->error;
  if (!error) return py::none();
  const py::handle type(PyExc_OSError);
  return type(error->error_number(), plain_text(error->what()), path_text(error->path()));
}

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
  std::vector<Index> indices;
  {
    const GilRelease release;  // reads files into memory of its own; the hooks take the GIL back
    indices = scan_files(requests, std::move(filter), asked, threads);
  }
  py::list all;
  for (Index& index : indices) all.append(PyFileIndex{std::move(index)});
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

py::list live(const std::vector<PyFileIndex>& files, const std::string& name) {
  const std::optional<Restarts> restarts = restarts_of_name(name);
  if (!restarts)
    throw ArgumentError(expected("restarts", "'as-tensorboard', 'newest' or 'all'", "'" + name + "'"));
  std::vector<Index> indices;
  indices.reserve(files.size());
  for (const PyFileIndex& file : files) indices.push_back(file.index);
  std::vector<std::vector<LiveRows>> rows;
  {
    const GilRelease release;  // indices are snapshots
    rows = live_rows(indices, *restarts);
  }
  py::list all;
  for (const auto& file : rows) {
    py::list masks;
    for (const LiveRows& mask : file) {
      if (mask.empty()) {
        masks.append(py::none());
        continue;
      }
      py::array_t<bool> array(static_cast<py::ssize_t>(mask.size()));
      std::memcpy(array.mutable_data(), mask.data(), mask.size());
      masks.append(std::move(array));
    }
    all.append(std::move(masks));
  }
  return all;
}

void bind_series(py::module_& module) {
  py::class_<PySeries>(module, "Series", py::is_final())
      .def("__len__", [](const PySeries& self) { return self.series().size; })
      .def_property_readonly("tag", [](const PySeries& self) { return plain_text(self.series().info->tag); })
      .def_property_readonly("kind",
                             [](const PySeries& self) { return plain_text(kind_name(self.series().kind)); })
      .def_property_readonly("plugin",
                             [](const PySeries& self) { return plain_text(self.series().info->plugin); })
      .def_property_readonly("metadata", &metadata_of)
      .def_property_readonly("has_metadata",
                             [](const PySeries& self) { return self.series().info->has_metadata; })
      .def_property_readonly("fields", &fields_of)
      .def_property_readonly("step", &column_of<&Rows::step>)
      .def_property_readonly("wall_time", &column_of<&Rows::wall_time>)
      .def_property_readonly("ordinal", &column_of<&Rows::ordinal>)
      .def_property_readonly("value", &values_of)
      .def_property_readonly("offset", &column_of_places<&Rows::offset>)
      .def_property_readonly("length", &column_of_places<&Rows::length>)
      .def_property_readonly("position", &column_of_places<&Rows::position>)
      .def_property_readonly("field", &column_of_places<&Rows::field>);
}

void bind_file_index(py::module_& module) {
  py::class_<PyFileIndex>(module, "FileIndex", py::is_final())
      .def_property_readonly("path", [](const PyFileIndex& self) { return path_text(self.index->path); })
      .def_property_readonly("end", [](const PyFileIndex& self) { return self.index->end; })
      .def_property_readonly("size", [](const PyFileIndex& self) { return self.index->version.size; })
      .def_property_readonly("identity",
                             [](const PyFileIndex& self) {
                               return py::make_tuple(self.index->version.device, self.index->version.inode);
                             })
      .def_property_readonly("is_cut", [](const PyFileIndex& self) { return self.index->tail != 0; })
      .def_property_readonly("tail_bytes", [](const PyFileIndex& self) { return self.index->tail; })
      .def_property_readonly("events", [](const PyFileIndex& self) { return self.index->events; })
      .def_property_readonly("problems", &problems_of)
      .def_property_readonly("starts", &starts_of)
      .def_property_readonly("first_wall_time",
                             [](const PyFileIndex& self) { return self.index->first_wall_time; })
      .def_property_readonly("file_version",
                             [](const PyFileIndex& self) { return text_or_none(self.index->file_version); })
      .def_property_readonly("source_writer",
                             [](const PyFileIndex& self) { return text_or_none(self.index->source_writer); })
      .def_property_readonly("error", &error_of)
      .def_property_readonly("series", &series_of)
      .def("without_rows", [](const PyFileIndex& self) { return PyFileIndex{self.index->without_rows()}; });
}

}  // namespace

void bind_index(py::module_& module) {
  bind_series(module);
  bind_file_index(module);
  module.def("scan_files", &scan, py::arg("paths"), py::kw_only(), py::arg("previous") = py::none(),
             py::arg("tag_filter") = py::none(), py::arg("kinds") = py::none(), py::arg("steps") = py::none(),
             py::arg("threads") = 0, py::arg("progress") = py::none());
  module.def("read_record", &record, py::arg("path"), py::arg("offset"), py::arg("length"));
  module.def("live_rows", &live, py::arg("files"), py::arg("restarts"));
}

}  // namespace tickertape::bindings
