// EventFileWriter.add_histogram without pybind11's dispatcher, which takes as long as copying 1,000 doubles.
// L5.
#include <pybind11/numpy.h>

#include <string>

#include "bindings/convert/arguments.h"
#include "bindings/fast/fast_call.h"
#include "bindings/support/errors.h"
#include "bindings/support/text.h"
#include "bindings/writer/devices.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// In the order of _core.pyi; only `source` may be left out or named.
namespace histogram_at {
enum Parameter { kTag, kValues, kDtype, kBins, kMaxBins, kStep, kWalltime, kDeferred, kCount };
}  // namespace histogram_at

// `edges` keeps alive what the op points to.
void set_bins(HistogramOp& op, py::handle bins, Doubles& edges) {
  if (bins.is_none()) return;
  if (py::isinstance<py::int_>(bins)) {
    op.bins = HistogramOp::Bins::kUniform;
    op.bin_count = to_count(bins, "bins");
    return;
  }
  edges = to_double_array(bins, "bins");
  op.bins = HistogramOp::Bins::kEdges;
  op.edges = to_doubles(edges);
  if (op.edges.size() < 2)
    throw UnsupportedValue(expected("bins", "at least 2 edges", std::to_string(op.edges.size())));
}

void add_histogram(PyWriter& self, PyObject* const* arguments, py::handle source) {
  const py::handle values = arguments[histogram_at::kValues];
  if (!py::isinstance<py::array>(values))
    throw UnsupportedType(expected("values", "an array", type_name(values.ptr())));
  const auto array = py::reinterpret_borrow<py::array>(values);
  HistogramOp op;
  op.values.source = to_source(array, to_dtype(to_text(arguments[histogram_at::kDtype], "dtype")), "values");
  Doubles edges;
  set_bins(op, arguments[histogram_at::kBins], edges);
  const py::handle max_bins = arguments[histogram_at::kMaxBins];
  if (!max_bins.is_none()) op.max_bins = to_count(max_bins, "max_bins");
  const When when = to_when(arguments[histogram_at::kStep], arguments[histogram_at::kWalltime]);
  add_now_or_deferred(self, OpKind::kHistogram, arguments[histogram_at::kTag], op, when, source);
}

PyObject* writer_add_histogram(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords) {
  auto* writer = value_of<PyWriter>(self);
  if (writer == nullptr) return nullptr;
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  const bool is_source_named =
      named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "source") == 0;
  if (count < histogram_at::kDeferred || count + named > histogram_at::kCount ||
      (named != 0 && !is_source_named)) {
    PyErr_SetString(
        PyExc_TypeError,
        "add_histogram() takes tag, values, dtype, bins, max_bins, global_step, walltime, and source");
    return nullptr;
  }
  add_histogram(*writer, arguments,
                count + named == histogram_at::kCount ? arguments[histogram_at::kDeferred] : Py_None);
  Py_RETURN_NONE;
}

constexpr const char* kAddHistogramDoc =
    "add_histogram($self, tag, values, dtype, bins, max_bins, global_step, walltime, /, source=None)\n--\n\n";

}  // namespace

PyMethodDef& event_histogram_method() {
  static PyMethodDef method = fast_method<&writer_add_histogram>("add_histogram", kAddHistogramDoc);
  return method;
}

}  // namespace tickertape::bindings
