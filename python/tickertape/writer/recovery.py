"""recover(): writes what killed processes had logged, and is not in a file yet, to their files."""

from __future__ import annotations

from typing import Any, NamedTuple

from tickertape import _core
from tickertape.convert import paths


class RecoveryReport(NamedTuple):
    """What happened to the queue of one dead process.

    Attributes:
        ring: the queue's own file, in shared memory or a log directory.
        process_id: the process; 0 if it cannot be read.
        events: number of events that were recovered.
        events_lost: number of events that cannot be recovered: their file is gone, or they cannot be encoded.
        complete: the queue is empty, and its file is removed.
        files: event file to the number of events that were written to it.
        messages: the same in words; empty if there was nothing to do.
    """

    ring: str
    process_id: int
    events: int
    events_lost: int
    complete: bool
    files: dict[str, int]
    messages: list[str]


def recover(path: Any = None) -> list[RecoveryReport]:
    """Recovers what killed processes of this user had logged to the directory `path` or below.

    A SummaryWriter that opens the directory does the same. Queues of living processes are not touched. Queues of other
    users and versions are not touched either, but reported. If the directory has been deleted, what was logged to it is
    discarded. May be interrupted and repeated: no event is written twice.

    Args:
        path: a log directory, as str, bytes or path; None means all directories of this user.

    Returns:
        One report for each queue that was found.

    Raises:
        OSError: `path` cannot be resolved.
        TypeError, ValueError: `path` is no local path.
    """
    under = "" if path is None else paths.absolute_dir(path)
    return [RecoveryReport(*fields) for fields in _core.recover(under)]
