// EventFileWriter.add_histogram without pybind11's dispatcher, which takes as long as copying 1,000 doubles.
// L5.
#include <pybind11/numpy.h>

#include <exception>
#include <string>

#include "bindings/convert/arguments.h"
#include "bindings/devices.h"
#include "bindings/errors.h"
#include "bindings/fast/fast_call.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// In the order of _core.pyi; only `late` may be left out or named.
enum Parameter { kTag, kValues, kDtype, kBins, kMaxBins, kStep, kWalltime, kDeferred, kCount };

using Doubles = py::array_t<double, py::array::c_style>;

DType dtype_named(PyObject* name) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
  if (text == nullptr) throw py::type_error("dtype must be a str");
  return to_dtype({text, static_cast<std::size_t>(size)});
}

// `edges` keeps what the op points to.
void set_bins(HistogramOp& op, py::handle bins, Doubles& edges) {
  if (bins.is_none()) return;
  if (py::isinstance<py::int_>(bins)) {
    op.bins = HistogramOp::Bins::kUniform;
    op.bin_count = bins.cast<std::uint64_t>();
    if (op.bin_count == 0) throw py::value_error("bins must be at least 1");
    return;
  }
  edges = bins.cast<Doubles>();
  op.bins = HistogramOp::Bins::kEdges;
  op.edges = to_doubles(edges);
  if (op.edges.size() < 2) throw py::value_error("bins must have at least 2 edges");
}

void add_histogram(PyWriter& self, PyObject* const* arguments, py::handle late) {
  const py::handle values = arguments[kValues];
  if (!py::isinstance<py::array>(values)) throw py::type_error("values must be an array");
  const auto array = py::reinterpret_borrow<py::array>(values);
  HistogramOp op;
  op.values.source = to_source(array, dtype_named(arguments[kDtype]), "values");
  Doubles edges;
  set_bins(op, arguments[kBins], edges);
  const py::handle max_bins = arguments[kMaxBins];
  if (!max_bins.is_none()) {
    op.max_bins = max_bins.cast<std::uint64_t>();
    if (op.max_bins == 0) throw py::value_error("max_bins must be at least 1");
  }
  const When when = to_when(arguments[kStep], arguments[kWalltime]);
  add_now_or_deferred(self, OpKind::kHistogram, arguments[kTag], op, when, late);
}

PyObject* writer_add_histogram(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords) {
  auto* writer = value_of<PyWriter>(self);
  if (writer == nullptr) return nullptr;
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  const bool is_late_named =
      named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "late") == 0;
  if (count < kDeferred || count + named > kCount || (named != 0 && !is_late_named)) {
    PyErr_SetString(
        PyExc_TypeError,
        "add_histogram() takes tag, values, dtype, bins, max_bins, global_step, walltime, and late");
    return nullptr;
  }
  try {
    add_histogram(*writer, arguments, count + named == kCount ? arguments[kDeferred] : Py_None);
  } catch (...) {
    raise_in_python(std::current_exception());
    return nullptr;
  }
  Py_RETURN_NONE;
}

constexpr const char* kDoc =
    "add_histogram($self, tag, values, dtype, bins, max_bins, global_step, walltime, /, late=None)\n--\n\n";

}  // namespace

PyMethodDef& event_histogram_method() {
  static PyMethodDef method = fast_method("add_histogram", &writer_add_histogram, kDoc);
  return method;
}

}  // namespace tickertape::bindings
