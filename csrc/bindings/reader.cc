// RecordReader, decode_event and read_scalars for Python. L5.
#include "bindings/reader.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bindings/gil.h"
#include "event/decoder.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"
#include "reader/scalars.h"
#include "tfrecord/record_reader.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

py::bytes to_bytes(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

py::bytes next_record(RecordReader& reader) {
  Bytes data;
  bool found;
  {
    const GilRelease release;  // reads the file into memory of its own
    found = reader.next(data);
  }
  if (!found) throw py::stop_iteration();
  return to_bytes(data);
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> damage_of(const RecordReader& reader) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
  for (const DamagedRegion& region : reader.damage()) all.emplace_back(region.offset, region.size);
  return all;
}

const char* event_field_name(std::uint32_t field) {
  using namespace protobuf::event_field;
  switch (field) {
    case kFileVersion:
      return "file_version";
    case kGraphDef:
      return "graph_def";
    case kSummary:
      return "summary";
    case kLogMessage:
      return "log_message";
    case kSessionLog:
      return "session_log";
    case kTaggedRunMetadata:
      return "tagged_run_metadata";
    case kMetaGraphDef:
      return "meta_graph_def";
    default:
      return "";
  }
}

const char* value_field_name(std::uint32_t field) {
  using namespace protobuf::value_field;
  switch (field) {
    case kSimpleValue:
      return "simple_value";
    case kOldHistogram:
      return "obsolete_old_style_histogram";
    case kImage:
      return "image";
    case kHisto:
      return "histo";
    case kAudio:
      return "audio";
    case kTensor:
      return "tensor";
    default:
      return "";
  }
}

py::str to_text(std::string_view text) { return {text.data(), text.size()}; }

py::list decode_values(Bytes summary) {
  py::list values;
  protobuf::Field field;
  for (protobuf::Reader reader(summary); reader.next(field);) {
    if (field.field != protobuf::summary_field::kValue || field.type != protobuf::WireType::kLength) continue;
    const ValueView value = decode_value(field.bytes);
    const py::object data = value.kind == protobuf::value_field::kSimpleValue
                                ? py::object(py::float_(static_cast<double>(value.simple_value)))
                                : py::object(to_bytes(value.content));
    values.append(py::make_tuple(to_text(value.tag), value_field_name(value.kind), data,
                                 to_text(value.plugin_name), to_bytes(value.plugin_content)));
  }
  return values;
}

py::tuple decode(const py::bytes& bytes) {
  const EventView event = decode_event(as_bytes(std::string_view(bytes)));
  py::object payload = to_bytes(event.content);
  if (event.what == protobuf::event_field::kSummary) payload = decode_values(event.content);
  if (event.what == protobuf::event_field::kFileVersion) payload = to_text(as_text(event.content));
  return py::make_tuple(event.wall_time, event.step, event_field_name(event.what), payload);
}

// An array that owns what was the vector's; nothing is copied.
template <typename T>
py::array_t<T> to_array(std::vector<T>&& values) {
  auto kept = std::make_unique<std::vector<T>>(std::move(values));
  const std::vector<T>& vector = *kept;
  const py::capsule owner(kept.release(), [](void* old) { delete static_cast<std::vector<T>*>(old); });
  return py::array_t<T>(static_cast<py::ssize_t>(vector.size()), vector.data(), owner);
}

py::dict scalars_of(const std::string& path) {
  std::vector<ScalarSeries> all;
  {
    const GilRelease release;  // reads the file into memory of its own
    all = read_scalars(path);
  }
  py::dict by_tag;
  for (ScalarSeries& series : all) {
    by_tag[to_text(series.tag)] =
        py::make_tuple(to_array(std::move(series.steps)), to_array(std::move(series.wall_times)),
                       to_array(std::move(series.values)));
  }
  return by_tag;
}

}  // namespace

void bind_reader(py::module_& module) {
  py::class_<RecordReader>(module, "RecordReader", py::is_final())
      .def(py::init<const std::string&, std::uint64_t>(), py::arg("path"), py::arg("offset") = 0)
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &next_record)
      .def_property_readonly("offset", &RecordReader::offset)
      .def_property_readonly("damage", &damage_of)
      .def_property_readonly("tail_bytes", &RecordReader::tail_bytes);
  module.def("decode_event", &decode, py::arg("event"));
  module.def("read_scalars", &scalars_of, py::arg("path"));
}

}  // namespace tickertape::bindings
