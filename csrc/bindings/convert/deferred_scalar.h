// Numbers that are still on a device: _core.DeferredScalar, and the hooks through which Python finds and
// completes them. L5; nothing here is on the path of a plain number.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>
#include <vector>

#include "event/scalars_summary.h"
#include "writer/open_file.h"

namespace tickertape::bindings {

// tickertape._core.DeferredScalar
struct PyDeferredScalar {
  DeferredNumber number;
};

// For to_scalar() only, which returns false without a Python error if the value is deferred. True if the
// value is deferred, or if a Python error is set. The caller of to_scalar() takes the number before it runs
// any Python code. Throws.
bool meets_deferred(PyObject* object, const char* argument);
DeferredNumber take_deferred();

// Throws std::runtime_error for a copy that was begun in the parent of this process.
void check_process(const DeviceCopy& copy);

// What errors call the value of one tag of log().
std::string argument_of(std::string_view tag);

// Collects the values of one log() that are not plain numbers, until it is known which are deferred.
class DeferredValuesOfLog {
 public:
  // True if `value` may be deferred: then it is kept, and `index` among the call's scalars is its place.
  bool keeps(pybind11::handle value, std::size_t index);
  // True if resolve() has something to do.
  bool any() const { return !places_.empty(); }
  // Asks for all of them at once, and converts those that are not deferred into `scalars`. Throws.
  void resolve(std::vector<TaggedScalar>& scalars);
  const std::vector<DeferredScalarAt>& deferred() const { return deferred_; }

 private:
  pybind11::object values_;  // a list, once there is something in it
  std::vector<std::size_t> places_;
  std::vector<DeferredScalarAt> deferred_;
};

// Asks Python to complete the copies that the core cannot poll itself; for a thread that waits, without the
// GIL.
void poll_deferred_values();

// DeferredScalar, set_device_hooks() and deferred_scalars(); before the class that makes DeferredScalars is
// bound.
void bind_deferred_scalars(pybind11::module_& module);

}  // namespace tickertape::bindings
