"""Many ranks as one: of each tag of a run one curve, the mean over its ranks, with least, greatest and number."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tickertape.reader import curves, scan
from tickertape.reader.entry import Entry
from tickertape.reader.frame import Frame
from tickertape.reader.scalar_table import Made, ScalarTable
from tickertape.reader.series import Scalars
from tickertape.reader.table import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tickertape import _core
    from tickertape.reader.column import Column
    from tickertape.reader.scan import ScannedFile

    Floats = npt.NDArray[np.float64]

_OF_RANKS = ("min", "max", "n")


class RankScalars(NamedTuple):
    """One series over the ranks of a run, [n] each: a row for each step that a rank has.

    Attributes:
        step: ascending.
        wall_time: of the last rank that came to the step.
        value: the mean.
        min, max: the least and the greatest.
        n: how many ranks have the step.
    """

    step: npt.NDArray[np.int64]
    wall_time: Floats
    value: Floats
    min: Floats
    max: Floats
    n: npt.NDArray[np.int64]


class RankRow(NamedTuple):
    """One step of a series over the ranks of a run; see RankScalars."""

    run: str
    tag: str
    step: int
    wall_time: float
    value: float
    min: float
    max: float
    n: int


class OverRanks(Made):
    """The scalars of one tag over the ranks of a run; computed when they are first asked for.

    Args:
        members: those of each rank that has the tag, in file order.
    """

    def __init__(self, run: str, tag: str, members: Sequence[Entry]) -> None:
        Entry.__init__(self, run, tag, ())
        self.members = members

    @cached_property
    def scalars(self) -> Scalars:  # type: ignore[override]  # computed late
        """The mean."""
        return Scalars(self.over.step, self.over.wall_time, self.over.value)

    @cached_property
    def over(self) -> RankScalars:
        """All columns."""
        scalars = [Scalars(*(member.column(name) for name in Scalars._fields)) for member in self.members]
        steps, members = curves.at_same_steps(scalars, "step")
        statistics = curves.statistics(len(steps), members)
        wall_time = np.full(len(steps), -np.inf)
        for one in members:
            wall_time[one.at] = np.maximum(wall_time[one.at], one.wall_time)
        return RankScalars(steps, wall_time, statistics.mean, statistics.min, statistics.max, statistics.n)

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column."""
        column: npt.NDArray[Any] = getattr(self.over, name)
        return column


class RankTable(ScalarTable):
    """Rows `run, tag, step, wall_time, value, min, max, n`: `value` is the mean over `n` ranks.

    `table["loss"]` has the NumPy columns of a tag of one run. `pivot`, `resample`, `smooth` and `average` work with the mean.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*super().columns, *_OF_RANKS)

    def __getitem__(self, tag: str) -> RankScalars:  # type: ignore[override]  # has more columns
        """The columns of a tag. Raises KeyError if no run has it, or several."""
        entry = self.entry(tag)
        return RankScalars(*(entry.column(name) for name in RankScalars._fields))

    def __iter__(self) -> Iterator[RankRow]:  # type: ignore[override]  # as above
        for entry in self.entries:
            columns = (entry.column(name).tolist() for name in RankScalars._fields)
            for row in zip(*columns, strict=True):
                yield RankRow(entry.run, entry.tag, *row)

    def _column(self, name: str) -> Column:
        if name in _OF_RANKS:
            return joined(
                [entry.column(name) for entry in self.entries], np.int64 if name == "n" else np.float64
            )
        if name in ("file", "rank"):
            raise KeyError(f"{name!r}; a row of merged ranks comes from several files")
        return super()._column(name)

    def _arrow(self) -> _core.ArrowStream:
        return Frame._arrow(self)  # noqa: SLF001  # of its base, for any columns


def entries(run: str, files: Sequence[ScannedFile], restarts: str) -> dict[str, list[Entry]]:
    """The series of a run by kind: scalars over ranks; of everything else that of the lowest rank that has it.

    A restart concerns the rank that it is written by.
    """
    found: dict[tuple[str, str], list[Entry]] = {}
    for group in scan.by_rank(files):
        for key, pieces in scan.pieces(group, restarts).items():
            entry = Entry(run, key[1], pieces)
            if len(entry):
                found.setdefault(key, []).append(entry)
    kinds: dict[str, list[Entry]] = {}
    for (kind, tag), members in found.items():
        kinds.setdefault(kind, []).append(OverRanks(run, tag, members) if kind == "scalars" else members[0])
    return kinds
