"""Series in a few numbers, for `summarize` and `compare`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.cli.errors import CommandError
from tickertape.cli.patterns import matcher
from tickertape.reader.hparams import less_is_better

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNTIL = re.compile(r"(?s)(.+?)\s*([<>])=?\s*([-+.\w]+)")


@dataclass(frozen=True)
class Summary:
    """A series in a few numbers.

    Attributes:
        run, tag: whose.
        count: how many values.
        first_step, last_step: the least and greatest step.
        last: the last value.
        best: the least finite value if less is better, otherwise the greatest; NaN if none is finite.
        best_step: its step.
        min, max, mean: of the finite values.
        area: under the line through the finite values, over steps; NaN if there are none.
        reached: the first step at which the value was beyond the threshold; None if it never was.
    """

    run: str
    tag: str
    count: int
    first_step: int
    last_step: int
    last: float
    best: float
    best_step: int | None
    min: float
    max: float
    mean: float
    area: float
    reached: int | None


class Threshold:
    """`TAG<VALUE` or `TAG>VALUE`."""

    def __init__(self, text: str) -> None:
        found = _UNTIL.fullmatch(text)
        try:
            self.value = float(found[3]) if found else float("nan")
        except ValueError:
            found = None
        if found is None:
            raise CommandError(f"--until: expected TAG<NUMBER or TAG>NUMBER, got {text!r}")
        self.matches = matcher([found[1]])
        self.is_below = found[2] == "<"

    def reached(self, steps: Any, values: Any) -> int | None:
        """The least step at which a value is beyond the threshold."""
        there = steps[values <= self.value if self.is_below else values >= self.value]
        return int(there.min()) if len(there) else None


def summary(entry: Any, goal: str | None, thresholds: Sequence[Threshold]) -> Summary:
    """A series in a few numbers.

    Args:
        entry: of a table of scalars; it has a value.
        goal: "min" or "max"; None decides by the tag's name.
        thresholds: the first that the tag matches counts.
    """
    steps, values = entry.column("step"), entry.column("value")
    is_finite = np.isfinite(values)
    finite, at = values[is_finite], steps[is_finite]
    threshold = next((one for one in thresholds if one.matches(entry.tag)), None)
    nan = float("nan")
    best_at = None
    if len(finite):
        wants_less = less_is_better(_full_name(entry)) if goal is None else goal == "min"
        best_at = int(finite.argmin() if wants_less else finite.argmax())
    return Summary(
        run=entry.run,
        tag=entry.tag,
        count=len(values),
        first_step=int(steps.min()),
        last_step=int(steps.max()),
        last=float(values[-1]),
        best=nan if best_at is None else float(finite[best_at]),
        best_step=None if best_at is None else int(at[best_at]),
        min=float(finite.min()) if len(finite) else nan,
        max=float(finite.max()) if len(finite) else nan,
        mean=float(finite.mean()) if len(finite) else nan,
        area=_area(at, finite) if len(finite) else nan,
        reached=None if threshold is None else threshold.reached(steps, values),
    )


def _full_name(entry: Any) -> str:
    """The name that says what a series is: that of its run, if add_scalars made the run of the tag and the curve's name."""
    last = str(entry.run).rpartition("/")[2]
    return last if last.startswith(entry.tag.replace("/", "_") + "_") else str(entry.tag)


def _area(steps: Any, values: Any) -> float:
    order = np.argsort(steps, kind="stable")
    x, y = steps[order].astype(np.float64), values[order]
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
