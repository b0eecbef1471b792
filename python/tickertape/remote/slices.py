"""Slices: byte ranges of one event file, each an object named `<file>.at-<offset, 16 decimal digits>`.

A slice holds whole records. Its end is its offset plus its size, so one listing says which bytes of a file are there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# Sixteen digits are more than the largest file of any system (2^53 bytes), and keep names in the order of offsets.
# What readers call a file that is there in slices, as a shell would: `<file>.at-*`.
ALL = ".at-*"
_MARK = ".at-"
_NAME = re.compile(r"(?P<file>.*[^/])\.at-(?P<offset>[0-9]{16})\Z", re.DOTALL)


class Slice(NamedTuple):
    """One object. Slices sort by offset, then by size.

    Attributes:
        offset: of its first byte in the file.
        size: in bytes.
        name: of the object, below the log directory.
    """

    offset: int
    size: int
    name: str

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.offset + self.size


class Piece(NamedTuple):
    """Bytes of the file, and the slice that has them. `begin` and `end` are offsets in the file."""

    begin: int
    end: int
    slice: Slice


def name_of(file: str, offset: int) -> str:
    """The name of the slice of `file` that starts at `offset`."""
    return f"{file}.at-{offset:016d}"


def parse(name: str) -> tuple[str, int] | None:
    """(file, offset) of a slice's name; None if it is no slice."""
    found = _NAME.match(name)
    return None if found is None else (found["file"], int(found["offset"]))


def by_file(objects: Iterable[tuple[str, int]]) -> dict[str, list[Slice]]:
    """The slices among `objects` ((name, size) pairs), by the name of their file, in order. Files are sorted by name."""
    found: dict[str, list[Slice]] = {}
    for name, size in objects:
        parsed = parse(name)
        if parsed is not None:
            found.setdefault(parsed[0], []).append(Slice(parsed[1], size, name))
    return {file: sorted(found[file]) for file in sorted(found)}


def pieces(slices: Iterable[Slice], covered: int = 0) -> list[Piece]:
    """Which bytes of which slice make up the file, in order, each byte once.

    A slice that is empty, or whose bytes are all covered already, is left out; of one that is covered in part, the rest is used.
    Where one piece begins behind the end of the piece before, bytes are missing.

    Args:
        slices: of one file, in any order.
        covered: bytes of the file that the caller has.
    """
    found = []
    for one in sorted(slices):
        if one.size and one.end > covered:
            found.append(Piece(max(one.offset, covered), one.end, one))
            covered = one.end
    return found


def contiguous_end(slices: Iterable[Slice], covered: int = 0) -> int:
    """The offset up to which every byte is in a slice, from `covered` on."""
    for piece in pieces(slices, covered):
        if piece.begin > covered:
            break
        covered = piece.end
    return covered


def grouped(names: Iterable[str]) -> list[str]:
    """Names of files in a directory, those that are slices of one file, and that file, as one name `<file>.at-*`."""
    names = list(names)
    if _MARK not in "\n".join(names):
        return names
    parsed = {name: parse(name) for name in names}
    files = dict.fromkeys(found[0] for found in parsed.values() if found is not None)
    whole = [name for name, found in parsed.items() if found is None and name not in files]
    return whole + [file + ALL for file in files]
