"""The values of one run by EventAccumulator's types, in the order in which TensorBoard would have read them."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape import _core
from tickertape.reader.reservoir import Purge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

SCALARS, HISTOGRAMS, DISTRIBUTIONS, IMAGES, AUDIO, TENSORS = (
    "scalars",
    "histograms",
    "distributions",
    "images",
    "audio",
    "tensors",
)
_ORDINAL_BITS = 32  # a file has fewer than 2^32 events
# Of Summary.Value: the number of the field that holds the value, and its type.
_TYPES = {2: SCALARS, 4: IMAGES, 5: HISTOGRAMS, 6: AUDIO, 8: TENSORS}
_FIELDS = {name: number for number, name in _TYPES.items()}
_VERSION_MARK = "brain.Event:"
_VERSION_WITH_STARTS = 2.0  # from this file version on, TensorBoard finds restarts by SessionLog START


class Part(NamedTuple):
    """The rows of a series of one file that have one type.

    Attributes:
        file: the number of the file in the run.
        series: the series.
        type: "scalars", ...
        rows: which rows these are.
    """

    file: int
    series: _core.Series
    type: str
    rows: npt.NDArray[np.intp] | slice

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of the series, these rows of it."""
        found: npt.NDArray[Any] = getattr(self.series, name)[self.rows]
        return found

    def at(self) -> npt.NDArray[np.int64]:
        """The positions of the rows in the run."""
        return position(self.file, 0) + self.column("ordinal").astype(np.int64)


def position(file: int, ordinal: int) -> int:
    """Where the event `ordinal` of a file is in the run: a number that grows."""
    return (file << _ORDINAL_BITS) + ordinal


def file_and_ordinal(at: int) -> tuple[int, int]:
    """The inverse of position()."""
    return at >> _ORDINAL_BITS, at & ((1 << _ORDINAL_BITS) - 1)


def parts_by_tag(files: Sequence[_core.FileIndex]) -> dict[str, dict[str, list[Part]]]:
    """Type to tag to parts; tags in the order of their first value."""
    found: dict[str, list[tuple[int, Part]]] = {name: [] for name in _TYPES.values()}
    for number, file in enumerate(files):
        for series in file.series:
            for name, rows in _rows_by_type(file, series):
                part = Part(number, series, name, rows)
                found[name].append((int(part.at()[0]), part))
    by_type: dict[str, dict[str, list[Part]]] = {}
    for name, entries in found.items():
        entries.sort(key=lambda entry: entry[0])
        tags = by_type[name] = {}
        for _, part in entries:
            tags.setdefault(part.series.tag, []).append(part)
    return by_type


def _rows_by_type(
    file: _core.FileIndex, series: _core.Series
) -> Iterator[tuple[str, npt.NDArray[np.intp] | slice]]:
    """The types that a series has values of, and which rows have each."""
    if len(series) == 0:
        return
    if len(series.fields) == 1:
        if series.fields[0] in _TYPES:
            yield _TYPES[series.fields[0]], slice(None)
        return
    field = _fields_of_numbers(file, series) if series.kind == SCALARS else series.field
    for number in np.unique(field).tolist():
        if number in _TYPES:
            yield _TYPES[number], np.flatnonzero(field == number)


def _fields_of_numbers(file: _core.FileIndex, series: _core.Series) -> npt.NDArray[np.uint8]:
    """Which field has the number of each row, where a tag has some of the old style and some of the new."""
    found: list[int] = []
    for _, record in _records(file.path, set(series.ordinal.tolist())):
        for value in _core.Event(record).summary.value:
            is_plain = value.HasField("simple_value")
            if value.tag == series.tag and (is_plain or _is_number(value)):
                found.append(_FIELDS[SCALARS if is_plain else TENSORS])
    if len(found) != len(series):
        raise _changed(file.path)
    return np.array(found, dtype=np.uint8)


def _is_number(value: _core.Value) -> bool:
    return value.HasField("tensor") and math.prod(dim.size for dim in value.tensor.tensor_shape.dim) == 1


class Rows(NamedTuple):
    """Rows of one tag and type, by position."""

    at: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    parts: list[Part]
    order: (
        npt.NDArray[np.intp] | None
    )  # of the rows of all parts, one part behind the other; None: as they are

    def column(self, name: str) -> npt.NDArray[Any]:
        """A further column of the rows."""
        column = _joined([part.column(name) for part in self.parts])
        return column if self.order is None else column[self.order]


def rows_of(parts: list[Part]) -> Rows:
    """The rows of the parts of one tag and type."""
    at = _joined([part.at() for part in parts])
    rows = Rows(
        at,
        _joined([part.column("step") for part in parts]),
        _joined([part.column("wall_time") for part in parts]),
        parts,
        None,
    )
    if len(parts) == 1 or bool((at[1:] >= at[:-1]).all()):
        return rows
    order = np.argsort(at, kind="stable")  # several kinds of one tag in one file
    return Rows(at[order], rows.step[order], rows.wall_time[order], parts, order)


def _joined(arrays: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def values(
    files: Sequence[_core.FileIndex], tag: str, rows: Rows, chosen: npt.NDArray[np.int64]
) -> Iterator[_core.Value]:
    """The messages of some rows, read from their files.

    Raises:
        OSError, ValueError: a file is not as it was when it was scanned.
    """
    if any(part.series.kind == "scalars" for part in rows.parts):
        yield from _values_by_ordinal(files, tag, rows, chosen)
        return
    offset, length, place = rows.column("offset"), rows.column("length"), rows.column("position")
    for row in chosen.tolist():
        file, _ = file_and_ordinal(int(rows.at[row]))
        record = _core.read_record(files[file].path, int(offset[row]), int(length[row]))
        yield _core.Event(record).summary.value[int(place[row])]


def _values_by_ordinal(
    files: Sequence[_core.FileIndex], tag: str, rows: Rows, chosen: npt.NDArray[np.int64]
) -> Iterator[_core.Value]:
    """The same where the index has no places: numbers that were stored as tensors."""
    wanted: dict[int, set[int]] = {}
    for at in rows.at[chosen].tolist():
        file, ordinal = file_and_ordinal(at)
        wanted.setdefault(file, set()).add(ordinal)
    records = {
        position(file, ordinal): record
        for file, ordinals in wanted.items()
        for ordinal, record in _records(files[file].path, ordinals)
    }
    first = np.searchsorted(rows.at, rows.at[chosen])
    for row, first_of_event in zip(chosen.tolist(), first.tolist(), strict=True):
        at = int(rows.at[row])
        if at not in records:
            path = files[file_and_ordinal(at)[0]].path
            raise _changed(path)
        event = _core.Event(records[at])
        same_tag = [value for value in event.summary.value if value.tag == tag and value.HasField("tensor")]
        yield same_tag[row - first_of_event]


def _changed(path: str) -> ValueError:
    return ValueError(f"file: expected {path} as it was when it was scanned, got another one")


def _records(path: str, ordinals: set[int]) -> Iterator[tuple[int, bytes]]:
    last = max(ordinals)
    for ordinal, record in enumerate(_core.RecordReader(path)):
        if ordinal in ordinals:
            yield ordinal, record
        if ordinal >= last:
            return


class Restarts:
    """What TensorBoard takes for restarts of a run, and what it says of the run besides.

    Attributes:
        everything: purges that concern every tag.
        by_tag: purges that concern one tag.
        most_recent_step, most_recent_wall_time: of the last event; -1 in files of version 2 and later.
        file_version: of the last file that has one.
    """

    def __init__(self, files: Sequence[_core.FileIndex], *, purges: bool) -> None:
        self.everything: list[Purge] = []
        self.by_tag: dict[str, list[Purge]] = {}
        self.most_recent_step = -1
        self.most_recent_wall_time = -1.0
        self.file_version: float | None = None
        for number, file in enumerate(files):
            if file.file_version is not None:
                self.file_version = _version(file.file_version)
            if not purges:
                continue
            if self.file_version is not None and self.file_version >= _VERSION_WITH_STARTS:
                self.everything += [Purge(position(number, start), step) for step, _, start in file.starts]
            else:
                self._search_steps_that_go_back(number, file)

    def of(self, tag: str) -> list[Purge]:
        """The purges that concern a tag, by position."""
        own = self.by_tag.get(tag)
        return self.everything if own is None else sorted(self.everything + own)

    def _search_steps_that_go_back(self, number: int, file: _core.FileIndex) -> None:
        """Files before version 2: an event whose step is below the last one's voids what its tags had there."""
        for ordinal, record in enumerate(_core.RecordReader(file.path)):
            with suppress(ValueError):  # the scan has said so
                event = _core.Event(record)
                if event.step >= self.most_recent_step or not event.HasField("summary"):
                    self.most_recent_step = event.step
                    self.most_recent_wall_time = event.wall_time
                    continue
                purge = Purge(position(number, ordinal), event.step)
                for value in event.summary.value:
                    if value.tag:
                        self.by_tag.setdefault(value.tag, []).append(purge)
                    else:
                        self.everything.append(purge)  # as TensorBoard, which takes no name for all of them


def _version(text: str) -> float:
    """As TensorBoard reads it: -1 if it is no number."""
    try:
        return float(text.rpartition(_VERSION_MARK)[2])
    except ValueError:
        return -1.0
