"""What is computed of curves: cells of the wide form, fewer points, smoothing, averages over runs."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tickertape.reader.column import objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickertape.reader.series import Scalars

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


def average(members: Sequence[Scalars], align: str) -> Average:
    """Mean, deviation and extremes at each step that a member has."""
    cleaned = [_by_step(member) for member in members]
    steps = np.unique(np.concatenate([step for step, _ in cleaned]))
    table = np.full((len(cleaned), len(steps)), np.nan)
    is_there = np.zeros(table.shape, dtype=bool)
    for row, (step, value) in enumerate(cleaned):
        if align == "step":
            at = np.searchsorted(steps, step)
            table[row, at] = value
            is_there[row, at] = True
        elif len(step):
            inside = (steps >= step[0]) & (steps <= step[-1])
            table[row, inside] = np.interp(steps[inside], step, value)
            is_there[row] = inside
    count = is_there.sum(axis=0)
    present = count > 0
    table, is_there, count, steps = table[:, present], is_there[:, present], count[present], steps[present]
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.where(is_there, table, 0.0).sum(axis=0) / count
        deviation = np.where(is_there, table - mean, 0.0)
        std = np.sqrt((deviation**2).sum(axis=0) / count)
    return Average(
        steps,
        mean,
        std,
        np.where(is_there, table, np.inf).min(axis=0),
        np.where(is_there, table, -np.inf).max(axis=0),
        count.astype(np.int64),
    )


def _by_step(scalars: Scalars) -> tuple[npt.NDArray[np.int64], Floats]:
    """Steps in order, each once, with its last value."""
    steps, from_the_end = np.unique(scalars.step[::-1], return_index=True)
    values: Floats = scalars.value[::-1][from_the_end]
    return steps, values
