"""add_histogram and add_histogram_raw: bins are chosen here; the core's pool, or the device, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tickertape._core import UnsupportedValue
from tickertape.convert import arrays, check, deferred, notices
from tickertape.convert.histogram_edges import tensorflow_edges

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape import _core
    from tickertape.writer.file_writer import GetWriter

TENSORFLOW: Final = "tensorflow"
# Each takes 16 bytes in the file: 256 MiB together. protobuf's limit for a message is 2 GiB.
_MOST_BINS = 2**24
_GREATEST_SHOWN = float(np.finfo(np.float32).max)
# The rules of numpy.histogram_bin_edges.
_RULES = ("auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt")


def add_histogram(
    get_writer: GetWriter,
    tag: str,
    values: Any,
    global_step: Any,
    bins: Any,
    walltime: Any,
    max_bins: Any,
    default_bins: list[float] | None,
    *,
    copy: bool,
) -> None:
    """See SummaryWriter.add_histogram; `default_bins` is None for the usual edges."""
    if max_bins is not None:
        max_bins = min(check.integer(max_bins, "max_bins", 1), _MOST_BINS)
    edges: int | npt.NDArray[np.float64] | None = None
    is_tensorflow = isinstance(bins, str) and bins == TENSORFLOW
    if is_tensorflow:
        if default_bins is not None and tuple(default_bins) != tensorflow_edges():
            edges = _explicit_edges(default_bins, "default_bins")
        elif _add_counted_on_device(get_writer, tag, values, max_bins, global_step, walltime):
            return
    is_rule = isinstance(bins, str) and not is_tensorflow
    array, dtype, source = _read(values, copy, needs_values=is_rule)
    if not is_tensorflow:
        edges = _choose_bins(bins, array, dtype, is_readable=deferred.is_readable(source))
        if isinstance(edges, np.ndarray):
            _warn_of_float32(tag, "bins", edges)
    get_writer().add_histogram(tag, array, dtype, edges, max_bins, global_step, walltime, source=source)


def _add_counted_on_device(
    get_writer: GetWriter, tag: str, values: Any, max_bins: int | None, global_step: Any, walltime: Any
) -> bool:
    """Has the accelerator that holds the values count them. False if none holds them, or if it cannot count."""
    device = deferred.device_of(values)
    if device is None or 0 in values.shape:
        return False
    counts = device.histogram(values, "values")
    if counts is None:
        return False
    get_writer().add_histogram_counts(
        tag, counts.array, max_bins, global_step, walltime, source=counts.device_copy
    )
    return True


def add_histogram_raw(
    get_writer: GetWriter,
    tag: str,
    statistics: dict[str, Any],
    bucket_limits: Any,
    bucket_counts: Any,
    global_step: Any,
    walltime: Any,
) -> None:
    """See SummaryWriter.add_histogram_raw; `statistics` has its min, max, num, sum and sum_squares, by name and in this order."""
    low, high, count, total, squares = (check.real(value, name) for name, value in statistics.items())
    limits = _vector(bucket_limits, "bucket_limits")
    counts = _vector(bucket_counts, "bucket_counts")
    if limits.size != counts.size:
        raise UnsupportedValue(
            f"bucket_limits, bucket_counts: expected equal lengths, got {limits.size} and {counts.size}"
        )
    # The outermost edges may be -DBL_MAX and DBL_MAX: the loader takes min and max instead.
    _warn_of_float32(tag, "min, max", np.array([low, high]))
    _warn_of_float32(tag, "bucket_limits", limits[:-1])
    get_writer().add_histogram_raw(
        tag, low, high, count, total, squares, limits, counts, global_step, walltime
    )


def _read(
    values: Any, copy: bool, *, needs_values: bool
) -> tuple[npt.NDArray[Any], str, _core.DeviceCopy | _core.InPlace | None]:
    """As `as_deferred_array`, at least one value. `needs_values`: a rule of NumPy reads them, so this waits for a device."""
    if needs_values and copy:
        array, dtype = arrays.as_array(values, "values")
        source = None
    else:
        array, dtype, source = deferred.as_deferred_array(values, "values", copy=copy)
    if array.size == 0:
        raise UnsupportedValue("values: expected at least one number, got none")
    return array, dtype, source


def _is_number(bins: Any) -> bool:
    """Whether `bins` is no array and no sequence: what it is then, check.integer says."""
    n_axes = getattr(bins, "ndim", None)
    if n_axes is None:
        return not isinstance(bins, Sequence) and not hasattr(bins, "__array__")
    return bool(n_axes == 0)


def _choose_bins(
    bins: Any, values: npt.NDArray[Any], dtype: str, *, is_readable: bool
) -> int | npt.NDArray[np.float64]:
    """The argument `bins`: a number unchanged; a rule, or edges, as edges."""
    if isinstance(bins, str):
        if bins not in _RULES:
            raise UnsupportedValue(
                f"bins: expected 'tensorflow', a number, edges or one of {_RULES}, got {bins!r}"
            )
        numbers = _finite(values, dtype)
        if numbers.size == 0:
            return 1
        try:
            return np.histogram_bin_edges(numbers, bins=bins).astype(np.float64, copy=False)
        except (MemoryError, ValueError, OverflowError) as error:
            raise UnsupportedValue(
                f"bins: expected a rule that finds bins for these values, got {bins!r} ({check.text_of(error)})"
            ) from error
    if _is_number(bins):
        return check.integer(bins, "bins", 1, _MOST_BINS)
    edges = _explicit_edges(bins, "bins")
    if not is_readable:
        return edges
    numbers = _finite(values, dtype)
    if numbers.size and not np.any((numbers >= edges[0]) & (numbers <= edges[-1])):
        raise UnsupportedValue(
            f"bins: expected edges around some of the values, got {edges[0]:g} to {edges[-1]:g}"
        )
    return edges


def _finite(values: npt.NDArray[Any], dtype: str) -> npt.NDArray[np.float64]:
    """The finite values as torch's make_histogram bins them, flat."""
    numbers = arrays.widened(values, dtype).astype(np.float64).reshape(-1)
    return numbers[np.isfinite(numbers)]


def _explicit_edges(bins: Any, name: str) -> npt.NDArray[np.float64]:
    edges = _vector(bins, name)
    if edges.size < 2 or not np.all(np.isfinite(edges)) or np.any(np.diff(edges) < 0):
        raise UnsupportedValue(f"{name}: expected at least two finite, ascending edges, got {edges}")
    return edges


def _warn_of_float32(tag: Any, name: str, numbers: npt.NDArray[np.float64]) -> None:
    """TensorBoard's plain loader makes histograms float32 (tensorboard/data_compat.py, _migrate_histogram_value)."""
    greatest = float(np.max(np.abs(numbers), initial=0))
    if not greatest <= _GREATEST_SHOWN:  # false for NaN too
        notices.warn_once_a_tag(
            "histogram",
            tag,
            f"{name}: expected numbers up to {_GREATEST_SHOWN:.3g}, got {greatest:g}; the page has float32 and draws no such histogram",
        )


def _vector(value: Any, name: str) -> npt.NDArray[np.float64]:
    """`value` as contiguous float64 [n]."""
    array = np.ascontiguousarray(arrays.as_floats(value, name), dtype=np.float64)
    if array.ndim != 1:
        raise UnsupportedValue(f"{name}: expected one dimension, got shape {array.shape}")
    return array
