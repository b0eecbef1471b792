// HOT PATH: log({tag: value, ...}, step) from Python to the ring, all values in one Event. L5.
//
// Order matters: first everything that may run Python code (conversions), then the push, which cannot.
#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/convert/arguments.h"
#include "bindings/convert/device_tensors.h"
#include "bindings/convert/mapping.h"
#include "bindings/fast/fast_call.h"
#include "bindings/fast/gate.h"
#include "bindings/support/errors.h"
#include "bindings/support/text.h"
#include "bindings/writer/devices.h"
#include "bindings/writer/push.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// One level of a nested dict, for the lifetime of the object. Throws RecursionError if it is too deep: by
// Python's limit, and by kDeepest for programs that set a limit for which the C stack is too small.
class Nesting {
 public:
  explicit Nesting(int& depth) : depth_(depth) {
    if (depth >= kDeepest) {
      PyErr_SetString(PyExc_RecursionError,
                      "values: expected a dict nested at most 1000 deep, got a deeper one");
      throw py::error_already_set();
    }
    if (Py_EnterRecursiveCall(" while flattening values") != 0) throw py::error_already_set();
    ++depth_;
  }
  ~Nesting() {
    --depth_;
    Py_LeaveRecursiveCall();
  }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  static constexpr int kDeepest = 1000;  // about 1 MiB of stack; Python's own default limit
  int& depth_;
};

// The values of one call, collected before anything is written.
class Collected {
 public:
  Collected() = default;
  Collected(const Collected&) = delete;
  Collected& operator=(const Collected&) = delete;
  ~Collected() {
    memory_.kept.clear();  // may run code that logs
    memory_.scalars.clear();
    if (memory_.scalars.capacity() <= kMostKept && memory_.kept.capacity() <= kMostKept)
      spare.exchange(std::move(memory_));
  }

  // `values` is a dict; nested ones get their key and a "/" before their own keys. Throws what converting
  // throws.
  void add(PyObject* values, const std::string& prefix) {
    // Converting anything but a plain number may run code that changes the dict, so those are walked as a
    // list.
    if (add_plain(values, prefix)) return;
    const Nesting nesting(depth_);
    add_any(values, prefix);
  }
  // Call it after the last add(). Throws if there are no values, and what the device hooks throw.
  void finish() {
    if (memory_.scalars.empty()) throw UnsupportedValue(expected("values", "at least one number", "none"));
    if (!deferred_.any()) return;
    deferred_.resolve(memory_.scalars);
    for (const TaggedScalar& scalar : memory_.scalars) overflows_ |= overflows(scalar.value);
  }
  std::span<const TaggedScalar> scalars() const { return memory_.scalars; }
  const std::vector<DeferredScalarAt>& deferred() const { return deferred_.deferred(); }
  bool overflows() const { return overflows_; }
  static bool overflows(double value) { return std::isinf(static_cast<float>(value)) && !std::isinf(value); }

 private:
  struct Memory {
    std::vector<TaggedScalar> scalars;
    std::vector<py::object> kept;  // what the tags point into
  };
  // For the next call. A call inside a call, and one beside it in another thread, find none.
  static inline Replaceable<Memory, Mutex> spare;
  static constexpr std::size_t kMostKept = 1024;  // values of one call; 32 KiB

  bool add_plain(PyObject* values, const std::string& prefix) {
    if (!prefix.empty() || !PyDict_CheckExact(values)) return false;
    const auto count = static_cast<std::size_t>(PyDict_Size(values));
    memory_.scalars.reserve(count);
    memory_.kept.reserve(count);
    PyObject* key;
    PyObject* value;
    const ObjectLock lock(values);
    for (Py_ssize_t at = 0; PyDict_Next(values, &at, &key, &value) != 0;) {
      double number = 0;
      if (!PyUnicode_CheckExact(key) || !to_scalar_quietly(value, number)) {
        memory_.scalars.clear();
        memory_.kept.clear();
        return false;
      }
      memory_.kept.push_back(py::reinterpret_borrow<py::object>(key));
      add_scalar(to_tag(key), number);
    }
    return true;
  }

  void add_any(PyObject* values, const std::string& prefix) {
    const std::string argument = prefix.empty() ? "values" : argument_of(prefix);
    const py::list pairs = items_of(values, argument);
    memory_.kept.push_back(pairs);
    for (const py::handle item : pairs) {
      const auto pair = py::reinterpret_borrow<py::tuple>(item);
      add_value(pair[0], pair[1], prefix);
    }
  }

  void add_value(py::handle key, py::handle value, const std::string& prefix) {
    if (!PyUnicode_Check(key.ptr()))
      throw UnsupportedType(expected("values", "str keys", type_name(key.ptr())));
    std::string_view tag = to_text(key.ptr(), "values (a key)");
    if (!prefix.empty()) {
      const py::str joined(prefix + "/" + std::string(tag));
      memory_.kept.push_back(joined);
      tag = to_tag(joined.ptr());
    }
    double number = 0;
    if (to_scalar_quietly(value.ptr(), number)) return add_scalar(tag, number);
    if (is_mapping(value)) return add(value.ptr(), std::string(tag));
    if (deferred_.keeps(value, memory_.scalars.size())) return add_scalar(tag, 0);
    if (!to_scalar(value.ptr(), number, argument_of(tag).c_str())) throw py::error_already_set();
    add_scalar(tag, number);
  }

  static bool is_mapping(py::handle value) {
    if (PyDict_Check(value.ptr())) return true;
    // Asking for an attribute that is missing takes as long as all else that is done with a tensor.
    if (is_device_tensor_type(Py_TYPE(value.ptr()))) return false;
    // Arrays, tensors and strings are sequences with subscripts too; a mapping has keys().
    return PyMapping_Check(value.ptr()) != 0 && !PyUnicode_Check(value.ptr()) &&
           optional_attribute(value, "keys");
  }
  void add_scalar(std::string_view tag, double value) {
    overflows_ |= overflows(value);
    memory_.scalars.push_back({tag, value});
  }

  Memory memory_ = spare.take();
  DeferredValuesOfLog deferred_;
  bool overflows_ = false;
  int depth_ = 0;
};

void push(PyWriter& writer, const Collected& collected, std::int64_t step, double wall_time) {
  const std::span<const TaggedScalar> scalars = collected.scalars();
  const std::size_t size = scalars_summary_size(scalars);
  check_event_bytes(size, "values");
  push_op(writer, std::nullopt, size,  // `collected` keeps the tags
          [&](OpenFile& file) {
            if (collected.deferred().empty()) [[likely]] {
              file.add_scalars(scalars, step, wall_time);
            } else {
              file.add_deferred_scalars(scalars, collected.deferred(), step, wall_time);
            }
          });
  if (collected.overflows()) {
    const auto first = std::find_if(scalars.begin(), scalars.end(), [](const TaggedScalar& scalar) {
      return Collected::overflows(scalar.value);
    });
    warn(PyExc_RuntimeWarning,
         expected("values['" + std::string(first->tag) + "']", "a number within float32",
                  repr_of(py::float_(first->value)) + " at step " + std::to_string(step) +
                      ", which is stored as inf"));
  }
}

namespace log_at {
enum Parameter { kValues, kStep, kWalltime, kCount };
}  // namespace log_at
constexpr const char* kLogNames[log_at::kCount] = {"values", "global_step", "walltime"};

bool take_arguments(PyObject* (&given)[log_at::kCount], PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords) {
  if (count > log_at::kCount) {
    PyErr_Format(PyExc_TypeError, "log() takes at most 3 arguments, got %zd", count);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) given[i] = arguments[i];
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* name = PyTuple_GET_ITEM(keywords, i);
    int index = 0;
    while (index < log_at::kCount && PyUnicode_CompareWithASCIIString(name, kLogNames[index]) != 0) ++index;
    if (index == log_at::kCount || given[index] != nullptr) {
      if (index == log_at::kCount) {
        refuse_keyword("log", name, kLogNames);
      } else {
        PyErr_Format(PyExc_TypeError, "log() got multiple values for argument '%U'", name);
      }
      return false;
    }
    given[index] = arguments[count + i];
  }
  if (given[0] != nullptr) return true;
  PyErr_SetString(PyExc_TypeError, "log() missing required argument 'values'");
  return false;
}

// `base` is nullptr for an EventFileWriter (`writer`).
PyObject* log(PyObject* self, const PyWriterBase* base, PyWriter* writer,
              PyObject* const (&given)[log_at::kCount]) {
  if (!PyDict_Check(given[log_at::kValues]) && !optional_attribute(given[log_at::kValues], "keys"))
    throw UnsupportedType(expected("values", "a dict of tag to number", type_name(given[log_at::kValues])));
  std::int64_t step = 0;
  double wall_time = 0;
  if (!to_step(given[log_at::kStep], step) || !to_wall_time(given[log_at::kWalltime], wall_time))
    return nullptr;
  Collected collected;
  collected.add(given[log_at::kValues], {});
  collected.finish();
  const auto add = [&](const PyWriterBase::Bound& bound) -> PyObject* {
    if (bound.writer == nullptr) {
      if (bound.object) return call_substitute(bound.object, "log", given, kLogNames);
      throw py::error_already_set();  // the destructor of `collected` may run Python code, for which no error
                                      // may be set
    }
    push(*bound.writer, collected, step, wall_time);
    Py_RETURN_NONE;
  };
  return base != nullptr ? use_bound_writer(self, *base, add) : add({writer, {}});
}

PyObject* writer_log(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  auto* writer = value_of<PyWriter>(self);
  PyObject* given[log_at::kCount] = {};
  if (writer == nullptr || !take_arguments(given, arguments, count, keywords)) return nullptr;
  return log(self, nullptr, writer, given);
}

// While the gate is set, and for a file with a substitute.
[[gnu::cold, gnu::noinline]] PyObject* log_through_gate(PyObject* self, const PyWriterBase& base,
                                                        PyObject* (&given)[log_at::kCount]) {
  py::object put_by_gate;
  const Admitted admitted = admit(self, given[log_at::kStep], given[log_at::kWalltime], put_by_gate);
  if (admitted == Admitted::kError) return nullptr;
  if (admitted == Admitted::kNo) Py_RETURN_NONE;
  const PyWriterBase::Bound bound = base.get();
  const bool is_substitute = bound.writer == nullptr && bound.object;
  return is_substitute ? call_substitute(bound.object, "log", given, kLogNames)
                       : log(self, &base, nullptr, given);
}

PyObject* base_log(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  auto* base = value_of<PyWriterBase>(self);
  PyObject* given[log_at::kCount] = {};
  if (base == nullptr || !take_arguments(given, arguments, count, keywords)) return nullptr;
  if (gate.is_set() || base->has_substitute()) [[unlikely]]
    return log_through_gate(self, *base, given);
  return log(self, base, nullptr, given);
}

constexpr const char* kLogDoc =
    "log($self, /, values, global_step=None, walltime=None)\n--\n\n"
    "Logs many numbers of one step in one Event: one call, one wall time, all or nothing.\n"
    "\n"
    "Args:\n"
    "    values: dict of tag to anything that add_scalar takes, or a ScalarBuffer; nested dicts become "
    "`a/b`.\n"
    "    global_step: anything int() takes; None is 0.\n"
    "    walltime: seconds since the epoch; None is now.\n"
    "\n"
    "Raises:\n"
    "    TypeError, ValueError: an argument is of the wrong kind; nothing was logged.\n";

}  // namespace

PyMethodDef& event_log_method() {
  static PyMethodDef method = fast_method<&writer_log>("log", kLogDoc);
  return method;
}

PyMethodDef& log_method() {
  static PyMethodDef method = fast_method<&base_log>("log", kLogDoc);
  return method;
}

}  // namespace tickertape::bindings
