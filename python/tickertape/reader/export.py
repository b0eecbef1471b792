"""Runs as a data set on disk, added to as they grow: each value once, whatever was killed when."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from tickertape.convert import paths
from tickertape.reader import formats
from tickertape.reader.entry import Entry, live
from tickertape.reader.rows import ROWS
from tickertape.reader.saving import part_name
from tickertape.reader.scalar_table import ScalarTable
from tickertape.reader.table import RowTable, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from tickertape.reader.scan import Piece, ScannedFile
    from tickertape.reader.table import Table

Format = Literal["parquet", "arrow", "csv", "jsonl"]
_STATE = "_tickertape_export.json"  # readers of data sets pass by names that begin with "_"
_VERSION = 1
EXPORTED = ("scalars", *ROWS)
_FILES_AT_ONCE = 256  # that are synced together
_PART_BYTES = 128 << 20  # of records that are decoded for one file


class Source(NamedTuple):
    """A run to export."""

    name: str
    entries: Sequence[Entry]
    files: Sequence[ScannedFile]


class ExportReport(NamedTuple):
    """What an export did.

    Attributes:
        directory: where the data set is.
        rows: how many rows were added.
        files: the files that were written.
        rewritten: runs whose rows were written anew, since a restart made rows void that had been exported.
    """

    directory: Path
    rows: int
    files: list[Path]
    rewritten: list[str]


def export(
    runs: Iterable[Source],
    directory: str | bytes | os.PathLike[str],
    wanted: Format | None,
    settings: dict[str, Any],
) -> ExportReport:
    """Adds what is new of one kind of values to a data set, see `Runs.export`. `settings` has "kind" and "restarts"."""
    top = Path(paths.text(directory, "directory"))
    if settings["kind"] not in EXPORTED:
        known = ", ".join(map(repr, EXPORTED))
        cure = (
            "; write runs.hparams.to_arrow() or to_pandas() anew: its rows change"
            if settings["kind"] == "hparams"
            else ""
        )
        raise ValueError(f"kind: expected one of {known}, got {settings['kind']!r}{cure}")
    form = formats.chosen(wanted or _format_before(top), top)
    top.mkdir(parents=True, exist_ok=True)
    with formats.lock(top / "_tickertape_export.lock"):
        state = _read_state(top, form, settings)
        _finish(top, state)
        export = _Export(top, form, settings["kind"], state)
        for run in runs:
            export.add(run)
        return export.commit()


class _Export:
    """Writes what is new of runs. They count together, once the state is on the disk: syncing takes most of the time."""

    def __init__(self, top: Path, form: str, kind: str, state: dict[str, Any]) -> None:
        self._top = top
        self._form = form
        self._kind = kind
        self._state = state
        self._report = ExportReport(top, 0, [], [])
        self._pending: list[Path] = []  # files that were written and do not count yet
        self._changed: list[
            dict[str, Any]
        ] = []  # the state of the runs that are in them, or are written anew

    def add(self, run: Source) -> None:
        """Writes what is new of a run."""
        files = _ends(run.files)
        before = self._state["runs"].get(run.name, {"parts": [], "next": 0, "files": {}})
        starts = {path: (known["events"], known["rows"]) for path, known in before["files"].items()}
        rows_before = sum(rows for _, rows in starts.values())
        rewrite = _is_other(before, files) or _rows_before(run.entries, starts) != rows_before
        events = {} if rewrite else {path: events for path, (events, _) in starts.items()}
        new = [entry for entry in (_after(entry, events) for entry in run.entries) if len(entry)]
        if not new and not rewrite:
            return
        folder = self._top / f"run={part_name(run.name)}"
        number = before["next"]
        parts = [] if rewrite else list(before["parts"])
        for entries in _portions(self._kind, new):
            folder.mkdir(exist_ok=True)
            path = folder / f"part-{number:06}.{self._form}"
            self._write(entries, path)
            parts.append(path.name)
            number += 1
        self._state["runs"][run.name] = {
            "folder": folder.name,
            "parts": parts,
            "next": number,
            "files": _counted(run.entries, files),
        }
        self._changed.append(self._state["runs"][run.name])
        if rewrite and before["parts"]:
            self._report.rewritten.append(run.name)
        if len(self._pending) >= _FILES_AT_ONCE:
            self.commit()

    def _write(self, entries: Sequence[Entry], path: Path) -> None:
        table = _table(self._kind, entries)
        new = path.with_name(f"_{path.name}.new")
        formats.write(table, new, self._form)
        self._pending.append(new)
        self._report.files.append(path)
        self._report = self._report._replace(rows=self._report.rows + len(table))

    def commit(self) -> ExportReport:
        """Makes everything count that was added. Until the state is on the disk nothing does."""
        if self._changed:
            for path in self._pending:
                formats.sync(path)
            for folder in {path.parent for path in self._pending}:
                formats.sync(folder)
            _write_state(self._top, self._state)
            for known in self._changed:
                _finish_run(self._top / known["folder"], known["parts"])
            self._pending, self._changed = [], []
        return self._report


def _format_before(top: Path) -> str | None:
    """The format of the earlier export to a directory; None if there is none."""
    try:
        state = json.loads((top / _STATE).read_bytes())
    except (OSError, ValueError):
        return None
    return state.get("format") if isinstance(state, dict) else None


def _read_state(top: Path, form: str, settings: dict[str, Any]) -> dict[str, Any]:
    """What earlier exports wrote; checked to be of the same kind."""
    wanted = {"version": _VERSION, "format": form, **settings}
    try:
        state: dict[str, Any] = json.loads((top / _STATE).read_bytes())
    except FileNotFoundError:
        others = [name for name in os.listdir(top) if not name.startswith("_")]  # noqa: PTH208
        if others:
            raise ValueError(
                f"directory: expected an empty directory or an earlier export, got {str(top)!r}, which holds {others[0]!r}"
            ) from None
        state = {**wanted, "runs": {}}
        _write_state(top, state)  # before anything else, so that a killed export is known as one
        return state
    for name, value in wanted.items():
        if state.get(name) != value:
            raise ValueError(
                f"{name}: expected {state.get(name)!r} as in the earlier export to {str(top)!r}, got {value!r}; "
                "choose another directory"
            )
    return state


def _write_state(top: Path, state: dict[str, Any]) -> None:
    formats.replace(top / _STATE, json.dumps(state, ensure_ascii=True).encode())


def _finish(top: Path, state: dict[str, Any]) -> None:
    """Completes what a killed export had begun."""
    for known in state["runs"].values():
        _finish_run(top / known["folder"], known["parts"])
    for folder in top.glob("run=*"):
        if not any(known["folder"] == folder.name for known in state["runs"].values()):
            _finish_run(folder, [])


def _finish_run(folder: Path, parts: Sequence[str]) -> None:
    """Gives the parts that count their names, and removes everything else of ours."""
    if not folder.is_dir():
        return
    for name in parts:
        new = folder / f"_{name}.new"
        if new.exists():
            new.replace(folder / name)
    for path in folder.iterdir():
        if path.name not in parts and (path.name.startswith(("part-", "_part-"))):
            path.unlink()
    formats.sync(folder)


def _ends(files: Iterable[ScannedFile]) -> dict[str, dict[str, Any]]:
    """Of each file: which it is, and how many events of it are known."""
    return {
        file.path: {"identity": list(file.index.identity), "events": file.index.events}
        for file in files
        if file.index is not None
    }


def _is_other(before: dict[str, Any], files: dict[str, dict[str, Any]]) -> bool:
    """Whether a file that was exported is gone, replaced or shorter now."""
    return any(
        path not in files
        or files[path]["identity"] != known["identity"]
        or files[path]["events"] < known["events"]
        for path, known in before["files"].items()
    )


def _pieces(entries: Iterable[Entry]) -> Iterable[Piece]:
    return (piece for entry in entries for piece in entry.pieces)


def _ordinals(piece: Piece) -> npt.NDArray[Any]:
    return live(piece, piece.series.ordinal)


def _rows_before(entries: Iterable[Entry], starts: dict[str, tuple[int, int]]) -> int:
    """How many rows of what was exported count now."""
    return sum(
        int(np.count_nonzero(_ordinals(piece) < starts[piece.file.path][0]))
        for piece in _pieces(entries)
        if piece.file.path in starts
    )


def _counted(entries: Iterable[Entry], files: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The files with the number of rows of each that count."""
    rows = dict.fromkeys(files, 0)
    for piece in _pieces(entries):
        rows[piece.file.path] += len(_ordinals(piece))
    return {path: {**known, "rows": rows[path]} for path, known in files.items()}


def _after(entry: Entry, starts: dict[str, int]) -> Entry:
    """The rows of an entry from the events on at which each file goes on."""
    return _some(entry, [_ordinals(piece) >= starts.get(piece.file.path, 0) for piece in entry.pieces])


def _portions(kind: str, entries: list[Entry]) -> Iterator[list[Entry]]:
    """The rows in portions, a file each: what has to be decoded is some _PART_BYTES, and the columns of scalars are there."""
    portion: list[Entry] = []
    size = 0
    for entry in entries:
        if kind == "scalars":
            portion.append(entry)
            continue
        lengths = [live(piece, piece.series.length) for piece in entry.pieces]
        ends = size + np.cumsum(joined(lengths))
        which = np.split(ends // _PART_BYTES, np.cumsum(entry.counts)[:-1])
        for number in range(int(ends[-1]) // _PART_BYTES + 1):
            if number > 0 and portion:
                yield portion
                portion = []
            some = _some(entry, [each == number for each in which])
            if len(some):
                portion.append(some)
        size = int(ends[-1]) % _PART_BYTES
    if portion:
        yield portion


def _some(entry: Entry, chosen: Sequence[npt.NDArray[np.bool_]]) -> Entry:
    """An entry with some of the rows that count of each of its pieces."""
    if all(rows.all() for rows in chosen):
        return entry
    pieces = []
    for piece, rows in zip(entry.pieces, chosen, strict=True):
        mask = rows
        if piece.live is not None:
            mask = piece.live.copy()
            mask[piece.live] = rows
        pieces.append(piece._replace(live=mask))
    return Entry(entry.run, entry.tag, pieces)


def _table(kind: str, entries: Sequence[Entry]) -> Table:
    return ScalarTable(entries) if kind == "scalars" else RowTable(kind, entries, ROWS[kind])
