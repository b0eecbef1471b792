"""The records of a file, copied: those that an edit changes are written anew, everything between them byte for byte."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import struct
from typing import IO, TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OVERHEAD_BYTES = 16  # of a record: length, its CRC, the data's CRC
_PIECE_BYTES = 1 << 20


class Copied:
    """What became of the records of one file.

    Attributes:
        kept: records copied as they were.
        changed: records written anew.
        removed: records left out.
        undecodable: records that are no Event; copied as they were.
        damage: (offset, bytes) of what is no record.
        tail_bytes: of a record that is cut off at the end.
    """

    def __init__(self) -> None:
        self.kept = self.changed = self.removed = self.undecodable = 0
        self.damage: list[tuple[int, int]] = []
        self.tail_bytes = 0


def framed(data: bytes) -> bytes:
    """`data` as one record."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        [
            length,
            struct.pack("<I", _core.masked_crc32c(length)),
            data,
            struct.pack("<I", _core.masked_crc32c(data)),
        ]
    )


def copy(
    source: str,
    target: IO[bytes],
    edit: Callable[[bytes], bytes | None],
    progress: Callable[[int, int], object],
    *,
    keeps_damage: bool = True,
) -> Copied:
    """Appends the records of `source` to `target`.

    Args:
        source: an event file.
        target: open for writing.
        edit: from a record's data to the same object, other data, or None, which leaves the record out. A ValueError means
            that the data is no Event.
        progress: called with (bytes done, bytes in all).
        keeps_damage: copies what is no record, too, the cut-off tail included.

    Returns:
        What became of them.
    """
    done = Copied()
    total = os.path.getsize(source)  # noqa: PTH202  # names need not be UTF-8
    reader = _core.RecordReader(source)
    copied_to = good_to = 0  # behind what is in `target`, and behind the last record
    with open(source, "rb") as raw:  # noqa: PTH123
        for data in reader:
            end = reader.offset
            begin = end - len(data) - OVERHEAD_BYTES
            if begin != good_to and not keeps_damage:
                _copy_range(raw, target, copied_to, good_to)
                copied_to = begin
            new = _edited(data, edit, done)
            if new is not data:
                _copy_range(raw, target, copied_to, begin)
                if new is not None:
                    target.write(framed(new))
                copied_to = end
            good_to = end
            progress(end, total)
        done.damage, done.tail_bytes = reader.damage, reader.tail_bytes
        _copy_range(raw, target, copied_to, total if keeps_damage else good_to)
    return done


def _edited(data: bytes, edit: Callable[[bytes], bytes | None], done: Copied) -> bytes | None:
    try:
        new = edit(data)
    except ValueError:
        done.undecodable += 1
        new = data
    if new is data:
        done.kept += 1
    elif new is None:
        done.removed += 1
    else:
        done.changed += 1
    return new


def _copy_range(raw: IO[bytes], target: IO[bytes], begin: int, end: int) -> None:
    raw.seek(begin)
    left = end - begin
    while left > 0:
        piece = raw.read(min(left, _PIECE_BYTES))
        if not piece:
            raise OSError(f"{raw.name!r} became shorter while it was read")
        target.write(piece)
        left -= len(piece)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when it is complete and on the disk; nothing is left of it if that fails.

    Raises:
        FileExistsError: `path` is there already.
    """
    partial = path.parent / f".tickertape-partial-{os.getpid()}"  # no name of an event file
    try:
        with written(partial, path) as file:
            yield file
        _give_name(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def written(partial: Path, path: Path) -> Iterator[IO[bytes]]:
    """The new file `partial`, which is on the disk at the end. An OSError without a name gets that of `path`."""
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A directory that gets its name when everything is in it; nothing is left of it if that fails.

    Yields:
        The directory to write to.

    Raises:
        FileExistsError: `path` is there already.
    """
    partial = path.parent / f".tickertape-partial-{os.getpid()}"
    made = [folder for folder in path.parents if not folder.exists()]  # the innermost first
    try:
        partial.mkdir(parents=True)
        yield partial
        _rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):  # another process uses it by now
                folder.rmdir()
        raise


def _give_name(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike a rename it never replaces a file
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        _rename(partial, path)


def _rename(partial: Path, path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    partial.rename(path)
