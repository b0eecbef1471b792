// Values from devices that are still on their way: _core.DeviceCopy and _core.LateScalar, and what add_scalar
// and log do with them. L5; nothing here is on the path of a plain number.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "bindings/in_place.h"
#include "bindings/push.h"
#include "bindings/py_writer.h"
#include "event/scalars_summary.h"

namespace tickertape::bindings {

// For to_scalar() alone, which gives false without a Python error where the value is late: true where it is,
// or where finding out has set an error. Whoever called to_scalar() fetches the number before anything else.
bool meets_late(PyObject* object, const char* argument);
DeferredNumber take_late();

// add_scalar with a deferred value; all else is converted. `summary` as described_summary() gives it, its
// value at byte `at`; empty where there is no description. Throws.
struct LateCall {
  PyObject* tag;
  DeferredNumber number;
  std::int64_t step;
  double wall_time;
  ScalarStyle style;
};
void add_deferred_scalar(PyWriter& writer, const LateCall& call, Bytes summary, std::size_t at);

// As add() of bindings/push.h; where `late` is a device copy, the arrays of `body` are read when it has come,
// and where it is an InPlace, from where they are. Throws.
std::shared_ptr<DeviceCopy> to_device_copy(pybind11::handle late);
template <typename Body>
void add_in_place(PyWriter& self, OpKind kind, pybind11::handle tag, const Body& body, const When& when,
                  const PyInPlace& in_place) {
  const std::string_view text = to_tag(tag.ptr());
  const std::shared_ptr<const void> owner = keep_for_any_thread(in_place.owner);
  push_op(self, 0,
          [&](OpenFile& file) { file.add_in_place(kind, text, body, owner, when.step, when.wall_time); });
}
template <typename Body>
void add_now_or_deferred(PyWriter& self, OpKind kind, pybind11::handle tag, const Body& body,
                         const When& when, pybind11::handle late) {
  if (late.is_none()) return add(self, kind, tag, body, when);
  if (pybind11::isinstance<PyInPlace>(late)) {
    return add_in_place(self, kind, tag, body, when, pybind11::cast<const PyInPlace&>(late));
  }
  const std::shared_ptr<DeviceCopy> copy = to_device_copy(late);
  const std::string_view text = to_tag(tag.ptr());
  // Nothing is copied, so that it takes the time of a small op.
  push_op(self, 0,
          [&](OpenFile& file) { file.add_deferred(kind, text, body, copy, when.step, when.wall_time); });
}

// The values of one log() that are no plain numbers, until it is known which of them are late.
class LateValuesOfLog {
 public:
  // True where `value` may be late: then it is kept, and `index` among the call's scalars is its place.
  bool keeps(pybind11::handle value, std::size_t index, const std::string& argument);
  // True where resolve() has something to do.
  bool any() const { return !places_.empty(); }
  // Asks for all of them at once, and converts those that are not late into `scalars`. Throws.
  void resolve(std::vector<TaggedScalar>& scalars);
  const std::vector<DeferredScalarAt>& late() const { return late_; }

 private:
  pybind11::object values_, arguments_;  // lists, once there is something in them
  std::vector<std::size_t> places_;
  std::vector<DeferredScalarAt> late_;
};

// Lets Python settle what it can; for a thread that waits, without the GIL.
void poll_late_values();

void bind_late(pybind11::module_& module);

}  // namespace tickertape::bindings
