// RecordReader for Python. L5.
#include "bindings/reader.h"

#include <pybind11/stl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bindings/support/entry.h"
#include "bindings/support/gil.h"
#include "bindings/support/shared.h"
#include "bindings/support/text.h"
#include "bindings/waiting.h"
#include "tfrecord/record_reader.h"
#include "tfrecord/record_span.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

PyObject* as_object(Bytes bytes) {
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                   static_cast<Py_ssize_t>(bytes.size()));
}

// tickertape._core.RecordReader. next() gives up the GIL, so that another thread may call meanwhile.
class PyRecordReader {
 public:
  PyRecordReader(const std::string& path, std::uint64_t offset) : reader_(path, offset) {
    reader_.set_interrupt_check(&signal_raised);
  }

  // What `read(reader)` returns. Throws std::runtime_error if another thread is inside.
  template <typename Read>
  auto use(Read read) {
    const Busy busy(is_busy_);
    return read(reader_);
  }
  // The next record as bytes; nullptr at the end.
  PyObject* next() {
    return use([](RecordReader& reader) -> PyObject* {
      Bytes data;
      if (reader.next_in_memory(data)) return as_object(data);
      bool found;
      {
        const GilRelease release;  // `is_busy_` keeps other threads out
        found = reader.next(data);
      }
      return found ? as_object(data) : nullptr;
    });
  }

 private:
  struct Busy {
    explicit Busy(Shared<bool>& flag) : is_busy(flag) {
      if (is_busy.exchange(true))
        throw std::runtime_error("RecordReader: another thread is reading with it; make one for each thread");
    }
    ~Busy() { is_busy.store(false); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    Shared<bool>& is_busy;
  };
  RecordReader reader_;
  Shared<bool> is_busy_;
};

std::unique_ptr<PyRecordReader> open_reader(const py::object& path, std::uint64_t offset) {
  const std::string name = fs_path(path);
  const GilRelease release;  // a network's file system may take its time
  return std::make_unique<PyRecordReader>(name, offset);
}

py::tuple record_span(const py::object& path, std::uint64_t offset, std::uint64_t most_bytes) {
  const std::string name = fs_path(path);
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

template <auto kState>
std::uint64_t state_of(PyRecordReader& self) {
  return self.use([](RecordReader& reader) { return (reader.*kState)(); });
}

Regions damage_of(PyRecordReader& self) {
  return self.use([](RecordReader& reader) { return to_regions(reader.damage()); });
}

PyObject* next_record(PyObject* self) {
  auto* reader = value_of<PyRecordReader>(self);
  return reader == nullptr ? nullptr : reader->next();
}

}  // namespace

void bind_reader(py::module_& module) {
  // Without pybind11's dispatcher, which takes longer than a record of one scalar.
  const py::custom_type_setup iterates([](PyHeapTypeObject* type) {
    type->ht_type.tp_iter = &PyObject_SelfIter;
    type->ht_type.tp_iternext = &Entry<&next_record>::call;
  });
  py::class_<PyRecordReader>(module, "RecordReader", py::is_final(), iterates)
      .def(py::init(&open_reader), py::arg("path"), py::arg("offset") = 0)
      .def_property_readonly("offset", &state_of<&RecordReader::offset>)
      .def_property_readonly("damage", &damage_of)
      .def_property_readonly("tail_bytes", &state_of<&RecordReader::tail_bytes>);
  module.def("record_span", &record_span, py::arg("path"), py::arg("offset"), py::arg("most_bytes"));
}

}  // namespace tickertape::bindings
