"""SummaryWriter.stats: the counters of the process and the sizes of a writer's files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Iterable


def stats(paths: Iterable[str]) -> dict[str, int]:
    """See SummaryWriter.stats; `paths` of its event files, "" for a writer that writes nothing."""
    sizes = [size for path in paths if (size := _size(path)) is not None]
    return {**_core.stats(), "files": len(sizes), "file_bytes": sum(sizes)}


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116  # a str
    except OSError:
        return None
