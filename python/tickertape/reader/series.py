"""One series of numbers as NumPy columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np  # noqa: TC002  # typing.get_type_hints() finds them
import numpy.typing as npt  # noqa: TC002

from tickertape.reader.frame import Frame

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Scalars(NamedTuple):
    """One series of numbers in file order, [n] each."""

    step: npt.NDArray[np.int64]
    wall_time: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]

    def to_dict(self) -> dict[str, npt.NDArray[np.generic]]:
        """The columns by name."""
        return dict(self._asdict())

    def to_pandas(self) -> pd.DataFrame:
        """A pandas.DataFrame. Raises ModuleNotFoundError if pandas is not installed."""
        return Frame(self._asdict()).to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """A polars.DataFrame. Raises ModuleNotFoundError if polars is not installed."""
        return Frame(self._asdict()).to_polars()

    def to_arrow(self) -> pa.Table:
        """A pyarrow.Table. Raises ModuleNotFoundError if pyarrow is not installed."""
        return Frame(self._asdict()).to_arrow()
