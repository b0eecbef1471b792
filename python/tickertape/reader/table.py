"""The values of one kind in long form: a row for each value, whatever the run, tag and file that it comes from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt

from tickertape.convert import rank
from tickertape.reader import damage, saving
from tickertape.reader.column import Categories, Column, categories, objects
from tickertape.reader.entry import column_of
from tickertape.reader.frame import Frame
from tickertape.reader.names import near
from tickertape.reader.rows import Row

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from tickertape import _core
    from tickertape.reader.entry import Entry
    from tickertape.reader.scan import Piece

RowType = TypeVar("RowType", bound=Row)
_NUMBERS = {"l": np.int64, "g": np.float64}
_INSTEAD: dict[str, object] = {"l": 0, "g": float("nan"), "U": "", "Z": b""}  # of what cannot be decoded


class Table(Frame):
    """Rows `run, tag, step, wall_time` and the columns of a kind, by run, then by tag in the order of their first values, then as in the files.

    `run` and `tag` are categories in pandas, polars and Arrow. The extra columns "file" (`table.column("file")`) and
    "rank" say which file a row comes from, and the rank that the file's name tells, -1 if it tells none.
    """

    def __init__(self, kind: str, entries: Sequence[Entry]) -> None:
        super().__init__({})
        self.kind = kind
        self.entries = entries

    def __len__(self) -> int:
        return sum(len(entry) for entry in self.entries)

    @property
    def runs(self) -> list[str]:
        """The runs that have rows, in their order."""
        return list(dict.fromkeys(entry.run for entry in self.entries))

    @property
    def tags(self) -> list[str]:
        """The tags that have rows, in the order of their first value."""
        return list(dict.fromkeys(entry.tag for entry in self.entries))

    def entry(self, tag: str) -> Entry:
        """The values of a tag that one run has.

        Raises:
            KeyError: no run has this tag, or several have it.
        """
        found = [entry for entry in self.entries if entry.tag == tag]
        if len(found) == 1:
            return found[0]
        if not found:
            raise KeyError(f"{tag!r}; {self.kind} have the tags {_some(self.tags)}{near(tag, self.tags)}")
        raise KeyError(
            f"{tag!r} is a tag of {len(found)} runs; choose one with runs[name].{self.kind}[{tag!r}]"
        )

    def _column(self, name: str) -> Column:
        if name in ("run", "tag"):
            return self._categories([getattr(entry, name) for entry in self.entries])
        if name == "file":
            return self._files()
        if name == "rank":
            return self._ranks()
        if name in ("step", "wall_time"):
            return self._of_entries(name)
        raise KeyError(f"{name!r}; the columns are {_some(list(self.columns))}")

    def _of_entries(self, name: str) -> npt.NDArray[Any]:
        """A column that every entry has."""
        if all(entry.pieces for entry in self.entries):
            return column_of([piece for entry in self.entries for piece in entry.pieces], name)
        return joined([entry.column(name) for entry in self.entries])  # made of others, in no file

    def _categories(self, names: list[str]) -> Categories:
        """The name of each entry as a column of rows."""
        return categories(names, [len(entry) for entry in self.entries])

    def _files(self) -> Categories:
        pieces = [piece for entry in self.entries for piece in entry.pieces]
        counts = [count for entry in self.entries for count in entry.counts]
        return categories([piece.file.path for piece in pieces], counts)

    def _ranks(self) -> npt.NDArray[np.int64]:
        files = self._files()
        found = [rank.of_file_name(path) for path in files.texts]
        ranks = np.array([-1 if one is None else one for one in found], dtype=np.int64)
        return ranks[files.codes] if files.texts else ranks


class Rows(Sequence[RowType], Generic[RowType]):
    """Rows by their number, each decoded when it is asked for something."""

    def __init__(self, entries: Sequence[Entry], make: Callable[..., RowType]) -> None:
        self._entries = entries
        self._make = make
        self._ends = list(accumulate(len(entry) for entry in entries))
        # by the id() of a piece, which the entries keep alive
        self._numbers: dict[int, npt.NDArray[np.intp]] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> RowType: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RowType]: ...
    def __getitem__(self, index: int | slice) -> RowType | Sequence[RowType]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]  # IndexError, and numbers from the end
        at = bisect_right(self._ends, number)
        entry = self._entries[at]
        number -= self._ends[at] - len(entry)
        for piece, count in zip(entry.pieces, entry.counts, strict=True):
            if number < count:
                return self._row(entry, piece, number)
            number -= count
        raise IndexError(index)

    def __iter__(self) -> Iterator[RowType]:
        for entry in self._entries:
            for piece, count in zip(entry.pieces, entry.counts, strict=True):
                for number in range(count):
                    yield self._row(entry, piece, number)

    def __repr__(self) -> str:
        return f"{len(self):,} rows"

    def _live_numbers(self, piece: Piece) -> npt.NDArray[np.intp]:
        """The numbers of the rows that count, found once for each piece."""
        if id(piece) not in self._numbers:
            self._numbers[id(piece)] = np.flatnonzero(cast("npt.NDArray[np.bool_]", piece.live))
        return self._numbers[id(piece)]

    def _row(self, entry: Entry, piece: Piece, number: int) -> RowType:
        at = number if piece.live is None else int(self._live_numbers(piece)[number])
        series = piece.series
        place = (
            piece.file.readable,
            int(series.offset[at]),
            int(series.length[at]),
            int(series.position[at]),
        )
        return self._make(
            entry.run,
            entry.tag,
            int(series.step[at]),
            float(series.wall_time[at]),
            piece.file.path,
            place,
            entry.metadata,
        )


class RowTable(Table, Generic[RowType]):
    """A table whose rows are decoded when you ask for their content.

    `table[3]` is a row, `table["tag"]` the rows of a tag, `table.column("min")` a column, for which every row is decoded.
    """

    def __init__(self, kind: str, entries: Sequence[Entry], row: type[RowType]) -> None:
        super().__init__(kind, entries)
        self._row_type = row

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return ("run", "tag", "step", "wall_time", *self._row_type.columns)

    @cached_property
    def rows(self) -> Rows[RowType]:
        """The rows by their number."""
        return Rows(self.entries, self._row_type)

    @overload
    def __getitem__(self, index: int) -> RowType: ...
    @overload
    def __getitem__(self, index: str | slice) -> Sequence[RowType]: ...
    def __getitem__(self, index: int | str | slice) -> RowType | Sequence[RowType]:
        if isinstance(index, str):
            return Rows([self.entry(index)], self._row_type)
        return self.rows[index]

    def __iter__(self) -> Iterator[RowType]:
        return iter(self.rows)

    def save(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Writes every row to files `directory/run/tag/step.ending`; characters that names should not have are quoted.

        Returns:
            The files. What cannot be decoded is left out, with a DamageWarning.

        Raises:
            OSError: a file cannot be written.
        """
        return saving.save(self.rows, directory)

    def _column(self, name: str) -> Column:
        form = self._row_type.columns.get(name)
        if form is None:
            return super()._column(name)
        return self._decoded_columns([name])[name]

    def __arrow_c_schema__(self) -> object:
        return RowTable(self.kind, [], self._row_type)._arrow().__arrow_c_schema__()  # noqa: SLF001  # decodes nothing

    @cached_property
    def _arrow_stream(self) -> _core.ArrowStream:
        return super()._arrow()

    def _arrow(self) -> _core.ArrowStream:
        return self._arrow_stream  # kept: DuckDB asks several times, and each would decode every row

    def _all_columns(self) -> dict[str, Column]:
        decoded = self._decoded_columns(list(self._row_type.columns))
        return {name: decoded[name] if name in decoded else self._column(name) for name in self.columns}

    def _decoded_columns(self, names: Sequence[str]) -> dict[str, Column]:
        """Columns of what rows hold. In the order of the files: an event of many values is decoded once."""
        values: dict[str, list[Any]] = {name: [None] * len(self) for name in names}
        places = self._places()
        last: Row | None = None
        for number in np.lexsort(places[::-1]).tolist():
            row = self.rows[number]
            if last is not None and (row.file, row.offset) == (last.file, last.offset):
                row.event = last.event
            for name in names:
                values[name][number] = _decoded(row, name, self._row_type.columns[name])
            last = row
        return {name: _as_column(column, self._row_type.columns[name]) for name, column in values.items()}

    def _places(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The file (by number) and the offset of each row."""
        pieces = [piece for entry in self.entries for piece in entry.pieces]
        return self._files().codes, column_of(pieces, "offset")

    def _head(self, name: str) -> Sequence[object]:
        form = self._row_type.columns.get(name)
        if form is None:
            return super()._head(name)
        if form.endswith("Z") or form.startswith("+"):
            return ["…" for _ in self.rows[:10]]  # large: not for a look
        return [_decoded(row, name, form) for row in self.rows[:10]]

    def _formats(self) -> dict[str, str]:
        return dict(self._row_type.columns)


def joined(arrays: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
    """One array after the other; the array itself if there is one."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)


def _decoded(row: Row, name: str, form: str) -> object:
    try:
        return getattr(row, name)
    except ValueError as error:
        damage.warn_of_row(row, error)
        return _INSTEAD.get(form, [])


def _as_column(values: list[Any], form: str) -> npt.NDArray[Any]:
    return np.array(values, dtype=_NUMBERS[form]) if form in _NUMBERS else objects(values)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
