"""The scalars of a file or a run as columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        Tag to Scalars, old and new style, in file order; nothing is sampled, purged or sorted. Damage, and records that
        protobuf would not parse, are skipped; one DamageWarning for each such file says what was skipped.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    name = paths.text(path)
    if not Path(name).is_dir():
        return {tag: Scalars(*columns) for tag, columns in _of_file(name).items()}
    parts: dict[str, list[tuple[Any, ...]]] = {}
    for file in event_files(name):
        for tag, columns in _of_file(str(file)).items():
            parts.setdefault(tag, []).append(columns)
    return {
        tag: Scalars(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))
        for tag, pieces in parts.items()
    }


def _of_file(path: str) -> dict[str, tuple[Any, ...]]:
    series, damaged = _core.read_scalars(path)
    damage.warn(path, damaged)
    return series
