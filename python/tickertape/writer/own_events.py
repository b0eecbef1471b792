"""The events of a directory's files, for methods that look at what was logged before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def files(directory: Path) -> list[Path]:
    """The event files of a directory, in the order in which TensorBoard reads them. No link is followed."""
    paths = (path for path in directory.iterdir() if "tfevents" in path.name)
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def events(directory: Path) -> Iterator[_core.Event]:
    """The events that the event files of a directory hold now."""
    for path, size in [(path, path.stat().st_size) for path in files(directory)]:
        reader = _core.RecordReader(str(path))
        for record in reader:
            if reader.offset > size:
                break
            try:
                event = _core.Event(record)
            except ValueError:  # another program's record
                continue
            yield event


def first_value(directory: Path, tag: str) -> _core.Value | None:
    """The first value that the event files of a directory hold for `tag`; files that do not mention it are not decoded."""
    if not any(_mentions(path, tag.encode()) for path in files(directory)):
        return None
    found = (value for event in events(directory) for value in event.summary.value)
    return next((value for value in found if value.tag == tag), None)


def _mentions(path: Path, text: bytes) -> bool:
    import mmap  # noqa: PLC0415  # half a millisecond of every import of the package, for one method

    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            return False
        with content:
            return content.find(text) >= 0
