"""recover(): what killed processes had logged and no file has yet, brought home."""

from __future__ import annotations

from typing import Any, NamedTuple

from tickertape import _core
from tickertape.convert import paths


class RecoveryReport(NamedTuple):
    """What became of the queue that one process left.

    Attributes:
        ring: the queue's own file, in shared memory or a log directory.
        process_id: who left it; 0 where that cannot be read.
        events: brought home.
        events_lost: not to be had: their file is gone, or they cannot be encoded.
        complete: nothing is left in the queue, and its file is removed.
        files: event file to number of events brought to it.
        messages: the same in words; empty where there was nothing to do.
    """

    ring: str
    process_id: int
    events: int
    events_lost: int
    complete: bool
    files: dict[str, int]
    messages: list[str]


def recover(path: Any = None) -> list[RecoveryReport]:
    """Brings home what processes of this user that were killed had logged to the directory `path` or below.

    A SummaryWriter that opens the directory does the same by itself. Queues of living processes are left alone; those of
    other users and versions too, and reported. Where the directory has been deleted, what was logged to it goes for good.
    May be interrupted and repeated: nothing is doubled.

    Args:
        path: a log directory, as str, bytes or path; everything of this user when None.

    Returns:
        One report for each queue that was found.

    Raises:
        OSError: `path` cannot be resolved.
        TypeError, ValueError: `path` is no local path.
    """
    under = "" if path is None else paths.absolute_dir(path)
    return [RecoveryReport(*fields) for fields in _core.recover(under)]
