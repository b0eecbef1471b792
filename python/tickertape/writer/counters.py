"""SummaryWriter.stats: the counters of the process and the sizes of a writer's files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Iterable


def stats() -> dict[str, Any]:
    """Counters of the process.

    Returns:
        Numbers, those of the core (docs/reliability.md), and if the process has had a run with a URL:
        `upload_bytes_behind` and `upload_files_behind` (not in the store, about a second ago), `uploaded_bytes`,
        `uploaded_objects`, `upload_failures`, `last_upload_ns` (since the epoch; 0: none), and the text `last_upload_error` ("" if
        the last attempt did not fail).
    """
    uploader = sys.modules.get("tickertape.remote.uploader")  # not imported by a process without URLs
    return {**_core.stats(), **(uploader.stats() if uploader is not None else {})}


def stats_of(paths: Iterable[str]) -> dict[str, Any]:
    """See SummaryWriter.stats; `paths` of its event files, "" for a writer that writes nothing."""
    sizes = [size for path in paths if (size := _size(path)) is not None]
    return {**stats(), "files": len(sizes), "file_bytes": sum(sizes)}


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116  # a str
    except OSError:
        return None
