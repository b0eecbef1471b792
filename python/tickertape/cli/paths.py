"""Paths that users give: what they meant, and what to say if nothing is there. Nothing is created."""

from __future__ import annotations

import functools
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape import reader
from tickertape.cli.errors import NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress
from tickertape.reader import compressed, local_slices, log_dirs, mirrors, other_files
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEARCHED_FOLDERS = 3_000  # that a search for a directory to suggest looks at
_SEARCHED_ENTRIES = 10_000  # of each of them
_SHOWN_NAMES = 5

# For the subcommands that do not unpack; reader/other_files.py knows the rest.
_COMPRESSED = (
    (b"\x1f\x8b", "is compressed by gzip; unpack it first (`gunzip -k`)"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd; unpack it first (`unzstd`)"),
)


def meant(given: str) -> str:
    """The path that the user means: quotes that the shell left, and a quoted ~, are understood. Of a URL it is the local copy.

    Raises:
        CommandError: there is nothing; the message says what is there, and where event files are.
        ImportError, OSError: a URL cannot be opened.
    """
    if mirrors.is_url(given):
        return _mirrored(given)
    given = mirrors.local(given)  # of a file:// URL its path
    unquoted = given.strip().strip("'\"")
    for candidate in (given, unquoted, os.path.expanduser(given), os.path.expanduser(unquoted)):  # noqa: PTH111  # a str
        if not candidate:
            continue
        if os.path.lexists(candidate):
            return candidate
        named = log_dirs.in_slices(candidate)
        if named.endswith(slices.ALL) and local_slices.exists(named):
            return named
    path = Path(os.path.abspath(os.path.expanduser(unquoted)))  # noqa: PTH100, PTH111  # .. is resolved as text
    there = next(parent for parent in path.parents if parent.is_dir())
    raise CommandError(
        f"path: expected a log directory or an event file, got {given!r}, which does not exist; "
        f"{_listing(there)}{_similar(there, path)}; {_near(there)}"
    )


@functools.cache  # a command is one look
def _mirrored(url: str) -> str:
    with Progress("fetching") as progress:
        try:
            return mirrors.look(url, progress)[0]
        except ValueError as error:
            raise CommandError(str(error)) from error


def refuse_url(given: str, argument: str = "path") -> None:
    """Raises CommandError for a URL, of which only the local copy could be changed."""
    if mirrors.is_url(given):
        raise CommandError(
            f"{argument}: expected a local path, got the URL {given!r}, in which nothing is changed"
        )


def runs_of(given: str, *, unpacks: bool = False, joins: bool = False) -> dict[str, list[str]]:
    """The event files that a path stands for: run to its files in order. A file is a run named by itself.

    Args:
        given: what the user gave.
        unpacks: whether the caller reads files whose names end in .gz or .zst.
        joins: whether the caller reads files that are there in slices, whose names end in .at-*.

    Raises:
        CommandError: there is nothing, or no event file, or one that the caller does not read.
    """
    path = meant(given)
    runs = _runs_of(given, path, unpacks=unpacks)
    sliced = next((file for files in runs.values() for file in files if file.endswith(slices.ALL)), "")
    if sliced and not joins:
        raise CommandError(
            f"path: expected whole event files, got the slices {sliced!r}; `tickertape compact {given}` makes one file of them"
        )
    return runs


def _runs_of(given: str, path: str, *, unpacks: bool) -> dict[str, list[str]]:
    if not os.path.isdir(path):  # noqa: PTH112  # a str
        refuse_other(path, unpacks=unpacks)
        return {os.path.basename(path): [path]}  # noqa: PTH119
    runs = {run: [str(file) for file in files] for run, files in reader.find_runs(path).items()}
    if not runs:
        raise _no_event_files(given, path)
    return runs


def log_dir_of(given: str) -> str:
    """The log directory that a path stands for, as an absolute path, or the URL as it is; it has an event file.

    Raises:
        CommandError: there is nothing, or no event file, or it is a file.
    """
    if mirrors.is_url(given):
        try:
            if mirrors.has_event_file(given):
                return given
        except ValueError as error:
            raise CommandError(str(error)) from error
        raise _no_event_files(given, given)
    path = meant(given)
    if not os.path.isdir(path):  # noqa: PTH112  # a str
        refuse_other(path)
        raise CommandError(
            f"path: expected a log directory, got the file {path!r}; "
            f"give its directory, {os.path.dirname(path) or '.'!r}"  # noqa: PTH120
        )
    if not log_dirs.has_event_file(path):
        raise _no_event_files(given, path)
    return os.path.abspath(path)  # noqa: PTH100


def _no_event_files(given: str, path: str) -> CommandError:
    if mirrors.is_url(given):
        return CommandError(
            f"path: expected a directory with event files (their names contain 'tfevents'), got {given!r}, in which there are none",
            NOTHING_FOUND,
        )
    return CommandError(
        f"path: expected a directory with event files (their names contain 'tfevents'), got {given!r}; "
        f"{_listing(Path(path))}; {_near(Path(os.path.abspath(path)))}",  # noqa: PTH100
        NOTHING_FOUND,
    )


def refuse_other(path: str, *, unpacks: bool = False) -> None:
    """Raises CommandError if a file is no regular one, or no event file.

    Args:
        path: the file.
        unpacks: whether the caller reads files whose names end in .gz or .zst.
    """
    if path.endswith(slices.ALL):
        return
    if not os.path.isfile(path):  # noqa: PTH113  # a str
        raise CommandError(f"path: expected a file or a directory, got {path!r}, which is neither")
    is_packed = unpacks and path.endswith(compressed.SUFFIXES)
    why = other_files.what_else(path) if is_packed else other_format(path)
    if why:
        raise CommandError(f"path: expected an event file, got {path!r}, which {why}")


def not_regular(top: str) -> Iterator[tuple[str, str]]:
    """What has the name of an event file below a directory and is no file, and what it is: a reader may wait at it for ever."""
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118  # a str
            if "tfevents" in name and not os.path.isfile(path):  # noqa: PTH113
                is_dangling = os.path.islink(path) and not os.path.exists(path)  # noqa: PTH110, PTH114
                yield path, "is a link that leads nowhere" if is_dangling else "is no regular file"


def other_format(path: str) -> str:
    """What a file is if it is no event file, as the end of a sentence; "" if that is not known."""
    with open(path, "rb") as file:  # noqa: PTH123  # a str
        start = file.read(4)
    known = next((words for magic, words in _COMPRESSED if start.startswith(magic)), "")
    return known or other_files.what_else(path)


def _listing(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    shown = ", ".join(map(repr, names[:_SHOWN_NAMES]))
    return f"{str(folder)!r} has {shown}{more}" if names else f"{str(folder)!r} is empty"


def _similar(there: Path, path: Path) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # for a mistake

    missing = path.relative_to(there).parts[0]
    near = get_close_matches(missing, [entry.name for entry in there.iterdir()], 1)
    return f"; did you mean {str(there / near[0])!r}?" if near else ""


def _near(folder: Path) -> str:
    """Where event files are, in the nearest directory above `folder` that has some below it."""
    looked_at: set[str] = set()
    for top in (folder, *folder.parents):
        found = _folder_with_events(str(top), looked_at)
        if found is not None:
            return f"the nearest event files are in {found!r}"
    return "no event files were found near it"


def _folder_with_events(top: str, looked_at: set[str]) -> str | None:
    """The first directory with event files, breadth first, so that it is the nearest.

    Args:
        top: where to begin.
        looked_at: directories that need no second look; only so many are looked at.
    """
    level = [top]
    while level:
        below = []
        for folder in level:
            if len(looked_at) >= _SEARCHED_FOLDERS:
                return None
            if folder in looked_at:
                continue
            looked_at.add(folder)
            try:
                with os.scandir(folder) as found:
                    entries = sorted(islice(found, _SEARCHED_ENTRIES), key=lambda entry: entry.name)
            except OSError:  # no right to read it
                continue
            if any("tfevents" in entry.name and entry.is_file() for entry in entries):
                return folder
            below += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        level = below
    return None
