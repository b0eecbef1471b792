// EventFileWriter, SummaryWriterBase and the backend's own functions for Python. L5.
#include "bindings/writer/writer.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bindings/convert/arguments.h"
#include "bindings/support/entry.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/notices.h"
#include "bindings/support/text.h"
#include "bindings/writer/devices.h"
#include "bindings/writer/push.h"
#include "bindings/writer/py_writer.h"
#include "codec/histogram/histogram.h"
#include "event/encoder.h"
#include "event/messages.h"
#include "protobuf/message.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

void add_histogram_counts(PyWriter& self, py::handle tag, const py::array& words, py::handle max_bins,
                          py::handle step, py::handle walltime, py::handle source) {
  if (words.itemsize() != sizeof(std::uint64_t) || static_cast<std::size_t>(words.size()) != kCountedWords) {
    throw UnsupportedValue(expected("words", "1,556 elements of 8 bytes",
                                    text_of(py::str("{} of {}").format(words.size(), words.itemsize()))));
  }
  HistogramCountsOp op;
  if (!max_bins.is_none()) op.max_bins = to_count(max_bins, "max_bins");
  op.words.source = to_source(words, DType::kUint64, "words");
  add_now_or_deferred(self, OpKind::kHistogramCounts, tag, op, to_when(step, walltime), source);
}

void add_histogram_raw(PyWriter& self, py::handle tag, double min, double max, double num, double sum,
                       double sum_squares, const Doubles& limits, const Doubles& counts, py::handle step,
                       py::handle walltime) {
  if (limits.size() != counts.size())
    throw UnsupportedValue(expected("bucket_limits, bucket_counts", "the same number of elements",
                                    std::to_string(limits.size()) + " and " + std::to_string(counts.size())));
  check_event_bytes(2 * sizeof(double) * static_cast<std::size_t>(limits.size()), "bucket_limits");
  const HistogramRawOp op{min, max, num, sum, sum_squares, to_doubles(limits), to_doubles(counts)};
  add(self, OpKind::kHistogramRaw, tag, op, to_when(step, walltime));
}

// Strings in the form of TensorOp: each after its length.
Buffer joined_strings(const py::object& strings) {
  Buffer out;
  for (const py::handle item : strings) {
    const auto text = as_bytes(std::string_view(item.cast<py::bytes>()));
    const std::uint64_t size = text.size();
    std::memcpy(out.extend(sizeof size), &size, sizeof size);
    out.append(text);
  }
  return out;
}

// The elements of a tensor as bits. Those of complex128, too large for one element, are two each.
struct TensorElements {
  TensorElements(py::array values, protobuf::TensorType type) : array(std::move(values)) {
    if (type != protobuf::TensorType::kComplex128) {
      source = to_source(array, dtype_of_size(array.itemsize()), "values");
      return;
    }
    array = in_one_piece(array);
    halves = 2 * array.size();
    source = {array.data(), DType::kUint64, 1, &halves, &kStride};
  }
  static DType dtype_of_size(py::ssize_t item_size) {
    switch (item_size) {
      case 1:
        return DType::kUint8;
      case 2:
        return DType::kUint16;
      case 4:
        return DType::kUint32;
      default:
        return DType::kUint64;
    }
  }
  static constexpr std::ptrdiff_t kStride = sizeof(std::uint64_t);
  py::array array;
  std::ptrdiff_t halves = 0;
  ArraySource source;
};

// `is_here`: no device is still copying the elements.
void check_tensor_bytes(const TensorOp& op, bool is_here) {
  constexpr std::size_t kMostBytesOfElement = 16;  // complex128; a varint has 10 at most
  const ArraySource& source = op.elements.source;
  check_event_bytes(source.size_bytes(), "tensor");
  if (!is_here || source.size() <= kMaxEventBytes / kMostBytesOfElement / 2) return;
  Buffer elements;
  std::size_t size = 0;
  {
    const GilRelease release;  // the caller keeps the array
    gather(source, elements.extend(source.size_bytes()));
    size = tensor_values_size(op.type, elements.bytes());
  }
  check_event_bytes(size, "tensor");
}

void add_tensor(PyWriter& self, py::handle tag, const py::object& values, const std::string& dtype,
                const std::optional<std::vector<std::uint64_t>>& shape, const std::string& plugin_name,
                const py::bytes& plugin_content, py::handle step, py::handle walltime,
                const std::string& display_name, const std::string& description, std::uint64_t data_class,
                py::handle source) {
  TensorOp op;
  op.type = to_tensor_type(dtype);
  Buffer strings;
  std::optional<TensorElements> elements;
  if (op.type == protobuf::TensorType::kString) {
    strings = joined_strings(values);
    check_event_bytes(strings.size(), "tensor");
    op.strings = strings.bytes();
    op.elements.source = ArraySource::empty();
  } else {
    if (!py::isinstance<py::array>(values))
      throw UnsupportedType(expected("values", "an array", type_name(values.ptr())));
    elements.emplace(py::reinterpret_borrow<py::array>(values), op.type);
    op.elements.source = elements->source;
    check_tensor_bytes(op, source.is_none() || py::isinstance<PyInPlace>(source));
    if (!source.is_none() && elements->array.ptr() != values.ptr())
      throw UnsupportedValue(expected("values", "a contiguous array", "one with other strides"));
  }
  op.has_shape = shape ? 1 : 0;
  if (shape) op.shape = *shape;
  op.plugin_name = plugin_name;
  op.plugin_content = as_bytes(std::string_view(plugin_content));
  op.display_name = display_name;
  op.description = description;
  op.data_class = data_class;
  add_now_or_deferred(self, OpKind::kTensor, tag, op, to_when(step, walltime), source);
}

void add_message(PyWriter& self, OpKind kind, const py::bytes& message, const When& when) {
  const Bytes bytes = as_bytes(std::string_view(message));
  check_event_bytes(bytes.size(), kind == OpKind::kEvent ? "event" : "summary");
  push_op(self, std::nullopt, bytes.size(),
          [&](OpenFile& file) { file.add_message(kind, bytes, when.step, when.wall_time); });
}

void add_event(PyWriter& self, const py::bytes& event) {
  protobuf::check_message(messages::kEvent, as_bytes(std::string_view(event)));
  add_message(self, OpKind::kEvent, event, {0, 0});
}

// Each may wait for the disk, without the GIL: then they touch only objects of the core. An error is a notice
// when they return, or raises with on_error="raise".
template <typename Wait>
void wait_for(const std::shared_ptr<OpenFile>& file, Wait wait) {
  if (file != nullptr) {
    const GilRelease release;
    wait(*file);
  }
  raise_notices();
  if (file != nullptr) raise_trouble(*file);
}

void flush(PyWriter& self, bool wait) {
  wait_for(self.ready_file(),
           [&](OpenFile& file) { file.flush(wait ? DeferredValues::kAwait : DeferredValues::kLeave); });
}

void sync(PyWriter& self) {
  wait_for(self.ready_file(), [](OpenFile& file) { file.sync(); });
}

void close(PyWriter& self) {
  wait_for(self.detach(), [](OpenFile& file) { file.flush(DeferredValues::kAwait); });
}

bool is_second(const std::string& value, const char* name, const std::string& first,
               const std::string& second) {
  if (value == second) return true;
  if (value == first) return false;
  throw UnsupportedValue(expected(name, "'" + first + "' or '" + second + "'", "'" + value + "'"));
}

std::unique_ptr<PyWriter> open_writer(const std::string& log_dir, const std::string& filename_suffix,
                                      std::optional<std::int64_t> purge_step, const std::string& on_full,
                                      const std::string& on_error, bool is_patient, bool write_to_disk) {
  WriterOptions options{filename_suffix, purge_step};
  if (is_second(on_full, "on_full", "block", "drop")) options.on_full = OnFull::kDrop;
  if (is_second(on_error, "on_error", "warn", "raise")) options.on_error = OnError::kRaise;
  options.is_patient = is_patient;
  options.write_to_disk = write_to_disk;
  // At its first use of NumPy pybind11 releases the GIL in its own way (see gil.h): better here than in some
  // thread.
  [[maybe_unused]] const py::dtype first_use = py::dtype::of<float>();
  std::unique_ptr<PyWriter> writer;
  {
    const GilRelease release;  // creates directories and a file
    writer = std::make_unique<PyWriter>(log_dir, std::move(options));
  }
  raise_notices_about(kAboutNoName);
  return writer;
}

py::dict stats() {
  py::dict all;
  Backend* backend = ProcessBackend::current();
  const auto number = [&](const std::atomic<std::uint64_t> Counters::* counter) {
    return backend == nullptr ? 0 : (backend->counters().*counter).load(std::memory_order_relaxed);
  };
  all["events_accepted"] = backend == nullptr ? 0 : backend->ring().accepted();
  all["events_written"] = number(&Counters::events_written);
  all["events_queued"] = backend == nullptr ? 0 : backend->events_queued();
  all["bytes_written"] = number(&Counters::bytes_written);
  all["bytes_queued"] = backend == nullptr ? 0 : backend->bytes_queued();
  all["events_dropped"] = number(&Counters::events_dropped);
  all["write_retries"] = number(&Counters::write_retries);
  all["files_renewed"] = number(&Counters::files_renewed);
  all["internal_errors"] = number(&Counters::internal_errors);
  all["wait_ns"] = number(&Counters::wait_ns);
  all["events_late"] = backend == nullptr ? 0 : backend->waitlist().count();
  all["writers_open"] = number(&Counters::writers_open);
  return all;
}

void leave_notice(const std::string& text) {
  Backend* backend = ProcessBackend::current();
  if (backend == nullptr) return;
  backend->notices().add(text);
  backend->ring().request_attention();
}

void shutdown(bool is_last) {
  Backend* backend = ProcessBackend::current();
  if (backend == nullptr) return;
  {
    const GilRelease release;  // waits for the disk
    is_last ? backend->finish() : static_cast<void>(backend->stop());
  }
  raise_notices();
}

void bind(PyWriterBase& self, const py::object& writer) {
  const bool is_native = py::isinstance<PyWriter>(writer);
  // Dropped at the end: that may run Python code, which must find the new state.
  const PyWriterBase::Bound before = self.exchange(
      {is_native ? writer.cast<PyWriter*>() : nullptr, writer.is_none() ? py::object() : writer});
}

}  // namespace

void bind_writer(py::module_& module) {
  module.def("fork_directory", &fork_directory, py::arg("log_dir"));
  py::class_<PyWriter> writer(module, "EventFileWriter");
  writer
      .def(py::init(&open_writer), py::arg("log_dir"), py::arg("filename_suffix") = "", py::kw_only(),
           py::arg("purge_step") = py::none(), py::arg("on_full") = "block", py::arg("on_error") = "warn",
           py::arg("is_patient") = false, py::arg("write_to_disk") = true)
      .def_property_readonly("log_dir", [](const PyWriter& self) { return self.log_dir(); })
      .def_property_readonly("path", [](const PyWriter& self) { return self.path(); })
      .def_property_readonly("closed", [](const PyWriter& self) { return self.is_closed(); })
      .def("add_histogram_counts", &add_histogram_counts, py::arg("tag"), py::arg("words"),
           py::arg("max_bins").none(true), py::arg("global_step"), py::arg("walltime"),
           py::arg("source") = py::none())
      .def("add_histogram_raw", &add_histogram_raw, py::arg("tag"), py::arg("min"), py::arg("max"),
           py::arg("num"), py::arg("sum"), py::arg("sum_squares"), py::arg("bucket_limits"),
           py::arg("bucket_counts"), py::arg("global_step"), py::arg("walltime"))
      .def("add_tensor", &add_tensor, py::arg("tag"), py::arg("values"), py::arg("dtype"),
           py::arg("shape").none(true), py::arg("plugin_name"), py::arg("plugin_content"),
           py::arg("global_step"), py::arg("walltime"), py::arg("display_name") = "",
           py::arg("summary_description") = "", py::arg("data_class") = 0, py::arg("source") = py::none())
      .def(
          "add_summary",
          [](PyWriter& self, const py::bytes& summary, py::handle step, py::handle walltime) {
            add_message(self, OpKind::kSummary, summary, to_when(step, walltime));
          },
          py::arg("summary"), py::arg("global_step"), py::arg("walltime"))
      .def("add_event", &add_event, py::arg("event"))
      .def("flush", &flush, py::arg("wait") = false)
      .def("sync", &sync)
      .def(
          "set_size_limit",
          [](PyWriter& self, std::uint64_t bytes) {
            if (const auto file = self.ready_file()) file->set_size_limit(bytes);
          },
          py::arg("bytes"))
      .def("close", &close);

  bind_curves(writer);
  bind_media(writer);

  py::class_<PyWriterBase> base(module, "SummaryWriterBase");
  base.def(py::init<>()).def("_bind", &bind, py::arg("op_writer").none(true));

  module.def("stats", &stats, "Returns the counters of the process, by name: events, bytes, retries, waits.");
  module.def("leave_notice", &leave_notice, py::arg("text"));
  module.def("shutdown", &shutdown, py::arg("is_last"));
}

}  // namespace tickertape::bindings
