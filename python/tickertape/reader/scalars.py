"""The scalars of a file or a run as columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickertape.reader import mirrors, scan
from tickertape.reader.compressed import Unpacked
from tickertape.reader.log_dirs import event_files, in_slices
from tickertape.reader.selection import EVERYTHING
from tickertape.reader.series import Scalars

if TYPE_CHECKING:
    import os

_SCALARS = EVERYTHING._replace(kinds=("scalars",))


def read_scalars(path: str | os.PathLike[str]) -> dict[str, Scalars]:
    """Every scalar of an event file, or of the event files of one directory in the order of their names.

    Args:
        path: an event file (also `.gz` and `.zst`), or the directory of a run; directories below it are runs of their own, see `find_runs`.

    Returns:
        Tag to Scalars, old and new style, in file order, read-only; nothing is sampled, purged or sorted. Damage, and records that
        protobuf would not parse, are skipped; one DamageWarning for each such file says what was skipped.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    name = mirrors.local(path)
    files = [str(file) for file in event_files(name)] if Path(name).is_dir() else [in_slices(name)]
    parts: dict[str, list[Scalars]] = {}
    for file in scan.scan_files(files, Unpacked(), selected=_SCALARS):
        if file.error is not None:
            raise file.error
        scan.warn_of_damage(file)
        for series in file.index.series if file.index is not None else ():
            parts.setdefault(series.tag, []).append(Scalars(series.step, series.wall_time, series.value))
    return {
        tag: pieces[0] if len(pieces) == 1 else Scalars(*map(np.concatenate, zip(*pieces, strict=True)))
        for tag, pieces in parts.items()
    }
