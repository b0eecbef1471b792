"""One series of numbers as NumPy columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np  # noqa: TC002  # typing.get_type_hints() finds them
import numpy.typing as npt  # noqa: TC002


class Scalars(NamedTuple):
    """One series of numbers in file order, [n] each."""

    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]
