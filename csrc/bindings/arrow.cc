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
#include "bindings/convert/arguments.h"
#include "bindings/support/errors.h"
#include "bindings/support/text.h"
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

// What a text is in Arrow; lone surrogates become "?".
py::object to_utf8(const py::object& text) {
  if (PyUnicode_Check(text.ptr()) == 0)
    throw UnsupportedType(expected("fields", "str", type_name(text.ptr())));
  PyObject* bytes = PyUnicode_AsEncodedString(text.ptr(), "utf-8", "replace");
  if (bytes == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(bytes);
}

ArrowType to_type(const std::string& name, std::string_view format, const py::object& texts) {
  ArrowType type;
  type.name = name;
  if (format == "dict") {
    auto all = std::make_shared<ArrowTexts>();
    all->offsets.push_back(0);
    for (const py::handle text : elements(texts, "fields", "texts")) {
      const py::object utf8 = to_utf8(py::reinterpret_borrow<py::object>(text));
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
  Source(py::list objects, Buffers& buffers) : objects_(std::move(objects)), buffers_(&buffers) {}

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
    const py::object object = next();
    const Py_buffer& view = buffers_->add(object);
    if (static_cast<std::size_t>(view.len) < bytes)
      throw ArgumentError("batches: expected a buffer of " + std::to_string(bytes) + " bytes, got " +
                          std::to_string(view.len));
    return view.buf;
  }

  const void* validity(std::int64_t rows) {
    if (next().is_none()) return nullptr;
    --next_;
    return take((static_cast<std::size_t>(rows) + 7) / 8);
  }

  py::object next() {
    if (next_ == objects_.size()) throw ArgumentError("batches: expected more buffers for a column");
    return objects_[next_++];
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

  py::list objects_;
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
  ArrowStream(const py::object& fields, const py::object& batches) : table_(std::make_shared<ArrowTable>()) {
    auto buffers = std::make_shared<Buffers>();
    for (const py::handle one : elements(fields, "fields", "tuples")) {
      const py::list field = parts(one, 3, "fields", "(name, format, texts)");
      const py::object name = to_utf8(field[0]);
      table_->types.push_back(to_type(py::cast<std::string>(name),
                                      to_text(py::object(field[1]).ptr(), "fields"), py::object(field[2])));
    }
    for (const py::handle one : elements(batches, "batches", "tuples")) {
      const py::list batch = parts(one, 2, "batches", "(rows, columns)");
      std::int64_t rows = 0;
      if (!to_step(py::object(batch[0]).ptr(), rows, "batches")) throw py::error_already_set();
      table_->batches.push_back(to_batch(rows, elements(batch[1], "batches", "columns"), *buffers));
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
    [[maybe_unused]] const auto* const owned = out.release();  // by the capsule
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
    [[maybe_unused]] const auto* const owned = out.release();  // by the capsule
    return py::reinterpret_steal<py::object>(capsule);
  }

 private:
  static py::list parts(const py::handle& object, std::size_t count, const char* argument, const char* what) {
    py::list all = elements(py::reinterpret_borrow<py::object>(object), argument, what);
    if (all.size() != count)
      throw ArgumentError(expected(argument, what, std::to_string(all.size()) + " elements"));
    return all;
  }

  ArrowBatch to_batch(std::int64_t rows, const py::list& columns, Buffers& buffers) const {
    constexpr std::int64_t kMostRows = std::int64_t{1} << 48;  // no buffer is so large: sizes do not overflow
    if (rows < 0 || rows > kMostRows || columns.size() != table_->types.size())
      throw ArgumentError("batches: expected rows and a tuple of buffers for each field");
    ArrowBatch batch;
    batch.rows = rows;
    for (std::size_t i = 0; i < table_->types.size(); ++i)
      batch.columns.push_back(
          Source(elements(columns[i], "batches", "buffers"), buffers).node(table_->types[i], rows, true));
    return batch;
  }

  std::shared_ptr<ArrowTable> table_;
};

}  // namespace

void bind_arrow(py::module_& module) {
  py::class_<ArrowStream>(module, "ArrowStream", py::is_final())
      .def(py::init<const py::object&, const py::object&>(), py::arg("fields"), py::arg("batches"))
      .def("__arrow_c_schema__", &ArrowStream::schema)
      .def("__arrow_c_stream__", &ArrowStream::stream, py::arg("requested_schema") = py::none());
}

}  // namespace tickertape::bindings
