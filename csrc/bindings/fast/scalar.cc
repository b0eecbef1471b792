// HOT PATH: add_scalar(tag, value, step) from Python to the ring. L5.
//
// Order matters: first everything that may run Python code (conversions), then look-up and push, which
// cannot.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "bindings/convert/arguments.h"
#include "bindings/fast/fast_call.h"
#include "bindings/fast/gate.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "bindings/writer/devices.h"
#include "bindings/writer/push.h"
#include "event/encoder.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// The parameters, in torch's order; the last two are ours.
namespace scalar_at {
enum Parameter {
  kTag,
  kValue,
  kStep,
  kWalltime,
  kNewStyle,
  kDoublePrecision,
  kDisplayName,
  kDescription,
  kCount
};
}  // namespace scalar_at

constexpr const char* kParameterNames[scalar_at::kCount] = {
    "tag",       "scalar_value",     "global_step",  "walltime",
    "new_style", "double_precision", "display_name", "summary_description"};

struct Call {
  PyObject* given[scalar_at::kCount] = {};
};

// The parameters' names as the interpreter has them in a call's keywords; kept for ever.
PyObject* interned_names[scalar_at::kCount];

// scalar_at::kCount if there is no parameter of that name.
int parameter_of(PyObject* name) {
  const auto* const known = std::find(std::begin(interned_names), std::end(interned_names), name);
  if (known != std::end(interned_names)) return static_cast<int>(known - interned_names);
  int parameter = 0;
  while (parameter < scalar_at::kCount &&
         PyUnicode_CompareWithASCIIString(name, kParameterNames[parameter]) != 0)
    ++parameter;
  return parameter;
}

bool take_keyword(Call& call, PyObject* name, PyObject* value) {
  const int parameter = parameter_of(name);
  if (parameter == scalar_at::kCount) {
    refuse_keyword("add_scalar", name, kParameterNames);
    return false;
  }
  if (call.given[parameter] != nullptr) {
    PyErr_Format(PyExc_TypeError, "add_scalar() got multiple values for argument '%U'", name);
    return false;
  }
  call.given[parameter] = value;
  return true;
}

bool take_arguments(Call& call, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  if (count > scalar_at::kCount) {
    PyErr_Format(PyExc_TypeError, "add_scalar() takes at most %d arguments, got %zd",
                 static_cast<int>(scalar_at::kCount), count);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) call.given[i] = arguments[i];
  if (keywords != nullptr) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); ++i) {
      if (!take_keyword(call, PyTuple_GET_ITEM(keywords, i), arguments[count + i])) return false;
    }
  }
  for (int i = scalar_at::kTag; i <= scalar_at::kValue; ++i) {
    if (call.given[i] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "add_scalar() missing required argument '%s'", kParameterNames[i]);
    return false;
  }
  return true;
}

bool to_flag(const Call& call, scalar_at::Parameter parameter, bool& flag) {
  return call.given[parameter] == nullptr ||
         tickertape::bindings::to_flag(call.given[parameter], flag, kParameterNames[parameter]);
}

// torch ignores double_precision without new_style; so do we.
bool to_style(const Call& call, ScalarStyle& style) {
  bool new_style = false;
  bool double_precision = false;
  if (!to_flag(call, scalar_at::kNewStyle, new_style) ||
      !to_flag(call, scalar_at::kDoublePrecision, double_precision))
    return false;
  if (new_style) style = double_precision ? ScalarStyle::kDoubleTensor : ScalarStyle::kFloatTensor;
  return true;
}

struct Scalar : PlainScalar {
  bool overflows() const {
    return style != ScalarStyle::kDoubleTensor && std::isinf(static_cast<float>(value)) && !std::isinf(value);
  }
};

std::string_view text_or_empty(PyObject* object, const char* argument) {
  return object == nullptr || object == Py_None ? std::string_view{} : to_text(object, argument);
}

// The Summary of a scalar with a display name or a description; empty if it has neither. `at`: the
// offset of its value.
Buffer described_summary(const Call& call, const Scalar& scalar, std::size_t* at = nullptr) {
  const std::string_view display_name = text_or_empty(call.given[scalar_at::kDisplayName], "display_name");
  const std::string_view description =
      text_or_empty(call.given[scalar_at::kDescription], "summary_description");
  Buffer summary;
  if (!display_name.empty() || !description.empty()) {
    const std::size_t value_at = encode_described_scalar(to_tag(call.given[scalar_at::kTag]), scalar.value,
                                                         scalar.style, display_name, description, summary);
    if (at != nullptr) *at = value_at;
  }
  return summary;
}

void warn_of_overflow(const Call& call, const Scalar& scalar) {
  const std::string got = repr_of(py::float_(scalar.value)) + " of '" +
                          std::string(to_tag(call.given[scalar_at::kTag])) + "' at step " +
                          std::to_string(scalar.step) +
                          ", which is stored as inf; new_style=True with double_precision=True keeps it";
  warn(PyExc_RuntimeWarning, expected("scalar_value", "a number within float32", got));
}

// Every case but the plain one: a full ring, a fork, a description, an overflow, write_to_disk=False.
void push_slowly(PyWriter& writer, const Call& call, const Scalar& scalar) {
  const Buffer summary = described_summary(call, scalar);
  const std::string_view tag = to_tag(call.given[scalar_at::kTag]);
  const std::shared_ptr<OpenFile> file = writer.file();
  if (file != nullptr) {
    // May wait for room. The tag is kept by the call's arguments, and the file stays open while it is held.
    const GilRelease release;
    if (summary.empty()) {
      file->add_scalar(tag, scalar.value, scalar.step, scalar.wall_time, scalar.style);
    } else {
      static_cast<void>(file->tag(tag, TagKind::kScalars));
      file->add_message(OpKind::kSummary, summary.bytes(), scalar.step, scalar.wall_time);
    }
  }
  if (scalar.overflows()) warn_of_overflow(call, scalar);
  if (file == nullptr) return;  // write_to_disk=False
  raise_notices_of(*file, tag);
  raise_trouble(*file);
}

void after_slow_push(PyWriter& writer, PyObject* tag) {
  // Held, because warnings run Python code, which may close it.
  const std::shared_ptr<OpenFile> file = writer.ready_file();
  if (file == nullptr) return;  // closed by another thread: that writes everything
  file->backend().wake_or_drain();
  raise_notices_of(*file, to_tag(tag));
  raise_trouble(*file);
}

// Runs Python code, which may close the writer, so it comes before anything is looked up.
bool to_scalar(const Call& call, Scalar& scalar) {
  return tickertape::bindings::to_scalar(call.given[scalar_at::kValue], scalar.value) &&
         to_step(call.given[scalar_at::kStep], scalar.step) && to_style(call, scalar.style) &&
         to_wall_time(call.given[scalar_at::kWalltime], scalar.wall_time);
}

PyObject* push(PyWriter& writer, const Call& call, const Scalar& scalar) {
  PyObject* const tag = call.given[scalar_at::kTag];
  const bool plain = call.given[scalar_at::kDisplayName] == nullptr &&
                     call.given[scalar_at::kDescription] == nullptr && !scalar.overflows();
  if (plain) [[likely]] {
    Pushed pushed = writer.try_known_tag(tag, scalar);
    if (pushed == Pushed::kDone) [[likely]]
      Py_RETURN_NONE;
    if (pushed == Pushed::kFull)
      pushed = writer.try_any_tag(tag, to_tag(tag), PyUnicode_CheckExact(tag), scalar);
    if (pushed == Pushed::kDoneNeedsAttention) after_slow_push(writer, tag);
    if (pushed != Pushed::kFull) Py_RETURN_NONE;
  }
  push_slowly(writer, call, scalar);
  Py_RETURN_NONE;
}

// Called if bound_writer() found no writer: a substitute, or an error.
[[gnu::cold]] PyObject* add_without_writer(const PyWriterBase::Bound& bound, const Call& call) {
  return bound.object ? call_substitute(bound.object, "add_scalar", call.given, kParameterNames) : nullptr;
}

// The value was refused: says so of the tag if that is the number, and the value is the text.
void refuse_swapped(const Call& call) {
  PyObject* const tag = call.given[scalar_at::kTag];
  if (PyUnicode_Check(tag) || !PyUnicode_Check(call.given[scalar_at::kValue]) ||
      PyErr_ExceptionMatches(UnsupportedValue::type()) == 0)
    return;
  PyErr_Clear();
  const std::string got = type_name(tag) + "; the tag comes first, then the value";
  PyErr_SetString(UnsupportedType::type(), expected("tag", "a str", got).c_str());
}

// Called if to_scalar() returned false: an error, or a value that is still on a device. `base` is nullptr for
// an EventFileWriter (`writer`).
[[gnu::cold]] PyObject* push_deferred(PyObject* self, const PyWriterBase* base, PyWriter* writer,
                                      const Call& call) {
  if (PyErr_Occurred() != nullptr) {
    refuse_swapped(call);
    return nullptr;
  }
  const DeferredNumber number = take_deferred();
  Scalar scalar;
  if (!to_step(call.given[scalar_at::kStep], scalar.step) || !to_style(call, scalar.style) ||
      !to_wall_time(call.given[scalar_at::kWalltime], scalar.wall_time)) {
    return nullptr;
  }
  const auto add = [&](const PyWriterBase::Bound& bound) -> PyObject* {
    if (bound.writer == nullptr) return add_without_writer(bound, call);
    std::size_t at = 0;
    const Buffer summary = described_summary(call, scalar, &at);
    add_deferred_scalar(*bound.writer,
                        {call.given[scalar_at::kTag], number, scalar.step, scalar.wall_time, scalar.style},
                        summary.bytes(), at);
    Py_RETURN_NONE;
  };
  return base != nullptr ? use_bound_writer(self, *base, add) : add({writer, {}});
}

PyObject* writer_add_scalar(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                            PyObject* keywords) {
  auto* writer = value_of<PyWriter>(self);
  Call call;
  Scalar scalar;
  if (writer == nullptr || !take_arguments(call, arguments, count, keywords)) return nullptr;
  if (!to_scalar(call, scalar)) return push_deferred(self, nullptr, writer, call);
  return push(*writer, call, scalar);
}

// The plain call: add_scalar(tag, float, int) with a tag that was logged before, an open file, and room in
// the ring. Runs no Python code. kFull: nothing was done; the general path decides.
inline Pushed try_plain(const PyWriterBase& base, PyObject* const* arguments) {
  PyObject* const value = arguments[scalar_at::kValue];
  PyObject* const global_step = arguments[scalar_at::kStep];
  if (!PyFloat_CheckExact(value) || !PyLong_CheckExact(global_step)) return Pushed::kFull;
  const double number = PyFloat_AS_DOUBLE(value);
  if (!(std::fabs(number) <= std::numeric_limits<float>::max())) return Pushed::kFull;  // false for NaN too
  int overflow = 0;
  const std::int64_t step = PyLong_AsLongLongAndOverflow(global_step, &overflow);
  if (overflow != 0) return Pushed::kFull;
  const PlainScalar scalar{number, step, wall_time_now()};
  return base.use_writer(
      [&](PyWriter& writer) { return writer.try_known_tag(arguments[scalar_at::kTag], scalar); },
      Pushed::kFull);
}

[[gnu::noinline]] PyObject* finish_slow_push(const PyWriterBase& base, PyObject* tag) {
  const PyWriterBase::Bound bound = base.get();  // held: warnings run Python code, which may close the writer
  if (bound.writer != nullptr) after_slow_push(*bound.writer, tag);
  Py_RETURN_NONE;
}

inline PyObject* add_checked(PyObject* self, const PyWriterBase& base, const Call& call) {
  Scalar scalar;
  if (!to_scalar(call, scalar)) return push_deferred(self, &base, nullptr, call);
  return use_bound_writer(self, base, [&](const PyWriterBase::Bound& bound) {
    return bound.writer != nullptr ? push(*bound.writer, call, scalar) : add_without_writer(bound, call);
  });
}

// While the gate is set, and for a file with a substitute.
[[gnu::cold, gnu::noinline]] PyObject* add_through_gate(PyObject* self, const PyWriterBase& base,
                                                        Call& call) {
  py::object put_by_gate;
  const Admitted admitted =
      admit(self, call.given[scalar_at::kStep], call.given[scalar_at::kWalltime], put_by_gate);
  if (admitted == Admitted::kError) return nullptr;
  if (admitted == Admitted::kNo) Py_RETURN_NONE;
  const PyWriterBase::Bound bound = base.get();
  const bool is_substitute = bound.writer == nullptr && bound.object;
  return is_substitute ? add_without_writer(bound, call) : add_checked(self, base, call);
}

// Every other call, also wrong ones. Not inlined, so that its frame costs the plain call nothing.
[[gnu::noinline]] PyObject* add_any(PyObject* self, const PyWriterBase& base, PyObject* const* arguments,
                                    Py_ssize_t count, PyObject* keywords) {
  Call call;
  if (!take_arguments(call, arguments, count, keywords)) return nullptr;
  if (gate.is_set() || base.has_substitute()) [[unlikely]]
    return add_through_gate(self, base, call);
  return add_checked(self, base, call);
}

PyObject* base_add_scalar(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  auto* base = value_of<PyWriterBase>(self);
  if (base == nullptr) return nullptr;
  if (count == scalar_at::kStep + 1 && keywords == nullptr && gate.blocks.load() == 0) [[likely]] {
    const Pushed pushed = try_plain(*base, arguments);
    if (pushed == Pushed::kDone) [[likely]]
      Py_RETURN_NONE;
    if (pushed == Pushed::kDoneNeedsAttention) return finish_slow_push(*base, arguments[scalar_at::kTag]);
  }
  return add_any(self, *base, arguments, count, keywords);
}

constexpr const char* kAddScalarDoc =
    "add_scalar($self, /, tag, scalar_value, global_step=None, walltime=None, new_style=False, "
    "double_precision=False, display_name='', summary_description='')\n--\n\n"
    "Logs one number of the series `tag`.\n"
    "\n"
    "Args:\n"
    "    tag: name of the series.\n"
    "    scalar_value: int, float, bool, numeric str, or any array or tensor of one element. A masked one is "
    "NaN, "
    "with a\n"
    "        warning.\n"
    "    global_step: anything int() takes; None is 0. A fraction is dropped, with one warning.\n"
    "    walltime: seconds since the epoch; None is now.\n"
    "    new_style: store a tensor for TensorBoard's time series page instead of simple_value.\n"
    "    double_precision: with new_style, store float64 instead of float32.\n"
    "    display_name: title of the chart instead of the tag.\n"
    "    summary_description: Markdown shown with the chart.\n"
    "\n"
    "Raises:\n"
    "    TypeError, ValueError: an argument is of the wrong kind; nothing was logged.\n";

}  // namespace

PyMethodDef& event_scalar_method() {
  static PyMethodDef method = fast_method<&writer_add_scalar>("add_scalar", kAddScalarDoc);
  return method;
}

PyMethodDef& scalar_method() {
  for (int i = 0; i < scalar_at::kCount; ++i)
    interned_names[i] = PyUnicode_InternFromString(kParameterNames[i]);
  static PyMethodDef method = fast_method<&base_add_scalar>("add_scalar", kAddScalarDoc);
  return method;
}

}  // namespace tickertape::bindings
