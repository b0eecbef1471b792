"""SummaryWriter.add_histogram and add_histogram_raw: bins are chosen here, values counted by the core's pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.convert import arrays, check, deferred
from tickertape.convert.histogram_edges import tensorflow_edges
from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape import _core

_TENSORFLOW = "tensorflow"
# 16 bytes each in the file: 256 MiB, while protobuf ends at 2 GiB.
_MOST_BINS = 2**24
# The rules of numpy.histogram_bin_edges.
_RULES = ("auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt")


class HistogramMethods(WriterPart):
    """Histograms."""

    _default_bins: list[float] | None = None

    @property
    def default_bins(self) -> list[float]:
        """The 1,549 edges of bins="tensorflow", ascending; a list that may be changed, as torch's."""
        if self._default_bins is None:
            self._default_bins = list(tensorflow_edges())
        return self._default_bins

    @default_bins.setter
    def default_bins(self, edges: list[float]) -> None:
        self._default_bins = edges

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = _TENSORFLOW,
        walltime: Any = None,
        max_bins: int | None = None,
        *,
        copy: bool = True,
    ) -> None:
        """Writes a histogram of `values`.

        NaN and infinite values are left out of buckets and statistics, with one warning a tag (torch keeps them in
        the statistics and raises when nothing else is left).

        Args:
            tag: name of the series.
            values: numbers, any shape, at least one.
            global_step: int64; None is 0.
            bins: "tensorflow" (`default_bins`), a rule of numpy.histogram_bin_edges, a number of equal bins, or
                ascending edges.
            walltime: seconds since the epoch; None is now.
            max_bins: when there are more bins than this, `bins // max_bins` neighbours are added up.
            copy: False reads a read-only, C-contiguous NumPy array where it is, later: it must not change any more, and
                its event is lost where the process is killed before it is written.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, make_histogram.
        """
        if max_bins is not None:
            max_bins = min(check.integer(max_bins, "max_bins", 1), _MOST_BINS)
        elif (
            copy
            and bins is _TENSORFLOW
            and type(values) is np.ndarray
            and values.size
            and self._default_bins is None
        ):
            # The plain call, without the questions below: they take as long as all the rest.
            array, dtype = arrays.as_array(values, "values")
            self._event_writer().add_histogram(tag, array, dtype, None, None, global_step, walltime)
            return
        edges: int | npt.NDArray[np.float64] | None = None
        by_rule = isinstance(bins, str)
        if by_rule and bins == _TENSORFLOW:
            if self._default_bins is not None and tuple(self._default_bins) != tensorflow_edges():
                edges = _explicit_edges(self._default_bins, "default_bins")
            elif self._add_counted_elsewhere(tag, values, max_bins, global_step, walltime):
                return
        array, dtype, late = _read(values, copy, may_be_late=not by_rule or bins == _TENSORFLOW)
        if edges is None and not (by_rule and bins == _TENSORFLOW):
            edges = _choose_bins(bins, array, dtype, is_here=deferred.is_readable(late))
        self._event_writer().add_histogram(
            tag, array, dtype, edges, max_bins, global_step, walltime, late=late
        )

    def _add_counted_elsewhere(
        self, tag: str, values: Any, max_bins: int | None, global_step: Any, walltime: Any
    ) -> bool:
        """Values that an accelerator holds are counted by it. False where none does, or where it cannot."""
        device = deferred.device_of(values)
        if device is None or 0 in values.shape:
            return False
        late = device.histogram(values, "values")
        if late is None:
            return False
        self._event_writer().add_histogram_counts(
            tag, late.array, max_bins, global_step, walltime, late=late.device_copy
        )
        return True

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,  # noqa: A002  # torch's name
        max: Any,  # noqa: A002  # torch's name
        num: Any,
        sum: Any,  # noqa: A002  # torch's name
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Writes a histogram that was counted elsewhere, as it is.

        Args:
            tag: name of the series.
            min: least value.
            max: greatest value.
            num: number of values.
            sum: sum of the values.
            sum_squares: sum of their squares.
            bucket_limits: upper edge of each bucket, [n].
            bucket_counts: number of values in each bucket, [n].
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or the buckets differ in number.
        """
        low, high, total = check.real(min, "min"), check.real(max, "max"), check.real(sum, "sum")
        count, squares = check.real(num, "num"), check.real(sum_squares, "sum_squares")
        limits = _vector(bucket_limits, "bucket_limits")
        counts = _vector(bucket_counts, "bucket_counts")
        if limits.size != counts.size:
            raise ValueError(
                f"bucket_limits, bucket_counts: expected equal lengths, got {limits.size} and {counts.size}"
            )
        self._event_writer().add_histogram_raw(
            tag, low, high, count, total, squares, limits, counts, global_step, walltime
        )


def _read(
    values: Any, copy: bool, *, may_be_late: bool
) -> tuple[npt.NDArray[Any], str, _core.Arrival | _core.InPlace | None]:
    if may_be_late or not copy:
        array, dtype, late = deferred.as_deferred_array(values, "values", copy=copy)
    else:  # a rule looks at the values
        array, dtype = arrays.as_array(values, "values")
        late = None
    if array.size == 0:
        raise ValueError("values: expected at least one number, got none")
    return array, dtype, late


def _choose_bins(
    bins: Any, values: npt.NDArray[Any], dtype: str, *, is_here: bool
) -> int | npt.NDArray[np.float64]:
    """A number of bins as it is; a rule or edges as edges."""
    if isinstance(bins, str):
        if bins not in _RULES:
            raise ValueError(f"bins: expected 'tensorflow', a number, edges or one of {_RULES}, got {bins!r}")
        numbers = _finite(values, dtype)
        if numbers.size == 0:
            return 1
        try:
            return np.histogram_bin_edges(numbers, bins=bins).astype(np.float64, copy=False)
        except (MemoryError, ValueError, OverflowError) as error:
            raise ValueError(
                f"bins: the rule {bins!r} finds no usable bins for these values: {error}"
            ) from error
    if not isinstance(bins, (list, tuple)) and np.ndim(bins) == 0:
        return check.integer(bins, "bins", 1, _MOST_BINS)
    edges = _explicit_edges(bins, "bins")
    if not is_here:
        return edges
    numbers = _finite(values, dtype)
    if numbers.size and not np.any((numbers >= edges[0]) & (numbers <= edges[-1])):
        raise ValueError(f"bins: expected edges around some of the values, got {edges[0]:g} to {edges[-1]:g}")
    return edges


def _finite(values: npt.NDArray[Any], dtype: str) -> npt.NDArray[np.float64]:
    """The finite values as torch's make_histogram bins them, flat."""
    numbers = arrays.widened(values, dtype).astype(np.float64).reshape(-1)
    return numbers[np.isfinite(numbers)]


def _explicit_edges(bins: Any, name: str) -> npt.NDArray[np.float64]:
    edges = _vector(bins, name)
    if edges.size < 2 or not np.all(np.isfinite(edges)) or np.any(np.diff(edges) < 0):
        raise ValueError(f"{name}: expected at least two finite, ascending edges")
    return edges


def _vector(value: Any, name: str) -> npt.NDArray[np.float64]:
    """`value` as contiguous float64 [n]."""
    array = np.ascontiguousarray(arrays.as_floats(value, name), dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name}: expected one dimension, got shape {array.shape}")
    return array
