"""The scalars of a file or a run as columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickertape import _core
from tickertape.convert import paths
from tickertape.reader import damage
from tickertape.reader.log_dirs import event_files
from tickertape.reader.series import Scalars

if TYPE_CHECKING:
    import os


def read_scalars(path: str | os.PathLike[str]) -> dict[str, Scalars]:
    """Every scalar of an event file, or of the event files of one directory in the order of their names.

    Args:
        path: an event file, or the directory of a run; directories below it are runs of their own, see `find_runs`.

    Returns:
        Tag to Scalars, old and new style, in file order, read-only; nothing is sampled, purged or sorted. Damage, and records that
        protobuf would not parse, are skipped; one DamageWarning for each such file says what was skipped.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    name = paths.text(path)
    files = [str(file) for file in event_files(name)] if Path(name).is_dir() else [name]
    parts: dict[str, list[Scalars]] = {}
    for index in _core.scan_files(files, kinds=["scalars"]):
        if index.error is not None:
            raise index.error
        damage.warn(index.path, [(offset, size) for offset, size, _ in index.problems if size])
        for series in index.series:
            parts.setdefault(series.tag, []).append(Scalars(series.step, series.wall_time, series.value))
    return {
        tag: pieces[0] if len(pieces) == 1 else Scalars(*map(np.concatenate, zip(*pieces, strict=True)))
        for tag, pieces in parts.items()
    }
