"""Event files that a directory has in slices, such as a bucket that is mounted or was copied: put together for the scan."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tickertape.remote import slices
from tickertape.remote.assembly import Assembly
from tickertape.remote.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PIECE_BYTES = 1 << 20


class LocalSlices:
    """The files that were put together, and where; each is brought up to date when it is asked for again.

    Args:
        gap_secs: what is behind a gap is left out until it is so old. A copy that is being made may fill the gap.
    """

    def __init__(self, gap_secs: float = 0.0) -> None:
        self._gap_secs = gap_secs
        self._assemblies: dict[str, Assembly] = {}
        self._listings: dict[str, dict[str, list[Slice]]] = {}

    def look_anew(self) -> None:
        """Directories are listed again."""
        self._listings.clear()

    def readable(self, path: str, make_folder: Callable[[], Path]) -> str:
        """The file to read instead of `path`, which ends in `.at-*`. It is in the folder that `make_folder` makes or has made.

        Raises:
            FileNotFoundError: there is no slice of it.
            OSError: a slice cannot be read.
        """
        folder, name = os.path.split(path)
        file = name.removesuffix(slices.ALL)
        found, versions, written = self._state(folder, self._listed(folder).get(file, []))
        if not found and os.path.isfile(path):  # noqa: PTH113  # a file that has such a name itself
            return path
        if not found:
            raise FileNotFoundError(f"{path}: there is no slice of this file")
        if path not in self._assemblies:
            own = os.path.join(make_folder(), f"slices-{len(self._assemblies)}")  # noqa: PTH118
            os.mkdir(own)  # noqa: PTH102
            self._assemblies[path] = Assembly(os.path.join(own, file))  # noqa: PTH118
        assembly = self._assemblies[path]
        if not assembly.is_current(found, versions):
            assembly.update(found, versions, lambda name, begin, end: _read(folder, name, begin, end))
            os.utime(assembly.path, (written, written))  # the tools of the command line look at it
        return assembly.path

    def origin(self, path: str, offset: int) -> tuple[str, int]:
        """The slice that has a byte of what readable(path) returned, and the byte's offset there."""
        if path not in self._assemblies:  # it could not be read
            return path, offset
        name, at = self._assemblies[path].origin(offset)
        return os.path.join(os.path.dirname(path), name), at  # noqa: PTH118, PTH120

    def gaps(self, path: str) -> list[tuple[str, int, int]]:
        """(path, offset, bytes) of what no slice of readable(path) has."""
        assembly = self._assemblies.get(path)
        return [] if assembly is None else [(path, gap.begin, gap.end - gap.begin) for gap in assembly.gaps]

    def _listed(self, folder: str) -> dict[str, list[Slice]]:
        """The slices in a directory by file, with the file itself as the first one, if it is there too. Sizes are not known yet."""
        if folder not in self._listings:
            names = os.listdir(folder or ".")  # noqa: PTH208  # names alone
            by_file = slices.by_file((name, 0) for name in names)
            for name in by_file.keys() & set(names):
                by_file[name].insert(0, Slice(0, 0, name))
            self._listings[folder] = by_file
        return self._listings[folder]

    def _state(self, folder: str, listed: list[Slice]) -> tuple[list[Slice], dict[str, str], float]:
        """The slices with their sizes, the version of each, and when the last one was written."""
        found: list[Slice] = []
        versions: dict[str, str] = {}
        end, written = 0, 0.0
        now = time.time()
        for one in listed:
            try:
                status = os.stat(os.path.join(folder, one.name))  # noqa: PTH116, PTH118
            except OSError:  # removed meanwhile, or a link that leads nowhere
                continue
            if one.offset > end and 0 <= now - status.st_mtime < self._gap_secs:
                break
            found.append(one._replace(size=status.st_size))
            versions[one.name] = f"{status.st_ino}-{status.st_mtime_ns}"
            end, written = max(end, one.offset + status.st_size), max(written, status.st_mtime)
        return found, versions, written


def exists(path: str) -> bool:
    """Whether there is a slice of the file `path`, which ends in `.at-*` or is the name of the file."""
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        return False
    file = name.removesuffix(slices.ALL)
    return any(name.startswith(file) and (slices.parse(name) or ("",))[0] == file for name in names)


def status(path: str) -> tuple[int, float]:
    """Bytes of an event file, or of all its slices together, and when it was last written.

    Raises:
        OSError: it is not there.
    """
    if not path.endswith(slices.ALL):
        whole = os.stat(path)  # noqa: PTH116
        return whole.st_size, whole.st_mtime
    folder, name = os.path.split(path)
    file = name.removesuffix(slices.ALL)
    with os.scandir(folder or ".") as listing:
        states = [entry.stat() for entry in listing if (slices.parse(entry.name) or ("",))[0] == file]
    return sum(state.st_size for state in states), max((state.st_mtime for state in states), default=0.0)


def _read(folder: str, name: str, begin: int, end: int) -> Iterator[bytes]:
    with open(os.path.join(folder, name), "rb") as file:  # noqa: PTH118, PTH123
        file.seek(begin)
        while begin < end:
            piece = file.read(min(end - begin, _PIECE_BYTES))
            if not piece:
                return
            yield piece
            begin += len(piece)
