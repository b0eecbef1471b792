// Copies that a device has not finished, _core.DeviceCopy, and the ops that wait for them. L5; nothing here
// is on the path of a plain number.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "base/bytes.h"
#include "bindings/convert/deferred_scalar.h"
#include "bindings/writer/in_place.h"
#include "bindings/writer/push.h"
#include "bindings/writer/py_writer.h"

namespace tickertape::bindings {

// add_scalar with a deferred value; everything else is converted. `summary` is the result of
// described_summary(), with its value at byte `at`; empty if there is no description. Throws.
struct DeferredCall {
  PyObject* tag;
  DeferredNumber number;
  std::int64_t step;
  double wall_time;
  ScalarStyle style;
};
void add_deferred_scalar(PyWriter& writer, const DeferredCall& call, Bytes summary, std::size_t at);

// As add() of push.h. If `source` is a DeviceCopy, the arrays of `body` are read when it has ended; if it is
// an InPlace, they are read later, from the caller's memory. Throws.
std::shared_ptr<DeviceCopy> to_device_copy(pybind11::handle source);
template <typename Body>
void add_in_place(PyWriter& self, OpKind kind, pybind11::handle tag, const Body& body, const When& when,
                  const PyInPlace& in_place) {
  const std::string_view text = to_tag(tag.ptr());
  const std::shared_ptr<const void> owner = keep_for_any_thread(in_place.owner);
  push_op(self, text, 0,
          [&](OpenFile& file) { file.add_in_place(kind, text, body, owner, when.step, when.wall_time); });
}
template <typename Body>
void add_now_or_deferred(PyWriter& self, OpKind kind, pybind11::handle tag, const Body& body,
                         const When& when, pybind11::handle source) {
  if (source.is_none()) return add(self, kind, tag, body, when);
  if (pybind11::isinstance<PyInPlace>(source)) {
    return add_in_place(self, kind, tag, body, when, pybind11::cast<const PyInPlace&>(source));
  }
  const std::shared_ptr<DeviceCopy> copy = to_device_copy(source);
  const std::string_view text = to_tag(tag.ptr());
  // Nothing is copied, so that it takes the time of a small op.
  push_op(self, text, 0,
          [&](OpenFile& file) { file.add_deferred(kind, text, body, copy, when.step, when.wall_time); });
}

void bind_devices(pybind11::module_& module);

}  // namespace tickertape::bindings
