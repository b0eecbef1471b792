"""Whether somebody is writing an event file: then it is not edited."""

from __future__ import annotations

import os
import platform
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape import _core
from tickertape.cli import terminal
from tickertape.cli.errors import NOTHING_FOUND, CommandError
from tickertape.reader import left_events

if TYPE_CHECKING:
    from collections.abc import Iterable

# A writer on another machine, or in a container, cannot be seen. TensorFlow's and torch's writers flush every 120 s.
_YOUNG_SECS = 300


_MADE = re.compile(r"tfevents\.(\d+)\.(.+)\.(\d+)\.\d+")  # seconds, host, process; torch's names and ours
# torch's and TensorBoard's writers open their file for each write, so nobody has it open in between.
_OPENS_FOR_EACH_WRITE = "tensorboard.summary."


def refuse_if_written(files: Iterable[str], *, are_closed: bool = False) -> None:
    """Raises CommandError if a file is being written, or if a killed process has left events for it.

    Args:
        files: event files.
        are_closed: the user says that the writers of living processes were closed.
    """
    names = {_identity(os.stat(file)): file for file in files}  # noqa: PTH116  # names need not be UTF-8
    writers = _writers(names)
    for identity, process in writers.items():
        raise CommandError(
            f"{names[identity]!r} is being written by process {process}; close its writer first",
            NOTHING_FOUND,
        )
    for file in names.values():
        process = 0 if are_closed else _living_maker(file)
        if process:
            raise CommandError(
                f"{file!r} is being written by process {process}, or was: torch's writers do not keep their file open, so "
                "it cannot be seen if it was closed; pass --closed if it was",
                NOTHING_FOUND,
            )
        if not are_closed:
            _refuse_if_young_elsewhere(file)
    for folder in {os.path.dirname(os.path.realpath(file)) for file in names.values()}:  # noqa: PTH120
        _refuse_if_left(folder)


def _writers(wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Which of these files (device, inode) are open for writing, and in which process."""
    wanted = set(wanted)
    found = {}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            descriptors = os.listdir(folder)  # noqa: PTH208  # names alone
        except OSError:  # another user's process, or gone
            continue
        for descriptor in descriptors:
            try:
                identity = _identity((folder / descriptor).stat())
                if identity in wanted and _is_writable(folder.parent / "fdinfo" / descriptor):
                    found[identity] = int(folder.parent.name)
            except OSError:  # noqa: PERF203  # closed meanwhile
                continue
    return found


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_writable(info: Path) -> bool:
    flags = re.search(r"^flags:\s*([0-7]+)", info.read_text(), re.MULTILINE)
    return flags is not None and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY


def _refuse_if_young_elsewhere(file: str) -> None:
    name = os.path.basename(file)  # noqa: PTH119
    age = time.time() - os.stat(file).st_mtime  # noqa: PTH116
    if (
        "." + platform.node() + "." not in f"{name}."
        and 0 <= age < _YOUNG_SECS
        and re.search(r"tfevents\.\d+\.", name)
    ):
        raise CommandError(
            f"{file!r} was made on another machine and written {age:.0f} s ago: it may still be written there; "
            f"wait until it is {_YOUNG_SECS // 60} minutes old, or pass --closed",
            NOTHING_FOUND,
        )


def _refuse_if_left(folder: str) -> None:
    left = left_events.count(folder)
    if left:
        raise CommandError(
            f"a killed process has left {terminal.counted(left, 'event')} for {folder!r} in its op ring; "
            f"run `tickertape repair {folder}` first",
            NOTHING_FOUND,
        )


def is_written(file: str) -> bool:
    """Whether a process that can be seen has the file open for writing."""
    return bool(_writers([_identity(os.stat(file))]) or _living_maker(file))  # noqa: PTH116


def _living_maker(file: str) -> int:
    """The process that made a file, if it lives and may have the file closed between writes; otherwise 0."""
    made = _MADE.search(os.path.basename(file))  # noqa: PTH119
    if made is None or made[2] != platform.node() or not _started_before(int(made[3]), int(made[1])):
        return 0
    first = next(iter(_core.RecordReader(file)), b"")
    try:
        writer = _core.Event(first).source_metadata.writer
    except ValueError:
        writer = ""
    return int(made[3]) if not writer or writer.startswith(_OPENS_FOR_EACH_WRITE) else 0


def _started_before(process: int, seconds: int) -> bool:
    """Whether a process lives that started before a moment: a number is used again after a process ended."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
        boot = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
    except OSError:
        return False
    ticks = int(
        status.rpartition(")")[2].split()[19]
    )  # field 22, starttime; the name before it may hold anything
    return boot is not None and int(boot[1]) + ticks / os.sysconf("SC_CLK_TCK") <= seconds + 1


def written(files: Iterable[str]) -> set[str]:
    """Those of these files that a process has open for writing, or may write: see is_written()."""
    names = [file for file in files if os.path.exists(file)]  # noqa: PTH110  # a str
    identities = {file: _identity(os.stat(file)) for file in names}  # noqa: PTH116
    open_ones = _writers(identities.values())
    return {file for file in names if identities[file] in open_ones or _living_maker(file)}
