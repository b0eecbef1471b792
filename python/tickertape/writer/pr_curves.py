"""add_pr_curve and add_pr_curve_raw: precision over recall, counted by the core's pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape._core import UnsupportedValue
from tickertape.convert import arrays, check, notices, protobuf
from tickertape.writer import tags

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape.writer.file_writer import GetWriter

# The page cuts the curve where the whole parts of true and false positives are 0
# (tensorboard/plugins/pr_curve/pr_curves_plugin.py, _make_pr_entry): with this sum of weights it is a tenth of the predictions.
LEAST_SUM_OF_WEIGHTS = 10
_MAX_THRESHOLDS = 127  # torch/utils/tensorboard/summary.py, pr_curve


def add_pr_curve(
    get_writer: GetWriter,
    tag: str,
    labels: Any,
    predictions: Any,
    global_step: Any,
    num_thresholds: Any,
    weights: Any,
    walltime: Any,
) -> None:
    """See SummaryWriter.add_pr_curve."""
    truth = arrays.widened(*arrays.as_array(labels, "labels"))
    probabilities = arrays.as_floats(predictions, "predictions")
    if truth.shape != probabilities.shape:
        raise UnsupportedValue(
            f"labels, predictions: expected equal shapes, got {truth.shape} and {probabilities.shape}"
        )
    if probabilities.size == 0:
        raise UnsupportedValue("predictions: expected at least one, got none")
    if num_thresholds is not _MAX_THRESHOLDS:  # CPython has one object for each of the small numbers
        num_thresholds = min(check.integer(num_thresholds, "num_thresholds", 1), _MAX_THRESHOLDS)
    factors = None if weights is None else _weights(weights, truth.shape, tag)
    tags.warn_of_empty(tag)
    get_writer().add_pr_curve(tag, truth, probabilities, num_thresholds, factors, global_step, walltime)


def add_pr_curve_raw(
    get_writer: GetWriter,
    tag: str,
    rows: dict[str, Any],
    global_step: Any,
    num_thresholds: Any,
    weights: Any,
    walltime: Any,
) -> None:
    """See SummaryWriter.add_pr_curve_raw; `rows` has the six rows in the order of the file, by their arguments' names."""
    curve = _rows(rows)
    thresholds = min(check.integer(num_thresholds, "num_thresholds", 1), _MAX_THRESHOLDS)
    if weights is not None:
        notices.warn("weights: has no effect in add_pr_curve_raw")
    # tensorboard/plugins/pr_curve/plugin_data.proto: num_thresholds is field 2, version (0) field 1.
    content = protobuf.int_field(2, thresholds)
    tags.warn_of_empty(tag)
    get_writer().add_tensor(tag, curve, "float32", curve.shape, "pr_curves", content, global_step, walltime)


def _weights(value: Any, shape: tuple[int, ...], tag: Any) -> npt.NDArray[np.float64]:
    array = arrays.widened(*arrays.as_array(value, "weights")).astype(np.float64, copy=False)
    if not np.all(np.isfinite(array)):
        raise UnsupportedValue("weights: expected finite numbers, got NaN or infinity")
    try:
        weights = np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError as error:
        raise UnsupportedValue(
            f"weights: expected one for each prediction, {shape}, got shape {array.shape}"
        ) from error
    total = float(weights.sum())
    if 0 < total < LEAST_SUM_OF_WEIGHTS and weights.max() < 1:
        notices.warn_once_a_tag(
            "weights",
            tag,
            f"weights: expected a sum of at least {LEAST_SUM_OF_WEIGHTS}, got {total:g}; the page cuts the curve where weighted "
            "true and false positives are both below 1; multiply the weights",
        )
    return weights


def _rows(rows: dict[str, Any]) -> npt.NDArray[np.float32]:
    """[6, n] from six [n]."""
    curves = {name: arrays.as_floats(value, name) for name, value in rows.items()}
    for name, array in curves.items():
        if name.endswith("counts") and not np.isfinite(array).all():
            raise UnsupportedValue(
                f"{name}: expected finite numbers, got NaN or infinity; the page fails on them"
            )
    shape = curves["true_positive_counts"].shape
    if len(shape) != 1:
        raise UnsupportedValue(f"true_positive_counts: expected one dimension, got shape {shape}")
    for name, array in curves.items():
        if array.shape != shape:
            raise UnsupportedValue(
                f"{name}: expected the shape of true_positive_counts, {shape}, got {array.shape}"
            )
    with np.errstate(over="ignore"):
        return np.stack([array.astype(np.float32) for array in curves.values()])
