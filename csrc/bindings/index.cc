// FileIndex and Series for Python, and columns of many series. L5.
#include "bindings/index.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
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
#include "reader/restarts.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

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

// The field of Summary.Value that holds the first value; of numbers the lowest of all fields.
unsigned first_field_of(const PySeries& self) {
  const auto first = self.index->segments(self.number).front();
  if (first->content() == Rows::Content::kPlaces) return first->field()[0];
  return static_cast<unsigned>(std::countr_zero(first->fields()));
}

std::uint32_t first_ordinal_of(const PySeries& self) {
  return self.index->segments(self.number).front()->ordinal()[0];
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

// Whether no problem or error is known, and it has what an event file begins with.
bool is_plain(const PyFileIndex& self) {
  const FileIndex& index = *self.index;
  const bool has_events = !index.series.empty() || !index.file_version.empty() || !index.starts.empty();
  return has_events && index.problems.empty() && !index.error;
}

// --- of the files of a run ---

py::object mask_of(const LiveRows& live) {
  if (live.empty()) return py::none();
  py::array_t<bool> mask(static_cast<py::ssize_t>(live.size()));
  std::memcpy(mask.mutable_data(), live.data(), live.size());
  return mask;
}

// The names of the kinds, made when the module is, and kept for ever.
std::array<PyObject*, kKindCount> kind_texts{};

py::handle kind_text(Kind kind) { return kind_texts.at(static_cast<std::size_t>(kind)); }

py::list live_series(const py::object& files, const std::string& name) {
  const std::optional<Restarts> restarts = restarts_of_name(name);
  if (!restarts)
    throw ArgumentError(expected("restarts", "'as-tensorboard', 'newest' or 'all'", "'" + name + "'"));
  std::vector<std::shared_ptr<const FileIndex>> indices;
  std::size_t rows = 0;
  for (const py::handle file : elements(files, "files", "a sequence of FileIndex")) {
    if (!py::isinstance<PyFileIndex>(file))
      throw UnsupportedType(expected("files", "a sequence of FileIndex", type_name(file.ptr())));
    indices.push_back(file.cast<const PyFileIndex&>().index);
    for (const Series& series : indices.back()->series) rows += series.size;
  }
  std::vector<std::vector<LiveRows>> live;
  if (rows < kWorthReleasingGil / sizeof(double)) {
    live = live_rows(indices, *restarts);
  } else {
    const GilRelease release;  // indices are snapshots
    live = live_rows(indices, *restarts);
  }
  py::list all;
  for (std::size_t file = 0; file < indices.size(); ++file) {
    for (std::size_t i = 0; i < live[file].size(); ++i) {
      const Series& series = indices[file]->series[i];
      all.append(py::make_tuple(file, kind_text(series.kind), plain_text(series.info->tag),
                                PySeries{indices[file], i}, mask_of(live[file][i])));
    }
  }
  return all;
}

// --- columns ---

// The rows of a series that count.
struct Piece {
  std::vector<std::shared_ptr<const Rows>> segments;
  const bool* live;  // one for each row; nullptr: all count
  std::size_t size;
};

template <typename T>
void copy_rows(const Piece& piece, const T* (Rows::*column)() const, T*& to) {
  const bool* live = piece.live;
  for (const auto& segment : piece.segments) {
    const T* from = (segment.get()->*column)();
    if (live == nullptr) {
      to = std::copy_n(from, segment->size(), to);
      continue;
    }
    for (std::size_t i = 0; i < segment->size(); ++i) {
      if (live[i]) *to++ = from[i];
    }
    live += segment->size();
  }
}

template <typename T>
py::array joined(const std::vector<Piece>& pieces, const T* (Rows::*column)() const) {
  std::size_t size = 0;
  for (const Piece& piece : pieces) size += piece.size;
  py::array_t<T> array(static_cast<py::ssize_t>(size));
  T* to = array.mutable_data();
  const auto copy = [&] {
    for (const Piece& piece : pieces) copy_rows(piece, column, to);
  };
  if (size * sizeof(T) < kWorthReleasingGil) {
    copy();
  } else {
    const GilRelease release;  // segments never change, the caller holds the masks, nobody else has the array
    copy();
  }
  return array;
}

py::array joined(const std::vector<Piece>& pieces, const std::string& name, bool has_numbers,
                 bool has_places) {
  if (name == "step") return joined(pieces, &Rows::step);
  if (name == "wall_time") return joined(pieces, &Rows::wall_time);
  if (name == "ordinal") return joined(pieces, &Rows::ordinal);
  if (!has_places && name == "value") return joined(pieces, &Rows::value);
  if (!has_numbers && name == "offset") return joined(pieces, &Rows::offset);
  if (!has_numbers && name == "length") return joined(pieces, &Rows::length);
  if (!has_numbers && name == "position") return joined(pieces, &Rows::position);
  if (!has_numbers && name == "field") return joined(pieces, &Rows::field);
  throw ArgumentError(expected("name", "a column that all of the series have", "'" + name + "'"));
}

using Mask = py::array_t<bool, py::array::c_style>;

// The rows of these series that count; `kept` holds the masks.
std::vector<Piece> to_pieces(const py::object& series, const py::object& live, std::vector<Mask>& kept) {
  const py::list all = elements(series, "series", "a sequence of Series");
  const py::list masks = elements(live, "live", "a sequence of masks");
  if (all.size() != masks.size())
    throw ArgumentError(expected("live", std::to_string(all.size()) + " masks, as many as series",
                                 std::to_string(masks.size())));
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const py::object object = all[i];
    if (!py::isinstance<PySeries>(object))
      throw UnsupportedType(expected("series", "a sequence of Series", type_name(object.ptr())));
    const auto& one = object.cast<const PySeries&>();
    Piece& piece = pieces.emplace_back(Piece{one.index->segments(one.number), nullptr, one.series().size});
    if (masks[i].is_none()) continue;
    const Mask& mask = kept.emplace_back(py::object(masks[i]));
    if (mask.ndim() != 1 || static_cast<std::size_t>(mask.size()) != piece.size)
      throw ArgumentError(
          expected("live", "a mask with an element for each row", text_of(mask.attr("shape"))));
    piece.live = mask.data();
    piece.size = static_cast<std::size_t>(std::count(mask.data(), mask.data() + mask.size(), true));
  }
  return pieces;
}

py::array join_columns(const py::object& series, const py::object& live, const std::string& name) {
  std::vector<Mask> kept;
  const std::vector<Piece> pieces = to_pieces(series, live, kept);
  bool has_numbers = false, has_places = false;
  for (const Piece& piece : pieces)
    (piece.segments.front()->content() == Rows::Content::kNumbers ? has_numbers : has_places) = true;
  return joined(pieces, name, has_numbers, has_places);
}

py::tuple latest(const py::object& series, const py::object& live) {
  std::vector<Mask> kept;
  std::int64_t step = 0;
  double wall_time = 0;
  bool is_first = true;
  for (const Piece& piece : to_pieces(series, live, kept)) {
    const bool* mask = piece.live;
    for (const auto& segment : piece.segments) {
      for (std::size_t i = 0; i < segment->size(); ++i) {
        const bool counts = mask == nullptr || *mask;
        if (mask != nullptr) ++mask;
        if (!counts) continue;
        const double time = segment->wall_time()[i];
        if (is_first || segment->step()[i] > step) step = segment->step()[i];
        if (is_first || time > wall_time || std::isnan(time)) wall_time = time;  // nothing exceeds a NaN
        is_first = false;
      }
    }
  }
  return py::make_tuple(step, wall_time);
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
      .def_property_readonly("first_field", &first_field_of)
      .def_property_readonly("first_ordinal", &first_ordinal_of)
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
      .def_property_readonly("is_plain", &is_plain)
      .def_property_readonly("error", &error_of)
      .def_property_readonly("series", &series_of)
      .def("without_rows", [](const PyFileIndex& self) { return PyFileIndex{self.index->without_rows()}; });
}

}  // namespace

void bind_index(py::module_& module) {
  for (std::size_t i = 0; i < kKindCount; ++i)
    kind_texts.at(i) = plain_text(kind_name(static_cast<Kind>(i))).release().ptr();
  bind_series(module);
  bind_file_index(module);
  module.def("live_series", &live_series, py::arg("files"), py::arg("restarts"));
  module.def("latest", &latest, py::arg("series"), py::arg("live"));
  module.def("join_columns", &join_columns, py::arg("series"), py::arg("live"), py::arg("name"));
}

}  // namespace tickertape::bindings
