"""A log directory as it was when it was last looked at: its runs, their files and the index of each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickertape import _core
from tickertape.convert import rank
from tickertape.reader import compressed, damage, mirrors, other_files
from tickertape.reader.selection import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from tickertape.reader.compressed import Unpacked
    from tickertape.reader.log_dirs import EventFile
    from tickertape.reader.selection import Selection

    Mask = npt.NDArray[np.bool_] | None

_NO_SLICE = "no slice has these bytes of the file"


class Problem(NamedTuple):
    """What could not be read, or is unusual.

    Attributes:
        path: the file.
        offset: where it begins, in bytes.
        bytes: how long it is; 0 if nothing was lost.
        cause: what it is.
    """

    path: str
    offset: int
    bytes: int
    cause: str


@dataclass(slots=True, eq=False)  # not frozen, which would make it three times as slow to make
class ScannedFile:
    """A file of a run: its own path, where its bytes can be read, and what is in it ("" and None: it cannot be opened).

    `error` says why it cannot be opened or unpacked.
    """

    path: str
    readable: str
    index: _core.FileIndex | None = None
    problems: tuple[Problem, ...] = ()
    error: OSError | ModuleNotFoundError | None = None

    def is_same_as(self, other: ScannedFile) -> bool:
        """Whether nothing came to the file since `other` was scanned."""
        if self.path != other.path or self.index is None or other.index is None:
            return False
        return (self.index.identity, self.index.end, self.index.size) == (
            other.index.identity,
            other.index.end,
            other.index.size,
        )


class Piece(NamedTuple):
    """The values of one tag in one file; `live` says which of them count (None: all)."""

    file: ScannedFile
    series: _core.Series
    live: Mask


class Scan(NamedTuple):
    """Every run, by name, with its files in order."""

    runs: dict[str, tuple[ScannedFile, ...]]

    def files(self) -> Iterator[ScannedFile]:
        """Every file of every run."""
        for files in self.runs.values():
            yield from files


def scan(
    found: list[EventFile],
    selected: Selection,
    unpacked: Unpacked,
    before: Scan | None,
    progress: Callable[[int, int], object] | None,
) -> Scan:
    """Reads what is new in these files."""
    if selected.runs is not None:
        found = [file for file in found if selected.runs(file.run)]
    known = {} if before is None else {file.path: file for file in before.files()}
    scanned = scan_files([file.path for file in found], unpacked, known, selected, progress)
    runs: dict[str, list[ScannedFile]] = {}
    for (run, _), file in zip(found, scanned, strict=True):
        if run in runs:
            runs[run].append(file)
        else:
            runs[run] = [file]
    return Scan({run: tuple(files) for run, files in runs.items()})


def scan_files(
    paths: Sequence[str],
    unpacked: Unpacked,
    known: Mapping[str, ScannedFile] | None = None,
    selected: Selection = EVERYTHING,
    progress: Callable[[int, int], object] | None = None,
) -> list[ScannedFile]:
    """The index of each of these files, compressed or not.

    Args:
        paths: of the files.
        unpacked: where compressed ones are unpacked. Must outlive what is read through the result.
        known: what an earlier call returned, by path: only what is new is read.
        selected: tags, kinds and steps.
        progress: see `read`.
    """
    unpacked.look_anew()
    may_have_gaps = mirrors.is_any()
    opened = [
        _open(path, unpacked)
        if may_have_gaps or path.endswith(compressed.ELSEWHERE)
        else ScannedFile(path, path)
        for path in paths
    ]
    to_scan = [file for file in opened if file.readable]
    indexes = _core.scan_files(
        [file.readable for file in to_scan],
        previous=[_index_before(known, file) for file in to_scan] if known else None,
        tag_filter=selected.tags,
        kinds=selected.kinds,
        steps=selected.steps,
        progress=progress,
    )
    for file, index in zip(to_scan, indexes, strict=True):
        file.index = index
        if not index.is_plain:
            _look_closer(file, index, unpacked)
    return opened


def warn_of_damage(file: ScannedFile, told: Collection[Problem] = ()) -> None:
    """One DamageWarning for what is new in a file, or in each of its slices, and cost something. A file that is gone by now is no damage."""
    if not file.problems or isinstance(file.error, FileNotFoundError):
        return
    damage.warn_of_places(
        [
            problem
            for problem in file.problems
            if problem not in told and (problem.bytes or file.index is None)
        ]
    )


def by_rank(files: Sequence[ScannedFile]) -> list[tuple[ScannedFile, ...]]:
    """The files of each rank, by rank, in their order; those whose names say none are one more rank, the first."""
    numbered = [(rank.of_file_name(file.path), file) for file in files]
    numbered.sort(key=lambda one: -1 if one[0] is None else one[0])
    return [tuple(file for _, file in group) for _, group in groupby(numbered, key=lambda one: one[0])]


def pieces(files: tuple[ScannedFile, ...], restarts: str) -> dict[tuple[str, str], list[Piece]]:
    """The values of a run by kind and tag, in the order of their first value."""
    indexed = [file for file in files if file.index is not None]
    indexes = [file.index for file in indexed if file.index is not None]
    found: dict[tuple[str, str], list[Piece]] = {}
    for number, kind, tag, series, mask in _core.live_series(indexes, restarts):
        piece = Piece(indexed[number], series, mask)
        key = kind, tag
        if key in found:
            found[key].append(piece)
        else:
            found[key] = [piece]
    return found


def _index_before(known: Mapping[str, ScannedFile], file: ScannedFile) -> _core.FileIndex | None:
    before = known.get(file.path)
    return before.index if before is not None and before.readable == file.readable else None


def _open(path: str, unpacked: Unpacked) -> ScannedFile:
    """What can be said of a file before it is scanned."""
    try:
        readable, cause = unpacked.readable(path)
    except (OSError, ModuleNotFoundError) as error:
        return ScannedFile(path, "", None, (Problem(path, 0, 0, str(error)),), error)
    lost = Path(path).stat().st_size if cause and cause != compressed.CUT_OFF else 0
    problems = [Problem(path, 0, lost, cause)] if cause else []
    problems += [Problem(*gap, _NO_SLICE) for gap in unpacked.gaps(path)]
    return ScannedFile(path, readable, None, tuple(problems))


def _look_closer(file: ScannedFile, index: _core.FileIndex, unpacked: Unpacked) -> None:
    """Notes why a file could not be read, or what is wrong with it."""
    if index.error is not None:
        file.index = None
        file.problems += (Problem(file.path, 0, 0, str(index.error)),)
        file.error = index.error
        return
    file.problems += tuple(
        Problem(*unpacked.origin(file.path, offset), size, cause) for offset, size, cause in index.problems
    )
    if index.size > 0 and not index.series and index.file_version is None and not index.starts:
        cause = other_files.what_else(file.readable)
        if cause:
            file.problems = (Problem(file.path, 0, index.size, cause),)
