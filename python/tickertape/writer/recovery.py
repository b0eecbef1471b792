"""recover(): what killed processes had logged and no file has yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape import _core
from tickertape.convert import notices, paths

if TYPE_CHECKING:
    from tickertape.convert import types


class RecoveryReport(NamedTuple):
    """What became of the op ring that one process left.

    Attributes:
        ring: the ring's own file.
        process_id: the process that left it; 0 if that cannot be read.
        events: number of events that were recovered.
        events_lost: number of events that cannot be recovered: they died with the process, or cannot be encoded.
        complete: whether the ring is empty, and its file removed.
        files: event file to number of events recovered to it.
        messages: the same in words; empty if there was nothing to do.
        events_kept: number of events that stay in the ring, because their file is not found or cannot be written now.
    """

    ring: str
    process_id: int
    events: int
    events_lost: int
    complete: bool
    files: dict[str, int]
    messages: list[str]
    events_kept: int = 0


def recover(path: types.Path | None = None, *, dry_run: bool = False) -> list[RecoveryReport]:
    """Recovers what killed processes of this user had logged to the directory `path` or below.

    A SummaryWriter that opens the directory does the same. Rings of living processes are left alone; those
    that belong to another user, or that another version must read, are left alone and reported. Only event files below
    `path` are changed, also files that were moved there. If a file is not found, its missing events stay in the ring.
    May be interrupted and repeated; no event is recovered twice. A directory of rings that others may have changed is not used;
    if rings are in it, a RuntimeWarning says why, and what to do.

    Args:
        path: a log directory, as str, bytes or path; None is everything of this user.
        dry_run: change nothing, and report what would be done.

    Returns:
        One report for each ring that was found.

    Raises:
        OSError: there is no directory `path`.
        TypeError, ValueError: `path` is no local path.
    """
    reports = reports_of(path, dry_run=dry_run)
    for message in passed_over():
        notices.warn(message, RuntimeWarning)
    return reports


def reports_of(path: Any, *, dry_run: bool) -> list[RecoveryReport]:
    """As `recover`, which also warns about the directories that are passed over."""
    rings, _ = _core.recover(b"" if path is None else paths.there(path), dry_run)
    return [
        RecoveryReport(ring, process_id, events, lost, complete, files, messages, kept)
        for ring, process_id, events, lost, kept, complete, files, messages in rings
    ]


def passed_over() -> list[str]:
    """One message for each directory that cannot be trusted although rings are in it."""
    return [
        f"{rings} op ring{'' if rings == 1 else 's'} passed over: {problem}"
        for problem, rings in _core.passed_over_rings()
    ]
