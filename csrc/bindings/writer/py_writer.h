// What the Python classes hold. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstdint>
#include <string>

#include "writer/event_file_writer.h"

namespace tickertape::bindings {

// Finds the name of a tag by the identity of the str object: a training loop logs the same few literals over
// and over. Direct-mapped; each entry owns a reference to its key. Guarded by the GIL.
class TagCache {
 public:
  TagCache() = default;
  TagCache(const TagCache&) = delete;
  TagCache& operator=(const TagCache&) = delete;
  ~TagCache() {
    for (const Entry& entry : entries_) Py_XDECREF(entry.key);
  }

  const Name* find(PyObject* tag, std::uint64_t epoch) const {
    const Entry& entry = entries_[index_of(tag)];
    return entry.key == tag && entry.epoch == epoch ? entry.name : nullptr;
  }
  // `tag` is exactly a str: releasing one runs no Python code.
  void put(PyObject* tag, std::uint64_t epoch, const Name* name) {
    Entry& entry = entries_[index_of(tag)];
    Py_INCREF(tag);
    Py_XDECREF(entry.key);
    entry = {tag, epoch, name};
  }

 private:
  struct Entry {
    PyObject* key = nullptr;
    std::uint64_t epoch = 0;
    const Name* name = nullptr;
  };
  static std::size_t index_of(PyObject* tag) {
    // Objects are 16-byte aligned; neighbours in memory must not share an entry.
    return reinterpret_cast<std::uintptr_t>(tag) / 16 % kEntries;
  }
  static constexpr std::size_t kEntries = 128;
  std::array<Entry, kEntries> entries_;
};

// tickertape._core.EventFileWriter
struct PyWriter {
  PyWriter(std::string log_dir, WriterOptions options) : writer(std::move(log_dir), std::move(options)) {}
  EventFileWriter writer;
  TagCache tags;
};

// tickertape._core.SummaryWriterBase
struct PyWriterBase {
  // Takes the calls; nullptr if no file is open, or if it has a `substitute`.
  PyWriter* bound = nullptr;
  pybind11::object owner;  // keeps `bound` alive
  // The object whose add_scalar() and log() take the calls instead of `bound`; a null object if `bound` does.
  pybind11::object substitute;
};

}  // namespace tickertape::bindings
