"""SummaryWriter.add_pr_curve and add_pr_curve_raw: precision over recall, counted by the core's pool."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.convert import arrays, check, protobuf
from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    import numpy.typing as npt

_MAX_THRESHOLDS = 127  # torch/utils/tensorboard/summary.py, pr_curve


class PrCurveMethods(WriterPart):
    """Precision-recall curves."""

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Writes the precision-recall curve of a binary classifier.

        Args:
            tag: name of the series.
            labels: the truth, 0 or 1 (or bool), any shape.
            predictions: probabilities in [0, 1], the shape of `labels`. torch drops what lies outside.
            global_step: int64; None is 0.
            num_thresholds: points of the curve, at least 2; more than 127 become 127, as torch's.
            weights: a number, or one for each prediction.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or a prediction is NaN or outside [0, 1].

        Source: torch/utils/tensorboard/summary.py, compute_curve.
        """
        truth = arrays.widened(*arrays.as_array(labels, "labels"))
        probabilities = arrays.as_floats(predictions, "predictions")
        if truth.shape != probabilities.shape:
            raise ValueError(
                f"labels, predictions: expected equal shapes, got {truth.shape} and {probabilities.shape}"
            )
        if probabilities.size == 0:
            raise ValueError("predictions: expected at least one, got none")
        if num_thresholds is not _MAX_THRESHOLDS:  # CPython has one object for each of the small numbers
            num_thresholds = min(check.integer(num_thresholds, "num_thresholds", 2), _MAX_THRESHOLDS)
        factors = None if weights is None else _weights(weights, truth.shape)
        self._event_writer().add_pr_curve(
            tag, truth, probabilities, num_thresholds, factors, global_step, walltime
        )

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Writes a precision-recall curve that was counted elsewhere, as it is, in float32.

        Args:
            tag: name of the series.
            true_positive_counts: one for each threshold, [n].
            false_positive_counts: likewise.
            true_negative_counts: likewise.
            false_negative_counts: likewise.
            precision: likewise.
            recall: likewise.
            global_step: int64; None is 0.
            num_thresholds: what TensorBoard is told; more than 127 become 127, as torch's.
            weights: has no meaning for counts that are there; torch ignores it in silence, here it warns.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or the rows differ in length.
        """
        rows = {
            "true_positive_counts": true_positive_counts,
            "false_positive_counts": false_positive_counts,
            "true_negative_counts": true_negative_counts,
            "false_negative_counts": false_negative_counts,
            "precision": precision,
            "recall": recall,
        }
        curve = _rows(rows)
        thresholds = min(check.integer(num_thresholds, "num_thresholds", 1), _MAX_THRESHOLDS)
        if weights is not None:
            warnings.warn("weights: has no effect in add_pr_curve_raw", UserWarning, stacklevel=2)
        # tensorboard/plugins/pr_curve/plugin_data.proto: num_thresholds is field 2, version (0) field 1.
        content = protobuf.int_field(2, thresholds)
        self._event_writer().add_tensor(
            tag, curve, "float32", curve.shape, "pr_curves", content, global_step, walltime
        )


def _weights(value: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    array = arrays.widened(*arrays.as_array(value, "weights")).astype(np.float64, copy=False)
    if not np.all(np.isfinite(array)):
        raise ValueError("weights: expected finite numbers, got NaN or infinity")
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError as error:
        raise ValueError(
            f"weights: expected one for each prediction, {shape}, got shape {array.shape}"
        ) from error


def _rows(rows: dict[str, Any]) -> npt.NDArray[np.float32]:
    """[6, n] from six [n]."""
    curves = {name: arrays.as_floats(value, name) for name, value in rows.items()}
    shape = curves["true_positive_counts"].shape
    if len(shape) != 1:
        raise ValueError(f"true_positive_counts: expected one dimension, got shape {shape}")
    for name, array in curves.items():
        if array.shape != shape:
            raise ValueError(
                f"{name}: expected the shape of true_positive_counts, {shape}, got {array.shape}"
            )
    with np.errstate(over="ignore"):
        return np.stack([array.astype(np.float32) for array in curves.values()])
