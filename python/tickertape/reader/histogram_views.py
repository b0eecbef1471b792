"""A histogram seen as density, as cumulative share or over other bins: the helpers of tbparse's SummaryReader.

`limits` are the right ends of the buckets; the first is the left end of the first bucket, whose count is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]


def of_triples(triples: npt.NDArray[Any]) -> dict[str, Any]:
    """[[left, right, count], ...] as limits and counts with an empty first bucket, and what follows from them."""
    rows = np.asarray(triples)
    if rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
        raise ValueError(f"tensor: expected a histogram [buckets, 3], got shape {rows.shape}")
    limits = np.append(rows[:1, 0], rows[:, 1])
    counts = np.append(np.zeros(1, rows.dtype), rows[:, 2])
    return {
        "limits": limits,
        "counts": counts,
        "min": limits[0],
        "max": limits[-1],
        "num": np.sum(counts),
        "sum": np.nan,
        "sum_squares": np.nan,
    }


def cdf(counts: Numbers, limits: Numbers, x: Numbers) -> Numbers:
    """The share of the values up to each `x`, which grow; linear within a bucket."""
    counts, limits, x = (np.asarray(array, dtype=np.float64) for array in (counts, limits, x))
    if counts.shape != limits.shape:
        raise ValueError(f"limits: expected as many as counts, got {limits.shape} and {counts.shape}")
    if not (np.diff(x) > 0).all():
        raise ValueError("x: expected numbers that grow, got some that do not")
    total = np.cumsum(counts)
    shares: Numbers = np.interp(x, limits, total, left=0.0, right=total[-1]) / total[-1]
    return shares


def pdf(counts: Numbers, limits: Numbers, x: Numbers) -> tuple[Numbers, Numbers]:
    """Centres of the intervals between the `x`, and the density in each."""
    x = np.asarray(x, dtype=np.float64)
    return (x[1:] + x[:-1]) / 2, np.diff(cdf(counts, limits, x)) / np.diff(x)


def bins(
    counts: Numbers, limits: Numbers, lower: float | None, upper: float | None, count: int
) -> tuple[list[float], list[float]]:
    """Centres and counts of bins of one width.

    A bucket gives each bin the part of its count that the overlap is of it, clipped to the range; a bucket without width
    gives all to the bin that it is in. Without a range, or with an empty one at v, it is v / 1.1 - 1 to v * 1.1 + 1, v being
    0 if there is none (tensorboard/plugins/histogram/tf_histogram_dashboard/histogramCore.ts).
    """
    if lower is None or upper is None:
        lower = upper = 0.0
    if lower == upper:
        lower, upper = lower / 1.1 - 1, upper * 1.1 + 1
    width = (upper - lower) / count
    centers, found = [], []
    bucket = 1
    for number in range(count):
        left = lower + number * width
        right = left + width
        total = 0.0
        while bucket < len(counts):
            bucket_left, bucket_right = max(lower, limits[bucket - 1]), min(upper, limits[bucket])
            total += _share((bucket_left, bucket_right), (left, right), right >= upper) * counts[bucket]
            if bucket_right > right:
                break
            bucket += 1
        centers.append(left + width / 2)
        found.append(total)
    return centers, found


def _share(bucket: tuple[float, float], one: tuple[float, float], is_last: bool) -> float:
    """The share of a bucket that is in one bin."""
    if bucket[1] > bucket[0]:
        return max(0.0, min(bucket[1], one[1]) - max(bucket[0], one[0])) / (bucket[1] - bucket[0])
    is_below_end = bucket[1] <= one[1] if is_last else bucket[1] < one[1]
    return float(one[0] <= bucket[0] and is_below_end)
