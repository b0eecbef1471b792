"""Scalars in long form, and what is made of them: wide form, fewer points, smooth curves, averages over runs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tickertape import _core
from tickertape.reader import curves
from tickertape.reader.column import Column, categories, objects
from tickertape.reader.entry import Entry, live
from tickertape.reader.frame import Frame
from tickertape.reader.series import Scalars
from tickertape.reader.table import Table, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_LEAST_BATCH = 1 << 16  # rows: a consumer takes some microseconds for each batch, a copy of these some 100


class Made(Entry):
    """Scalars that are in no file."""

    def __init__(self, run: str, tag: str, scalars: Scalars) -> None:
        super().__init__(run, tag, ())
        self.scalars = scalars

    def __len__(self) -> int:
        return len(self.scalars.step)

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column."""
        column: npt.NDArray[Any] = getattr(self.scalars, name)
        return column


class ScalarRow(NamedTuple):
    """One scalar."""

    run: str
    tag: str
    step: int
    wall_time: float
    value: float


class ScalarTable(Table):
    """Rows `run, tag, step, wall_time, value`, by run, then by tag in the order of their first values, then as in the files.

    `table["loss"]` has the NumPy columns of a tag of one run; if everything of one file counts they are the index's own
    memory, read-only.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("scalars", entries)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return ("run", "tag", "step", "wall_time", "value")

    def __getitem__(self, tag: str) -> Scalars:
        """The scalars of a tag. Raises KeyError if no run has it, or several."""
        return _scalars(self.entry(tag))

    def __iter__(self) -> Iterator[ScalarRow]:
        for entry in self.entries:
            for row in zip(*(column.tolist() for column in _scalars(entry)), strict=True):
                yield ScalarRow(entry.run, entry.tag, *row)

    def pivot(
        self,
        index: Literal["step", "wall_time"] = "step",
        duplicates: Literal["last", "first", "mean", "all"] = "last",
    ) -> Frame:
        """The wide form: a row for each run and step, a column for each tag; NaN where a tag has no value.

        Args:
            index: what makes a row: "step" or "wall_time".
            duplicates: which of several values of one step counts; "all" puts lists of values into the cells.

        Returns:
            Columns `run`, `index`, and one for each tag.

        Raises:
            ValueError: an argument is of the wrong kind, or a tag is called "run" or as `index`.
        """
        _one_of(index, "index", ("step", "wall_time"))
        _one_of(duplicates, "duplicates", ("last", "first", "mean", "all"))
        clash = {"run", index}.intersection(self.tags)
        if clash:
            raise ValueError(f"index: expected tags that are not named as it or 'run', got {sorted(clash)}")
        parts: list[tuple[str, npt.NDArray[Any], dict[str, npt.NDArray[Any]]]] = []
        for run in self.runs:
            entries = [entry for entry in self.entries if entry.run == run]
            rows = np.unique(joined([entry.column(index) for entry in entries]))
            cells = {
                entry.tag: curves.cells(rows, entry.column(index), entry.column("value"), duplicates)
                for entry in entries
            }
            parts.append((run, rows, cells))
        empty = objects([[]]) if duplicates == "all" else np.array([np.nan])
        columns: dict[str, Column] = {
            "run": categories([run for run, _, _ in parts], [len(rows) for _, rows, _ in parts]),
            index: joined([rows for _, rows, _ in parts], np.int64 if index == "step" else np.float64),
        }
        for tag in self.tags:
            columns[tag] = joined([cells.get(tag, np.repeat(empty, len(rows))) for _, rows, cells in parts])
        return Frame(columns)

    def resample(self, points: int) -> ScalarTable:
        """At most this many points of each series: the first, the last, and the least and greatest of each section between them.

        Args:
            points: at least 4.

        Raises:
            ValueError: fewer.
        """
        if isinstance(points, bool) or not hasattr(points, "__index__") or int(points) < 4:
            raise ValueError(f"points: expected an int of at least 4, got {points!r}")
        return self._made(lambda scalars: _picked(scalars, _core.extremes(scalars.value, int(points))))

    def smooth(self, weight: float) -> ScalarTable:
        """Exponential smoothing as TensorBoard shows it, debiased, over all points of each series.

        A series of one value throughout stays as it is. A value that is not finite stays, and does not count.

        Args:
            weight: weight of the earlier points, from 0 (no smoothing) to 1.

        Raises:
            ValueError: outside.
        """
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise ValueError(f"weight: expected a number from 0 to 1, got {weight!r}")
        return self._made(
            lambda scalars: scalars._replace(value=curves.smoothed(scalars.value, float(weight)))
        )

    def average(self, over: str, align: Literal["step", "interpolate"] = "step") -> Frame:
        """Mean, standard deviation, least and greatest over runs, for example over seeds.

        Args:
            over: a glob that the last part, or another part, of the names of these runs matches: "seed_*" averages
                "big/seed_0" and "big/seed_1" to "big/seed_*". A glob with "/" is matched with the whole name.
            align: "step" takes at each step the runs that have a value there (the last one if several);
                "interpolate" draws lines between a run's points, and takes each run from its first to its last step.

        Returns:
            Columns `run` (with the glob in place of what it matched), `tag`, `step`, `mean`, `std` (divided by n, as
            np.std), `min`, `max`, `n`: how many runs.

        Raises:
            ValueError: no run matches, or an argument is of the wrong kind.
        """
        _one_of(align, "align", ("step", "interpolate"))
        groups: dict[tuple[str, str], list[Scalars]] = {}
        for entry in self.entries:
            name = _group(entry.run, over)
            if name is not None:
                groups.setdefault((name, entry.tag), []).append(_scalars(entry))
        if not groups:
            raise ValueError(
                f"over: expected a glob that runs match, got {over!r}; the runs are {self.runs[:8]}"
            )
        series = {key: curves.average(members, align) for key, members in groups.items()}
        counts = [len(average.step) for average in series.values()]
        return Frame(
            {
                "run": categories([run for run, _ in series], counts),
                "tag": categories([tag for _, tag in series], counts),
                **{
                    name: joined([getattr(average, name) for average in series.values()])
                    for name in curves.Average._fields
                },
            }
        )

    def _arrow(self) -> _core.ArrowStream:
        return _arrow_of(self)

    def _made(self, change: Callable[[Scalars], Scalars]) -> ScalarTable:
        return ScalarTable([Made(entry.run, entry.tag, change(_scalars(entry))) for entry in self.entries])

    def _column(self, name: str) -> Column:
        if name == "value":
            return self._of_entries(name)
        return super()._column(name)


def _merged(parts: list[tuple[int, int, Scalars]]) -> Iterator[tuple[list[tuple[int, int, int]], Scalars]]:
    """Small parts are joined, large ones stay where they are: (run, tag, rows) of each part, and the columns."""
    small: list[tuple[int, int, Scalars]] = []
    for part in [*parts, None]:
        waiting = sum(len(scalars.step) for _, _, scalars in small)
        if small and (part is None or waiting + len(part[2].step) > _LEAST_BATCH):
            columns = (joined(column) for column in zip(*(scalars for _, _, scalars in small), strict=True))
            yield [(run, tag, len(scalars.step)) for run, tag, scalars in small], Scalars(*columns)
            small = []
        if part is not None:
            small.append(part)


def chunks(entry: Entry) -> list[Scalars]:
    """The scalars of an entry, file by file, without a copy where everything counts."""
    if isinstance(entry, Made):
        return [entry.scalars]
    return [
        Scalars(
            live(piece, piece.series.step),
            live(piece, piece.series.wall_time),
            live(piece, piece.series.value),
        )
        for piece in entry.pieces
    ]


def _arrow_of(table: ScalarTable) -> _core.ArrowStream:
    """A batch for each large part of a series, over its own memory; the codes of its run and tag are what is made."""
    runs = {run: number for number, run in enumerate(table.runs)}
    tags = {tag: number for number, tag in enumerate(table.tags)}
    parts = [(runs[entry.run], tags[entry.tag], part) for entry in table.entries for part in chunks(entry)]
    codes = _Codes()
    batches: list[tuple[int, list[list[Any]]]] = []
    for members, scalars in _merged(parts):
        run = codes.column([(run, rows) for run, _, rows in members])
        tag = codes.column([(tag, rows) for _, tag, rows in members])
        columns = [[None, np.ascontiguousarray(column)] for column in (run, tag, *scalars)]
        batches.append((len(scalars.step), columns))
    fields: list[tuple[str, str, list[str] | None]] = [
        ("run", "dict", list(runs)),
        ("tag", "dict", list(tags)),
        ("step", "l", None),
        ("wall_time", "g", None),
        ("value", "g", None),
    ]
    return _core.ArrowStream(fields, batches)


class _Codes:
    """Columns of codes; those of one code throughout share memory."""

    def __init__(self) -> None:
        self._constant: dict[int, npt.NDArray[np.int32]] = {}

    def column(self, members: list[tuple[int, int]]) -> npt.NDArray[np.int32]:
        """Each code as often as its count says."""
        if len(members) > 1:
            codes, counts = zip(*members, strict=True)
            return np.repeat(np.array(codes, dtype=np.int32), counts)
        ((code, rows),) = members
        if len(self._constant.get(code, ())) < rows:
            self._constant[code] = np.full(rows, code, dtype=np.int32)
        return self._constant[code][:rows]


def _scalars(entry: Entry) -> Scalars:
    return Scalars(entry.column("step"), entry.column("wall_time"), entry.column("value"))


def _picked(scalars: Scalars, rows: npt.NDArray[np.intp]) -> Scalars:
    return Scalars(scalars.step[rows], scalars.wall_time[rows], scalars.value[rows])


def _group(run: str, over: str) -> str | None:
    """The name of the group that a run belongs to; None: to none."""
    if "/" in over:
        return over if fnmatchcase(run, over) else None
    parts = run.split("/")
    matching = [number for number, part in enumerate(parts) if fnmatchcase(part, over)]
    if not matching:
        return None
    parts[matching[-1]] = over
    return "/".join(parts)


def _one_of(value: object, argument: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{argument}: expected one of {', '.join(map(repr, allowed))}, got {value!r}")
