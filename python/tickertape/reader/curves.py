"""What is computed of curves: cells of the wide form, fewer points, smoothing, averages over runs or ranks."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tickertape.reader.column import objects
from tickertape.reader.series import Scalars

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]


class Average(NamedTuple):
    """Over several runs, [steps] each."""

    step: npt.NDArray[np.int64]
    mean: Floats
    std: Floats
    min: Floats
    max: Floats
    n: npt.NDArray[np.int64]


def cells(
    rows: npt.NDArray[Any], index: npt.NDArray[Any], values: Floats, duplicates: str
) -> npt.NDArray[Any]:
    """The values at their rows (sorted, each once); NaN, or an empty list, where there is none."""
    at = np.searchsorted(rows, index)
    if duplicates == "all":
        lists: list[list[float]] = [[] for _ in rows]
        for row, value in zip(at.tolist(), values.tolist(), strict=True):
            lists[row].append(value)
        return objects(lists)
    if duplicates == "mean":
        counts = np.bincount(at, minlength=len(rows))
        sums = np.bincount(at, weights=values, minlength=len(rows))
        with np.errstate(invalid="ignore"):
            means: Floats = sums / np.where(counts, counts, np.nan)
        return means
    found = np.full(len(rows), np.nan)
    if duplicates == "first":
        at, values = at[::-1], values[::-1]
    found[at] = values  # of several values for one place NumPy keeps the last
    return found


def smoothed(values: Floats, weight: float) -> Floats:
    """TensorBoard's debiased exponential smoothing (its line chart's `resmoothDataset`), in its order of operations."""
    if not len(values) or bool(np.all(values == values[0])):
        return values
    counting = np.isfinite(values)
    finite = values[counting]
    ends = accumulate(finite.tolist(), lambda last, value: last * weight + (1 - weight) * value, initial=0.0)
    shown = np.fromiter(ends, np.float64, len(finite) + 1)[1:]
    if weight != 1:
        shown /= 1 - weight ** np.arange(1, len(finite) + 1, dtype=np.float64)
    result: Floats = values.copy()
    result[counting] = shown
    return result


class AtSteps(NamedTuple):
    """A series laid over the steps of several: where its values belong, each place once."""

    at: slice | npt.NDArray[np.intp]
    wall_time: Floats
    value: Floats


class Statistics(NamedTuple):
    """Of several series at each step that one of them has, [steps] each."""

    mean: Floats
    min: Floats
    max: Floats
    n: npt.NDArray[np.int64]


def average(members: Sequence[Scalars], align: str) -> Average:
    """Mean, deviation and extremes at each step that a member has."""
    steps, aligned = at_same_steps(members, align)
    mean, least, greatest, n = statistics(len(steps), aligned)
    squares = np.zeros(len(steps))
    with np.errstate(invalid="ignore", over="ignore"):
        for member in aligned:
            squares[member.at] += (member.value - mean[member.at]) ** 2
        std = np.sqrt(squares / n)
    return Average(steps, mean, std, least, greatest, n)


def statistics(steps: int, members: Sequence[AtSteps]) -> Statistics:
    """Mean, extremes and number at each of so many steps, of which a member has each. Makes no table of all values."""
    total, count = np.zeros(steps), np.zeros(steps, dtype=np.int64)
    least, greatest = np.full(steps, np.inf), np.full(steps, -np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        for at, _, value in members:
            count[at] += 1
            total[at] += value
            least[at] = np.minimum(least[at], value)
            greatest[at] = np.maximum(greatest[at], value)
        return Statistics(total / count, least, greatest, count)


def at_same_steps(members: Sequence[Scalars], align: str) -> tuple[npt.NDArray[np.int64], list[AtSteps]]:
    """All steps of several series, ascending, and each series laid over them.

    Args:
        members: in file order; of several values of a step the last counts.
        align: "step" takes a member's own steps, "interpolate" all steps from its first to its last.
    """
    ordered = [_by_step(member) for member in members]
    longest = max((one.step for one in ordered), key=len)
    # Ranks log the same steps, and some are ahead of others: then nothing is sorted.
    if all(np.array_equal(one.step, longest[: len(one.step)]) for one in ordered):
        return longest, [AtSteps(slice(0, len(one.step)), one.wall_time, one.value) for one in ordered]
    steps, places = _union([one.step for one in ordered])
    if align == "interpolate":
        return steps, [_interpolated(one, steps) for one in ordered]
    return steps, [AtSteps(at, one.wall_time, one.value) for at, one in zip(places, ordered, strict=True)]


def _union(
    each: Sequence[npt.NDArray[np.int64]],
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.intp]]]:
    """All values of ascending arrays, ascending, and the places among them of each array's values."""
    values = np.concatenate(each)
    order = np.argsort(values, kind="stable")  # merges what is ascending already
    ascending = values[order]
    is_new = np.ones(len(values), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=is_new[1:])
    places = np.empty(len(values), dtype=np.intp)
    places[order] = np.cumsum(is_new) - 1
    return ascending[is_new], np.split(places, np.cumsum([len(one) for one in each])[:-1])


def _interpolated(scalars: Scalars, steps: npt.NDArray[np.int64]) -> AtSteps:
    step, wall_time, value = scalars
    if not len(step):
        return AtSteps(slice(0, 0), wall_time, value)
    inside = np.flatnonzero((steps >= step[0]) & (steps <= step[-1]))
    return AtSteps(inside, np.interp(steps[inside], step, wall_time), np.interp(steps[inside], step, value))


def _by_step(scalars: Scalars) -> Scalars:
    """Steps in order, each once, with its last value."""
    if bool(np.all(scalars.step[1:] > scalars.step[:-1])):
        return scalars
    steps, from_the_end = np.unique(scalars.step[::-1], return_index=True)
    return Scalars(steps, scalars.wall_time[::-1][from_the_end], scalars.value[::-1][from_the_end])
