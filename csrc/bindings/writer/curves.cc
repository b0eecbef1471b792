// EventFileWriter.add_pr_curve for Python. L5.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bindings/convert/arguments.h"
#include "bindings/support/entry.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "bindings/writer/devices.h"
#include "bindings/writer/push.h"
#include "bindings/writer/py_writer.h"
#include "bindings/writer/writer.h"
#include "codec/pr_curve/packed.h"
#include "codec/pr_curve/pr_curve.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// The elements of an array in contiguous memory, to be checked on the caller's thread; `array` keeps them.
ArrayView contiguous_view(py::array& array, const char* argument) {
  array = in_one_piece(array);
  const ArraySource source = to_source(array, argument);
  return {source.data, source.size(), source.dtype};
}

void check_probabilities(py::array& predictions) {
  const ArrayView view = contiguous_view(predictions, "predictions");
  const std::optional<std::size_t> bad = first_outside_unit_interval(view);
  if (!bad) return;
  const py::object value = predictions.attr("flat")[py::int_(*bad)];
  throw UnsupportedValue(
      expected("predictions", "values in [0, 1]", text_of(value) + " at index " + std::to_string(*bad)));
}

void check_labels(py::array& labels) {
  const std::optional<std::size_t> bad = first_other_label(contiguous_view(labels, "labels"));
  if (!bad) return;
  const py::object value = labels.attr("flat")[py::int_(*bad)];
  throw UnsupportedValue(expected("labels", "0 and 1, or bools",
                                  text_of(value) + " at index " + std::to_string(*bad) +
                                      "; compare them with the positive class, e.g. labels == 1"));
}

UnsupportedValue other_size(const char* arguments, std::size_t size, std::size_t predictions) {
  // NOLINTNEXTLINE(modernize-return-braced-init-list): the constructor is explicit
  return UnsupportedValue(expected(arguments, "the same number of elements",
                                   std::to_string(size) + " and " + std::to_string(predictions)));
}

PrCurveOp pr_curve_op(py::array& labels, py::array& predictions, std::int64_t thresholds,
                      const std::optional<py::array>& weights, bool is_deferred) {
  if (thresholds < 1)
    throw UnsupportedValue(expected("num_thresholds", "at least 1", std::to_string(thresholds)));
  PrCurveOp op;
  op.thresholds = static_cast<std::uint64_t>(std::min<std::int64_t>(thresholds, kMaxPrThresholds));
  if (!is_deferred) {
    check_labels(labels);
    check_probabilities(predictions);
  }
  op.labels.source = to_source(labels, "labels");
  op.predictions.source = to_source(predictions, "predictions");
  const std::size_t size = op.predictions.source.size();
  if (size == 0) throw UnsupportedValue(expected("predictions", "at least one element", "none"));
  if (op.labels.source.size() != size) throw other_size("labels, predictions", op.labels.source.size(), size);
  if (weights) {
    op.weights.source = to_source(*weights, "weights");
    if (op.weights.source.size() != size)
      throw other_size("weights, predictions", op.weights.source.size(), size);
  } else {
    op.weights.source = ArraySource::empty();
  }
  return op;
}

// The general path: also for wrong calls, weights, labels other than 0 and 1, and deferred values.
void add_curve(PyWriter& self, py::handle tag, py::array labels, py::array predictions,
               std::int64_t num_thresholds, const std::optional<py::array>& weights, py::handle step,
               py::handle walltime, py::handle source) {
  const PrCurveOp op = pr_curve_op(labels, predictions, num_thresholds, weights, !source.is_none());
  add_now_or_deferred(self, OpKind::kPrCurve, tag, op, to_when(step, walltime), source);
}

namespace curve_at {
enum Parameter { kTag, kLabels, kPredictions, kThresholds, kWeights, kStep, kWalltime, kDeferred };
}  // namespace curve_at

bool pack(ArrayView labels, ArrayView predictions, std::uint32_t thresholds, Buffer& packed) {
  std::uint8_t* const to = packed.extend(predictions.size);
  const std::size_t bytes = predictions.size * (item_size(labels.dtype) + item_size(predictions.dtype));
  if (bytes < kWorthReleasingGil) return pack_predictions(labels, predictions, thresholds, to);
  const GilRelease release;  // the caller keeps the arrays, and any content is safe
  return pack_predictions(labels, predictions, thresholds, to);
}

// The plain call: labels of 0 and 1, predictions in [0, 1], no weights, all arguments by position. False:
// nothing was done; the general path decides. Throws.
bool add_plain(PyWriter& self, PyObject* const* arguments) {
  if (arguments[curve_at::kWeights] != Py_None || !PyLong_CheckExact(arguments[curve_at::kThresholds]) ||
      !py::isinstance<py::array>(arguments[curve_at::kLabels]) ||
      !py::isinstance<py::array>(arguments[curve_at::kPredictions]))
    return false;
  int overflow = 0;
  const long long thresholds = PyLong_AsLongLongAndOverflow(arguments[curve_at::kThresholds], &overflow);
  if (overflow != 0 || thresholds < 1) return false;
  auto labels = py::reinterpret_borrow<py::array>(arguments[curve_at::kLabels]);
  auto predictions = py::reinterpret_borrow<py::array>(arguments[curve_at::kPredictions]);
  const ArrayView label_view = contiguous_view(labels, "labels");
  const ArrayView prediction_view = contiguous_view(predictions, "predictions");
  if (prediction_view.size == 0 || label_view.size != prediction_view.size) return false;
  PackedPrCurveOp op;
  op.thresholds = static_cast<std::uint64_t>(std::min<long long>(thresholds, kMaxPrThresholds));
  Buffer packed;
  if (!pack(label_view, prediction_view, static_cast<std::uint32_t>(op.thresholds), packed)) return false;
  op.packed = packed.bytes();
  add(self, OpKind::kPackedPrCurve, arguments[curve_at::kTag], op,
      to_when(arguments[curve_at::kStep], arguments[curve_at::kWalltime]));
  return true;
}

// pybind11's method around add_curve(); kept for ever.
PyObject* general_method = nullptr;

PyObject* call_general(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  std::vector<PyObject*> all{self};
  all.insert(all.end(), arguments, arguments + count + named);
  return PyObject_Vectorcall(general_method, all.data(), static_cast<std::size_t>(count) + 1, keywords);
}

PyObject* writer_add_pr_curve(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                              PyObject* keywords) {
  auto* writer = value_of<PyWriter>(self);
  if (writer == nullptr) return nullptr;
  if (count == curve_at::kDeferred && keywords == nullptr && add_plain(*writer, arguments)) Py_RETURN_NONE;
  return call_general(self, arguments, count, keywords);
}

constexpr const char* kAddPrCurveDoc =
    "add_pr_curve($self, /, tag, labels, predictions, num_thresholds, weights, global_step, walltime, "
    "source=None)\n--\n\n";

}  // namespace

void bind_curves(py::class_<PyWriter>& writer) {
  writer.def("add_pr_curve", &add_curve, py::arg("tag"), py::arg("labels"), py::arg("predictions"),
             py::arg("num_thresholds"), py::arg("weights").none(true), py::arg("global_step"),
             py::arg("walltime"), py::arg("source") = py::none());
  general_method = py::object(writer.attr("add_pr_curve")).release().ptr();
  static PyMethodDef method = fast_method<&writer_add_pr_curve>("add_pr_curve", kAddPrCurveDoc);
  add_method(writer, method);
}

}  // namespace tickertape::bindings
