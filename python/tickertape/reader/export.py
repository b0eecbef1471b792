"""Runs as a data set on disk, added to as they grow: each scalar once, whatever was killed when."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from tickertape.convert import paths
from tickertape.reader import formats
from tickertape.reader.saving import part_name
from tickertape.reader.scalar_table import Made, ScalarTable
from tickertape.reader.series import Scalars
from tickertape.reader.table import joined, live

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from tickertape.reader.scan import Piece, ScannedFile
    from tickertape.reader.table import Entry

Format = Literal["parquet", "arrow", "csv", "jsonl"]
_STATE = "_tickertape_export.json"  # readers of data sets pass by names that begin with "_"
_VERSION = 1


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
    """Adds what is new of the scalars to a data set, see `Runs.export`."""
    top = Path(paths.text(directory, "directory"))
    form = formats.chosen(wanted or _format_before(top), top)
    top.mkdir(parents=True, exist_ok=True)
    with formats.lock(top / "_tickertape_export.lock"):
        state = _read_state(top, form, settings)
        _finish(top, state)
        report = ExportReport(top, 0, [], [])
        for run in runs:
            added = _export_run(top, run, form, state)
            report = report._replace(
                rows=report.rows + added.rows,
                files=report.files + added.files,
                rewritten=report.rewritten + added.rewritten,
            )
        return report


def _export_run(top: Path, run: Source, form: str, state: dict[str, Any]) -> ExportReport:
    """Writes what is new of a run. The state's new version on the disk is what makes it count."""
    nothing = ExportReport(top, 0, [], [])
    entries = run.entries
    files = _ends(run.files)
    before = state["runs"].get(run.name, {"parts": [], "next": 0, "files": {}})
    starts = {path: (known["events"], known["rows"]) for path, known in before["files"].items()}
    rewrite = _is_other(before, files) or _rows_before(entries, starts) != sum(
        rows for _, rows in starts.values()
    )
    if rewrite:
        starts = {}
    table = ScalarTable(
        [_after(entry, {path: events for path, (events, _) in starts.items()}) for entry in entries]
    )
    rows = len(table)
    if not rows and not rewrite:
        return nothing
    folder = top / f"run={part_name(run.name)}"
    parts = [] if rewrite else list(before["parts"])
    written = []
    if rows:
        folder.mkdir(exist_ok=True)
        path = folder / f"part-{before['next']:06}.{form}"
        formats.write(table, path.with_name(f"_{path.name}.new"), form)
        formats.sync_directory(folder)
        parts.append(path.name)
        written.append(path)
    state["runs"][run.name] = {
        "folder": folder.name,
        "parts": parts,
        "next": before["next"] + len(written),
        "files": _counted(entries, files),
    }
    _write_state(top, state)
    _finish_run(folder, parts)
    return nothing._replace(
        rows=rows, files=written, rewritten=[run.name] if rewrite and before["parts"] else []
    )


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
    formats.sync_directory(folder)


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


def _after(entry: Entry, starts: dict[str, int]) -> Made:
    """The scalars of an entry from the events on at which each file goes on."""
    parts = []
    for piece in entry.pieces:
        new = _ordinals(piece) >= starts.get(piece.file.path, 0)
        columns = (live(piece, getattr(piece.series, name)) for name in Scalars._fields)
        parts.append(Scalars(*(column if new.all() else column[new] for column in columns)))
    return Made(entry.run, entry.tag, Scalars(*(joined(columns) for columns in zip(*parts, strict=True))))
