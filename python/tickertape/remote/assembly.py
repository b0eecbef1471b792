"""An event file put together from its slices: a local file that only grows, so that readers of files can follow it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from bisect import bisect_right
from itertools import accumulate
from typing import IO, TYPE_CHECKING, NamedTuple

from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tickertape.remote.slices import Piece, Slice

    # (name of the slice, first byte, behind the last byte) to those bytes, in pieces. They may be fewer, if the slice is
    # shorter by now.
    Read = Callable[[str, int, int], Iterable[bytes]]

# How much is compared of what is there already, if a slice was replaced. An event has its time, so other contents differ.
_COMPARED_BYTES = 1 << 16


class Part(NamedTuple):
    """Bytes [begin, end) of the event file, from a slice as it was in some version."""

    begin: int
    end: int
    slice: Slice
    version: str


class Gap(NamedTuple):
    """Bytes [begin, end) of the event file that no slice has."""

    begin: int
    end: int


class Assembly:
    """The local file, and which slice each of its bytes is from.

    The bytes behind a gap follow those in front of it, so no name can make the file larger than the slices are. If slices
    appear in a gap, or what is there was replaced or removed, a new file takes the place of the old one.

    Attributes:
        path: the local file. It is there after the first update().
        parts: what it has, in order.
    """

    def __init__(self, path: str, parts: Sequence[Part] = ()) -> None:
        self.path = path
        self.parts = list(parts)

    @property
    def size(self) -> int:
        """Bytes of the local file."""
        return sum(part.end - part.begin for part in self.parts)

    @property
    def gaps(self) -> list[Gap]:
        """What is missing."""
        ends = [0, *(part.end for part in self.parts)]
        return [Gap(end, part.begin) for end, part in zip(ends, self.parts, strict=False) if part.begin > end]

    def origin(self, offset: int) -> tuple[str, int]:
        """The name of the slice that a byte of the local file is from, and the byte's offset in it."""
        starts = list(accumulate((part.end - part.begin for part in self.parts), initial=0))
        number = min(bisect_right(starts, offset), len(self.parts)) - 1
        part = self.parts[number]
        return part.slice.name, part.begin + offset - starts[number] - part.slice.offset

    def is_current(self, found: Sequence[Slice], versions: Mapping[str, str]) -> bool:
        """Whether update() would have nothing to do."""
        return self.parts == _wanted(found, versions) and self._is_there()

    def update(self, found: Sequence[Slice], versions: Mapping[str, str], read: Read) -> bool:
        """Brings the local file up to date.

        Args:
            found: the slices that there are. A whole file counts as a slice at offset 0.
            versions: of each slice, by name; a text that changes with the content.
            read: reads a slice.

        Returns:
            Whether everything was read. Otherwise a slice was shorter than `found` says; a later update() goes on.

        Raises:
            OSError: the local file cannot be written, or what `read` raises; what was read before stays.
        """
        wanted = _wanted(found, versions)
        if not self.parts or not self._is_there():
            self.parts = []
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)  # noqa: PTH108  # whatever that was: names need not be UTF-8, here and below
        elif not (_continues(_ranges(self.parts), _ranges(wanted)) and self._is_same(wanted, read)):
            return self._begin_anew(wanted, read)
        with _opened(self.path, self.size) as file:
            return self._append(file, wanted, read)

    def _is_there(self) -> bool:
        """Whether the local file has what it should have."""
        try:
            status = os.lstat(self.path)
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_size >= self.size

    def _is_same(self, wanted: Sequence[Part], read: Read) -> bool:
        """Whether what slices that are new or replaced say of the bytes that are there is what the local file has."""
        known = {(part.slice, part.version) for part in self.parts}
        have_end = self.parts[-1].end if self.parts else 0
        for part in wanted:
            end = min(part.end, have_end)
            if (part.slice, part.version) in known or part.begin >= end:
                continue
            begin = max(part.begin, end - _COMPARED_BYTES)
            theirs = b"".join(read(part.slice.name, begin - part.slice.offset, end - part.slice.offset))
            if theirs != self._bytes(begin, end):
                return False
        return True

    def _bytes(self, begin: int, end: int) -> bytes:
        """Of the event file, from the local one; there is no gap between them."""
        at = 0
        for part in self.parts:
            if part.end > begin:
                break
            at += part.end - part.begin
        with open(self.path, "rb") as file:  # noqa: PTH123  # names need not be UTF-8
            file.seek(at + begin - part.begin)
            return file.read(end - begin)

    def _begin_anew(self, wanted: Sequence[Part], read: Read) -> bool:
        folder, name = os.path.split(self.path)
        # Not the name of an event file, and one for each file: several may be made anew at once.
        hidden = f".tickertape-{hashlib.blake2b(os.fsencode(name), digest_size=8).hexdigest()}"
        new = Assembly(os.path.join(folder, hidden))  # noqa: PTH118
        is_whole = new.update([part.slice for part in wanted], _versions(wanted), read)
        os.replace(new.path, self.path)  # noqa: PTH105
        self.parts = new.parts
        return is_whole

    def _append(self, file: IO[bytes], wanted: Sequence[Part], read: Read) -> bool:
        have_end = self.parts[-1].end if self.parts else 0
        # From here on the parts have today's names and versions, also if reading ends early.
        self.parts = [part._replace(end=min(part.end, have_end)) for part in wanted if part.begin < have_end]
        for part in wanted:
            begin = max(part.begin, have_end)
            if begin < part.end and not self._append_part(file, part, begin, read):
                return False
        return True

    def _append_part(self, file: IO[bytes], part: Part, begin: int, read: Read) -> bool:
        if begin == part.begin:
            self.parts.append(part._replace(end=begin))
        for data in read(part.slice.name, begin - part.slice.offset, part.end - part.slice.offset):
            if data == bytes(len(data)):  # a hole stays one: a stranger's sparse file must not fill the disk
                file.seek(len(data), os.SEEK_CUR)
            else:
                file.write(data)
            file.flush()
            begin += len(data)
            self.parts[-1] = part._replace(end=begin)
        if begin == part.begin:
            self.parts.pop()
        return begin == part.end


def _wanted(found: Iterable[Slice], versions: Mapping[str, str]) -> list[Part]:
    pieces: list[Piece] = slices.pieces(found)
    return [Part(piece.begin, piece.end, piece.slice, versions[piece.slice.name]) for piece in pieces]


def _versions(parts: Iterable[Part]) -> dict[str, str]:
    return {part.slice.name: part.version for part in parts}


def _ranges(parts: Iterable[Part]) -> list[Gap]:
    """The stretches without a gap."""
    found: list[Gap] = []
    for part in parts:
        if found and found[-1].end == part.begin:
            found[-1] = found[-1]._replace(end=part.end)
        else:
            found.append(Gap(part.begin, part.end))
    return found


def _continues(have: Sequence[Gap], wanted: Sequence[Gap]) -> bool:
    """Whether bytes behind the last of `have` are all that is missing of `wanted`."""
    if not have:
        return True
    if len(have) > len(wanted) or list(have[:-1]) != list(wanted[: len(have) - 1]):
        return False
    last = wanted[len(have) - 1]
    return last.begin == have[-1].begin and last.end >= have[-1].end


@contextlib.contextmanager
def _opened(path: str, size: int) -> Iterator[IO[bytes]]:
    """A file to be written from `size` on; what was behind, from an update that was killed, is overwritten or cut off.

    It is made if it is not there. No link is followed.
    """

    def make(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)

    with open(path, "r+b", opener=make) as file:
        file.seek(size)
        try:
            yield file
        finally:
            file.flush()
            if os.fstat(file.fileno()).st_size < file.tell():  # it ends with a hole
                file.truncate()
        # Not after an error: who waited in vain for a slow store may have been overtaken by a later update.
        if os.fstat(file.fileno()).st_size > file.tell():
            file.truncate()
