"""A curve to be drawn, and the limits of its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]
_GREATEST = float(np.finfo(np.float64).max)


class Curve(NamedTuple):
    """What is drawn: finite x, and y (NaN where nothing is drawn), [n] each."""

    name: str
    x: Floats
    y: Floats


def limits(columns: Sequence[Floats], *, is_log: bool = False) -> tuple[float, float]:
    """The least and the greatest finite number; apart, so that everything between has a place."""
    numbers = np.concatenate(columns)
    numbers = numbers[np.isfinite(numbers)]
    low, high = float(numbers.min()), float(numbers.max())
    half = 0.5 if is_log else abs(low) / 2 or 0.5
    return (low, high) if low != high else (max(low - half, -_GREATEST), min(high + half, _GREATEST))


def scaled(values: Floats, low: float, high: float) -> Floats:
    """Numbers from `low` to `high` as numbers from 0 to 1."""
    return (values / 2 - low / 2) / (high / 2 - low / 2)  # halves, since high - low may overflow


def shown(value: float, *, is_log: bool) -> float:
    """What a place on the vertical axis stands for."""
    return float(10 ** min(value, 308.0)) if is_log else value
