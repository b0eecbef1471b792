"""Runs of several ranks as TensorBoard can show them: the mean as the run itself, least and greatest as two runs below it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tickertape.reader import scan
from tickertape.reader.entry import Entry
from tickertape.reader.rank_merge import OverRanks
from tickertape.reader.scalar_table import Made
from tickertape.serve.served_run import SCALAR, ServedRun, ServedTag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tickertape.reader.scan import ScannedFile
    from tickertape.reader.series import Scalars


class RankRuns:
    """Makes what is shown of runs. Any thread may ask: what it keeps is replaced as a whole."""

    def __init__(self) -> None:
        self._last = _Shown({}, {}, {})

    def shown(self, runs: Mapping[str, ServedRun]) -> Mapping[str, ServedRun]:
        """The runs; those of several ranks as up to three.

        Args:
            runs: by name; never changed. A run that has nothing new is the same object as in the call before.
        """
        last = self._last
        if runs is last.runs:
            return last.shown
        made: dict[str, tuple[ServedRun, ...]] = {}
        for name, run in runs.items():
            is_known = last.runs.get(name) is run
            made[name] = last.made[name] if is_known else _of_ranks(run, runs)
        shown = {one.name: one for each in made.values() for one in each}
        self._last = _Shown(runs, made, shown)
        return shown


class _Shown(NamedTuple):
    """What was made last, of what, by the names of the runs that were read and of those that are shown."""

    runs: Mapping[str, ServedRun]
    made: dict[str, tuple[ServedRun, ...]]
    shown: dict[str, ServedRun]


class _MeanRun(ServedRun):
    """A run in which each tag of scalars is the mean over ranks, and every other tag is that of the lowest rank."""

    def __init__(self, name: str, files: Sequence[ScannedFile], ranks: Sequence[ServedRun]) -> None:
        super().__init__(name, files)
        self._ranks = ranks

    @cached_property
    def tags(self) -> dict[str, ServedTag]:
        """Every tag that a rank has."""
        found: dict[str, list[ServedTag]] = {}
        for rank in self._ranks:
            for name, tag in rank.tags.items():
                found.setdefault(name, []).append(tag)
        return {name: _mean(self.name, tags) for name, tags in found.items()}


class _ExtremeRun(ServedRun):
    """The least or the greatest values over ranks, as a run of its own."""

    def __init__(self, name: str, mean: _MeanRun, column: str) -> None:
        super().__init__(name, mean.files)
        self._mean = mean
        self._column = column

    @cached_property
    def tags(self) -> dict[str, ServedTag]:
        """Every tag of scalars that several ranks have."""
        return {
            name: ServedTag(name, tag.description, _Extreme(self.name, tag.entry, self._column))
            for name, tag in self._mean.tags.items()
            if isinstance(tag.entry, OverRanks)
        }


class _Extreme(Made):
    """The least or the greatest of a series over ranks, in place of the mean."""

    def __init__(self, run: str, over: OverRanks, column: str) -> None:
        Entry.__init__(self, run, over.tag, ())
        self._over = over
        self._column = column

    @cached_property
    def scalars(self) -> Scalars:  # type: ignore[override]  # computed late
        """The series."""
        return self._over.scalars._replace(value=self._over.column(self._column))


def _of_ranks(run: ServedRun, others: Mapping[str, ServedRun]) -> tuple[ServedRun, ...]:
    ranks = scan.by_rank(run.files)
    if len(ranks) < 2:
        return (run,)
    mean = _MeanRun(run.name, run.files, [ServedRun(run.name, files) for files in ranks])
    return (mean, *(_ExtremeRun(_free(run.name, column, others), mean, column) for column in ("min", "max")))


def _free(run: str, column: str, others: Mapping[str, ServedRun]) -> str:
    """`exp/rank-min` for `exp`, and longer if a run of that name was written."""
    name = f"rank-{column}" if run == "." else f"{run}/rank-{column}"
    while name in others:
        name += "_"
    return name


def _mean(run: str, tags: Sequence[ServedTag]) -> ServedTag:
    lowest = tags[0]
    alike = [tag for tag in tags if _is_number(tag)]
    if len(alike) < 2 or not _is_number(lowest):
        return lowest
    return ServedTag(
        lowest.name, lowest.description, OverRanks(run, lowest.name, [tag.entry for tag in alike])
    )


def _is_number(tag: ServedTag) -> bool:
    pieces = tag.entry.pieces
    return tag.description.data_class == SCALAR and bool(pieces) and pieces[0].series.kind == "scalars"
