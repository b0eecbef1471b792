// ArrowStream for Python: columns from buffers, capsules for whoever asks. L5.
#include "bindings/arrow.h"

#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "reader/arrow_stream.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Python's buffers, given back when the last consumer is done, in whatever thread that is.
class Buffers {
 public:
  Buffers() = default;
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  ~Buffers() {
    // A consumer may outlive the interpreter; its memory then ends with the process.
    if (views_.empty() || Py_IsInitialized() == 0) return;
    const PyGILState_STATE state = PyGILState_Ensure();
    for (const auto& view : views_) PyBuffer_Release(view.get());
    PyGILState_Release(state);
  }

  const Py_buffer& add(const py::handle& object) {
    auto view = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(object.ptr(), view.get(), PyBUF_SIMPLE) != 0) throw py::error_already_set();
    views_.push_back(std::move(view));
    return *views_.back();
  }

 private:
  std::vector<std::unique_ptr<Py_buffer>> views_;
};

std::size_t item_bytes(const std::string& format) {
  if (format == "l" || format == "g") return 8;
  if (format == "i") return 4;
  return 0;
}

bool is_text(const std::string& format) { return format == "U" || format == "Z"; }

ArrowType to_type(const std::string& name, std::string_view format, const py::object& texts) {
  ArrowType type;
  type.name = name;
  if (format == "dict") {
    auto all = std::make_shared<ArrowTexts>();
    all->offsets.push_back(0);
    for (const py::handle text : texts) {
      const py::object utf8 = text.attr("encode")("utf-8", "replace");  // Arrow's texts are UTF-8
      all->bytes += std::string_view(py::cast<std::string_view>(utf8));
      all->offsets.push_back(static_cast<std::int64_t>(all->bytes.size()));
    }
    all->bytes.push_back('\0');
    type.format = "i";
    type.texts = std::move(all);
  } else if (format.starts_with("+L")) {
    type.format = "+L";
    type.items.push_back(to_type("item", format.substr(2), py::none()));
  } else {
    type.format = format;
  }
  const bool is_known = item_bytes(type.format) != 0 || is_text(type.format) || type.format == "b" ||
                        (type.format == "+L" && !type.items.empty());
  if (!is_known) throw ArgumentError("fields: expected a known format, got " + std::string(format));
  return type;
}

// The buffers of one column, taken one after the other.
class Source {
 public:
  Source(const py::sequence& objects, Buffers& buffers) : objects_(objects), buffers_(&buffers) {}

  ArrowNode node(const ArrowType& type, std::int64_t rows, bool has_validity) {
    ArrowNode node;
    node.length = rows;
    node.buffers.push_back(has_validity ? validity(rows) : nullptr);
    if (const std::size_t width = item_bytes(type.format); width != 0) {
      node.buffers.push_back(take(static_cast<std::size_t>(rows) * width));
    } else if (type.format == "b") {
      node.buffers.push_back(take((static_cast<std::size_t>(rows) + 7) / 8));
    } else {
      const void* offsets = take((static_cast<std::size_t>(rows) + 1) * sizeof(std::int64_t));
      node.buffers.push_back(offsets);
      const std::int64_t end = last_offset(offsets, rows);
      if (is_text(type.format)) {
        node.buffers.push_back(take(static_cast<std::size_t>(end)));
      } else {
        node.items.push_back(this->node(type.items.front(), end, false));
      }
    }
    return node;
  }

 private:
  const void* take(std::size_t bytes) {
    const py::object object = objects_[next_++];
    const Py_buffer& view = buffers_->add(object);
    if (static_cast<std::size_t>(view.len) < bytes)
      throw ArgumentError("batches: expected a buffer of " + std::to_string(bytes) + " bytes, got " +
                          std::to_string(view.len));
    return view.buf;
  }

  const void* validity(std::int64_t rows) {
    if (py::object(objects_[next_]).is_none()) {
      ++next_;
      return nullptr;
    }
    return take((static_cast<std::size_t>(rows) + 7) / 8);
  }

  static std::int64_t last_offset(const void* offsets, std::int64_t rows) {
    std::int64_t previous = 0;
    for (std::int64_t row = 0; row <= rows; ++row) {
      std::int64_t offset;
      std::memcpy(&offset, static_cast<const char*>(offsets) + row * 8, sizeof offset);
      if (offset < previous) throw ArgumentError("batches: expected offsets that grow");
      previous = offset;
    }
    return previous;
  }

  py::sequence objects_;
  Buffers* buffers_;
  std::size_t next_ = 0;
};

void release_stream_capsule(PyObject* capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
  if (stream->release != nullptr) stream->release(stream);
  delete stream;
}

void release_schema_capsule(PyObject* capsule) {
  auto* schema = static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsule, "arrow_schema"));
  if (schema->release != nullptr) schema->release(schema);
  delete schema;
}

// tickertape._core.ArrowStream.
class ArrowStream {
 public:
  ArrowStream(const py::sequence& fields, const py::sequence& batches)
      : table_(std::make_shared<ArrowTable>()) {
    auto buffers = std::make_shared<Buffers>();
    for (const py::handle one : fields) {
      const auto field = py::cast<py::tuple>(one);
      const py::object name = py::object(field[0]).attr("encode")("utf-8", "replace");
      table_->types.push_back(
          to_type(py::cast<std::string>(name), py::cast<std::string>(field[1]), py::object(field[2])));
    }
    for (const py::handle one : batches) {
      const auto batch = py::cast<py::tuple>(one);
      table_->batches.push_back(to_batch(py::cast<std::int64_t>(batch[0]), batch[1], *buffers));
    }
    table_->owner = std::move(buffers);
  }

  py::object schema() const {
    auto out = std::make_unique<ArrowSchema>();
    export_schema(table_->types, *out);
    PyObject* capsule = PyCapsule_New(out.get(), "arrow_schema", &release_schema_capsule);
    if (capsule == nullptr) {
      out->release(out.get());
      throw py::error_already_set();
    }
    static_cast<void>(out.release());  // the capsule's now
    return py::reinterpret_steal<py::object>(capsule);
  }

  py::object stream(const py::object& /*requested_schema*/) const {
    auto out = std::make_unique<ArrowArrayStream>();
    export_stream(table_, *out);
    PyObject* capsule = PyCapsule_New(out.get(), "arrow_array_stream", &release_stream_capsule);
    if (capsule == nullptr) {
      out->release(out.get());
      throw py::error_already_set();
    }
    static_cast<void>(out.release());
    return py::reinterpret_steal<py::object>(capsule);
  }

 private:
  ArrowBatch to_batch(std::int64_t rows, const py::sequence& columns, Buffers& buffers) const {
    if (rows < 0 || columns.size() != table_->types.size())
      throw ArgumentError("batches: expected rows and a tuple of buffers for each field");
    ArrowBatch batch;
    batch.rows = rows;
    for (std::size_t i = 0; i < table_->types.size(); ++i)
      batch.columns.push_back(
          Source(py::cast<py::sequence>(columns[i]), buffers).node(table_->types[i], rows, true));
    return batch;
  }

  std::shared_ptr<ArrowTable> table_;
};

}  // namespace

void bind_arrow(py::module_& module) {
  py::class_<ArrowStream>(module, "ArrowStream", py::is_final())
      .def(py::init<const py::sequence&, const py::sequence&>(), py::arg("fields"), py::arg("batches"))
      .def("__arrow_c_schema__", &ArrowStream::schema)
      .def("__arrow_c_stream__", &ArrowStream::stream, py::arg("requested_schema") = py::none());
}

}  // namespace tickertape::bindings
