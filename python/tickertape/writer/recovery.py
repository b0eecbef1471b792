"""recover(): what killed processes had logged and no file has yet."""

from __future__ import annotations

from typing import Any, NamedTuple

from tickertape import _core
from tickertape.convert import paths


class RecoveryReport(NamedTuple):
    """What became of the op ring that one process left.

    Attributes:
        ring: the ring's own file.
        process_id: the process that left it; 0 if that cannot be read.
        events: recovered.
        events_lost: not to be recovered: they died with the process, or cannot be encoded.
        complete: nothing is left in the ring, and its file is removed.
        files: event file to number of events recovered to it.
        messages: the same in words; empty if there was nothing to do.
        events_kept: stay in the ring, because their file is not found or takes nothing just now.
    """

    ring: str
    process_id: int
    events: int
    events_lost: int
    complete: bool
    files: dict[str, int]
    messages: list[str]
    events_kept: int = 0


def recover(path: Any = None, *, dry_run: bool = False) -> list[RecoveryReport]:
    """Recovers what killed processes of this user had logged to the directory `path` or below.

    A SummaryWriter that opens the directory does the same. Rings of living processes are left alone; those
    that belong to another user, or that another version must read, are left alone and reported. Only event files below
    `path` are changed, also files that were moved there. If a file is not found, its missing events stay in the ring.
    May be interrupted and repeated: nothing is doubled.

    Args:
        path: a log directory, as str, bytes or path; everything of this user when None.
        dry_run: change nothing, and report what would be done.

    Returns:
        One report for each ring that was found.

    Raises:
        OSError: there is no directory `path`.
        TypeError, ValueError: `path` is no local path.
    """
    under = "" if path is None else paths.absolute(paths.local_dir(path))
    rings, _ = _core.recover(under, dry_run)
    return [
        RecoveryReport(ring, process_id, events, lost, complete, files, messages, kept)
        for ring, process_id, events, lost, kept, complete, files, messages in rings
    ]
