"""Where the event files of a log directory are: the runs as TensorBoard names them, the files of each in their order."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickertape import _core
from tickertape.convert import check, paths
from tickertape.reader import local_slices, mirrors, other_files
from tickertape.reader.event_names import is_event_file, order
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Collection

    AnyPath = str | bytes | os.PathLike[str]

_MOST_TOPS = 16
_NEAR_ENTRIES, _NEAR_FOLDERS = 2_000, 3  # that a search for directories to suggest looks at, and returns


class EventFile(NamedTuple):
    """A file of a run. If it is there in slices, its path ends in `.at-*`; `Unpacked` puts it together."""

    run: str
    path: str


class FoundFiles(tuple[EventFile, ...]):
    """Event files that were found before: what find_event_files() returns as they are."""

    __slots__ = ()


def find_event_files(where: object, *, may_be_empty: bool = False) -> list[EventFile]:
    """The event files of log directories and files, run by run, each run's in the order of their making.

    Args:
        where: a directory, an event file, their URLs, a list of all these, or FoundFiles. Runs are named by their directory
            below the given one; below the directory that all of a list have in common.
        may_be_empty: whether a directory without event files is fine.

    Raises:
        FileNotFoundError: there is nothing, or no event file; the message says what is there.
        TypeError, ValueError: `where` holds something that is no path, or a file that is no event file.
    """
    if isinstance(where, FoundFiles):
        return list(where)
    return find_in(given_paths(where), may_be_empty=may_be_empty)


def find_in(tops: list[str], *, may_be_empty: bool = False) -> list[EventFile]:
    """find_event_files() for what given_paths() has returned."""
    named = {top: _named(top) for top in tops}
    folders = [name if os.path.isdir(top) else os.path.dirname(name) for top, name in named.items()]  # noqa: PTH112, PTH120
    common = os.path.commonpath(folders) if folders else ""
    found: dict[str, list[str]] = {}
    for top, name in named.items():
        if os.path.isdir(top):  # noqa: PTH112  # names need not be UTF-8
            inside = [(name + folder[len(top) :], folder, names) for folder, names in _walk(top)]
        else:
            inside = [(os.path.dirname(name), *_event_file(top))]  # noqa: PTH120
        for shown, folder, names in inside:
            front = folder if folder.endswith(os.sep) else folder + os.sep
            files = [front + name for name in names]
            run = _below(shown, common)
            found[run] = list(dict.fromkeys(found[run] + files)) if run in found else files
        if not inside and not may_be_empty:
            raise _nothing_in(top)
    return [EventFile(run, path) for run in sorted(found) for path in _in_order(found[run])]


def _named(top: str) -> str:
    """What runs are named by: a path, or the path of a URL."""
    shown = mirrors.shown(top)
    return top if shown == top else os.path.join(os.sep, shown.partition("://")[2].lstrip("/"))  # noqa: PTH118


def _event_file(path: str) -> tuple[str, list[str]]:
    """A file that was given by name: its folder and its name there.

    Raises:
        ValueError: it is certainly no event file, whatever its name.
    """
    why = "" if path.endswith(slices.ALL) else other_files.what_else(path)
    if why:
        raise ValueError(f"logdir: expected an event file, got {path!r}, which {why}")
    folder, name = os.path.split(path)
    return folder, [name]


def _below(folder: str, top: str) -> str:
    """A directory as seen from one above it; what os.path.relpath() finds by taking both paths apart."""
    return folder[len(top) :].strip(os.sep) or "."


def find_runs(log_dir: AnyPath) -> dict[str, list[Path]]:
    """The runs in and below a directory: name as TensorBoard shows it ("." for the top) to its event files."""
    top = mirrors.local(log_dir)
    folders = sorted((_below(folder, top), folder, names) for folder, names in _walk(top))
    return {run: [Path(folder) / name for name in _in_order(names)] for run, folder, names in folders}


def event_files(folder: AnyPath) -> list[Path]:
    """The event files of one run, in the order in which they were made."""
    top = mirrors.local(folder)
    return [Path(top) / name for name in _in_order(slices.grouped(_event_file_names(top)))]


def in_slices(path: str) -> str:
    """`path`, or the name of its slices, `<path>.at-*`, if no such file is there and slices of it are.

    Of a URL it is the local copy, brought up to date.
    """
    if mirrors.is_url(path):
        return mirrors.local(path)
    if path.endswith(slices.ALL) or os.path.lexists(path) or not local_slices.exists(path):
        return path
    return path + slices.ALL


def given_paths(where: object) -> list[str]:
    """What was given, a path or URL or a list of them, as absolute paths that exist; errors as find_event_files()."""
    given = listed(where)
    if not given:
        raise ValueError("logdir: expected a path or a list of paths, got an empty list")
    tops = [
        mirrors.local(path) if mirrors.is_url(path) else in_slices(os.path.abspath(mirrors.local(path)))  # noqa: PTH100
        for path in given
    ]
    for top in tops:
        if top.endswith(slices.ALL) and local_slices.exists(top):
            continue
        try:
            mode = os.stat(top).st_mode  # noqa: PTH116
        except FileNotFoundError:
            raise _missing(top) from None
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise ValueError(f"logdir: expected a directory or a file, got {top!r}, which is neither")
    return list(dict.fromkeys(tops))


def listed(where: object) -> list[object]:
    """A path or a collection of them as a list. TypeError if it is neither."""
    if isinstance(where, str | bytes | os.PathLike):
        return [where]
    if isinstance(where, list | tuple | set | frozenset):
        return list(where)
    raise TypeError(f"logdir: expected a path or a list of paths, got {check.type_name(where)}")


def top_folders(where: object) -> list[str]:
    """The local directories in and below which find_event_files() looks; none for FoundFiles.

    One that holds them all if there are many: for a list of ten thousand files.
    """
    if isinstance(where, FoundFiles):
        return []
    where = [path for path in listed(where) if not mirrors.is_url(path)]
    if not where:
        return []
    folders = list(dict.fromkeys(_folder_of(top) for top in given_paths(where)))
    return folders if len(folders) <= _MOST_TOPS else [os.path.commonpath(folders)]


def _folder_of(top: str) -> str:
    return top if os.path.isdir(top) else os.path.dirname(top)  # noqa: PTH112, PTH120


def _walk(top: str) -> list[tuple[str, list[str]]]:
    """The folders with event files in and below a directory, and the names of these; those of slices as one."""
    return [(folder, slices.grouped(names)) for folder, names in _core.event_folders(top)]


def _in_order(paths: Collection[str]) -> Collection[str]:
    """The files of a run, or their names, by their making."""
    if len(paths) == 1:
        return paths
    return sorted(paths, key=lambda path: order(os.path.basename(path)))  # noqa: PTH119


def has_event_file(log_dir: AnyPath) -> bool:
    """Whether there is an event file in or below a directory; looks no further than the first."""
    return bool(_core.event_folders(paths.text(log_dir), most_folders=1))


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return is_event_file(entry.name) and entry.is_file()
    except OSError:  # a link that leads to itself
        return False


def _event_file_names(folder: str) -> list[str]:
    with os.scandir(folder) as listing:
        return [entry.name for entry in listing if _is_file(entry)]


def _missing(top: str) -> FileNotFoundError:
    parent = os.path.dirname(top)  # noqa: PTH120
    while not os.path.isdir(parent):  # noqa: PTH112
        parent = os.path.dirname(parent)  # noqa: PTH120
    return FileNotFoundError(
        f"logdir: expected a directory or a file, got {top!r}, which does not exist; {_near(parent)}"
    )


def _nothing_in(top: str) -> FileNotFoundError:
    if mirrors.shown(top) != top:
        return FileNotFoundError(
            "logdir: expected a directory with event files (their names hold 'tfevents'), got "
            f"{mirrors.shown(top)!r}, in which there are none"
        )
    names = sorted(os.listdir(top))  # noqa: PTH208
    there = ", ".join(repr(name) for name in names[:5]) + (
        f" and {len(names) - 5} more" if len(names) > 5 else ""
    )
    return FileNotFoundError(
        f"logdir: expected a directory with event files (their names hold 'tfevents'), got {top!r}, which "
        f"{'holds ' + there if names else 'is empty'}; {_near(os.path.dirname(top))}"  # noqa: PTH120
    )


def _near(folder: str) -> str:
    """A hint at directories in and below `folder` that have event files."""
    found = _core.event_folders(folder, most_entries=_NEAR_ENTRIES, most_folders=_NEAR_FOLDERS)
    if not found:
        return f"there are no event files near it, below {folder!r}"
    return "event files are in " + ", ".join(repr(name) for name, _ in found)
