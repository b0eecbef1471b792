"""Reads event files back, so that no figure is reported for events that are not in the file.

Read by our own reader, which checks every CRC, because a user has nothing else; benchmarks/readback.py does the same
with other people's code.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from tickertape import reader

if TYPE_CHECKING:
    from pathlib import Path


class WrongAnswerError(RuntimeError):
    """A contestant's files do not have what was logged, so its figure would be worthless."""


def check_scalars(log_dir: Path, tag: str, calls: int, value: float) -> None:
    """Asserts that `tag` has the steps 0 … calls - 1 in order, each with `value`."""
    found = reader.read_scalars(log_dir).get(tag)
    steps = [] if found is None else found.step.tolist()
    if found is None or steps != list(range(calls)) or set(found.value.tolist()) != {value}:
        raise WrongAnswerError(f"{log_dir}: {len(steps)} events of {tag}, expected {calls}")


def values(log_dir: Path, tag: str) -> list[Any]:
    """Every Value of `tag`, in file order; damage is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", reader.DamageWarning)
        return [
            value
            for file in reader.event_files(log_dir)
            for event in reader.summary_iterator(file)
            for value in event.summary.value
            if value.tag == tag
        ]


def check_count(log_dir: Path, tag: str, calls: int) -> list[Any]:
    """Asserts that `tag` has `calls` values; returns them."""
    found = values(log_dir, tag)
    if len(found) != calls:
        raise WrongAnswerError(f"{log_dir}: {len(found)} values of {tag}, expected {calls}")
    return found
