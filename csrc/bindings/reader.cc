// RecordReader for Python. L5.
#include "bindings/reader.h"

#include <pybind11/stl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "bindings/waiting.h"
#include "tfrecord/record_reader.h"
#include "tfrecord/record_span.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

py::bytes to_bytes(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// tickertape._core.RecordReader. next() gives up the GIL, so that another thread may call meanwhile.
class PyRecordReader {
 public:
  PyRecordReader(const std::string& path, std::uint64_t offset) : reader_(path, offset) {
    reader_.set_interrupt_check(&signal_raised);
  }

  // The reader, for one thread at a time. Throws std::runtime_error if another one is inside next(). With the
  // GIL.
  RecordReader& get() {
    if (is_busy_)
      throw std::runtime_error("RecordReader: another thread is reading with it; make one for each thread");
    return reader_;
  }
  py::bytes next() {
    RecordReader& reader = get();
    const Busy busy(is_busy_);
    Bytes data;
    bool found;
    {
      const GilRelease release;  // `is_busy_` keeps other threads out
      found = reader.next(data);
    }
    if (!found) throw py::stop_iteration();
    return to_bytes(data);
  }

 private:
  struct Busy {
    explicit Busy(bool& flag) : is_busy(flag) { is_busy = true; }
    ~Busy() { is_busy = false; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    bool& is_busy;
  };
  RecordReader reader_;
  bool is_busy_ = false;  // guarded by the GIL
};

std::unique_ptr<PyRecordReader> open_reader(const py::object& path, std::uint64_t offset) {
  const std::string name = fs_path(path);
  const GilRelease release;  // a network's file system may take its time
  return std::make_unique<PyRecordReader>(name, offset);
}

py::tuple record_span(const py::object& path, std::uint64_t offset, std::uint64_t most_bytes) {
  const std::string name = to_path(path);
  RecordSpan span{};
  {
    const GilRelease release;  // reads the file with memory of its own
    span = find_record_span(name, offset, most_bytes, &signal_raised);
  }
  return py::make_tuple(span.begin, span.end);
}

using Regions = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Regions to_regions(const std::vector<DamagedRegion>& damage) {
  Regions all;
  for (const DamagedRegion& region : damage) all.emplace_back(region.offset, region.size);
  return all;
}

}  // namespace

void bind_reader(py::module_& module) {
  py::class_<PyRecordReader>(module, "RecordReader", py::is_final())
      .def(py::init(&open_reader), py::arg("path"), py::arg("offset") = 0)
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &PyRecordReader::next)
      .def_property_readonly("offset", [](PyRecordReader& self) { return self.get().offset(); })
      .def_property_readonly("damage", [](PyRecordReader& self) { return to_regions(self.get().damage()); })
      .def_property_readonly("tail_bytes", [](PyRecordReader& self) { return self.get().tail_bytes(); });
  module.def("record_span", &record_span, py::arg("path"), py::arg("offset"), py::arg("most_bytes"));
}

}  // namespace tickertape::bindings
