"""Rows as files: a folder for each run and tag, with names that lead nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from tickertape.convert import paths, windows_names
from tickertape.reader import damage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_MOST_BYTES = 200  # of a file's name; file systems allow 255
_PLAIN = " !#$&'()+,;@[]{}~"  # quote() lets letters, digits and _.-~ stand; "=" would be a column to readers of data sets


class _Savable(Protocol):
    run: str
    tag: str
    step: int
    file: str
    offset: int
    length: int

    @property
    def files(self) -> list[tuple[str, bytes]]: ...


def save(rows: Iterable[_Savable], directory: str | os.PathLike[str]) -> list[Path]:
    """Writes the files of rows, see `RowTable.save`."""
    top = Path(paths.text(directory, "directory"))
    written: dict[Path, None] = {}
    for row in rows:
        try:
            files = row.files
        except ValueError as error:
            damage.warn_of_row(row, error)
            continue
        folder = top.joinpath(*(part_name(part) for part in (*row.run.split("/"), *row.tag.split("/"))))
        folder.mkdir(parents=True, exist_ok=True)
        for ending, content in files:
            path = _unused(folder, row.step, ending, written)
            path.write_bytes(content)
            written[path] = None
    return list(written)


def part_name(name: str) -> str:
    """A run or tag, or a part of one, as the name of a file: no separators, no "..", not too long; others stay apart."""
    quoted = quote(name, safe=_PLAIN, errors="surrogateescape")
    if not quoted.strip("."):  # "", ".", "..": names that file systems have taken
        quoted = "%2E" * len(quoted) or "%"
    # What Windows refuses; on every system, because files are copied from one to another.
    if windows_names.is_device(quoted):
        quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}"
    if quoted[-1] in ". ":
        quoted = f"{quoted[:-1]}%{ord(quoted[-1]):02X}"
    if len(quoted) > _MOST_BYTES:
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:16]
        quoted = f"{quoted[: _MOST_BYTES - 17]}-{digest}"
    return quoted


def _unused(folder: Path, step: int, ending: str, written: dict[Path, None]) -> Path:
    """A name for a step; a second file of one step gets a number."""
    path = folder / f"{step}{ending}"
    number = 0
    while path in written:
        number += 1
        path = folder / f"{step}-{number}{ending}"
    return path
