"""Columns of one length, and the shapes in which they can be taken away: dict, pandas, polars, Arrow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tickertape.reader import arrow
from tickertape.reader.column import Categories, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from tickertape import _core

_SHOWN_ROWS = 10
_SHOWN_CHARACTERS = 32


class Frame:
    """Columns of one length, by name."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._by_name = dict(columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._by_name)

    def __len__(self) -> int:
        for column in self._by_name.values():
            return len(column.codes if isinstance(column, Categories) else column)
        return 0

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column as a NumPy array; texts and lists as an array of objects.

        Raises:
            KeyError: there is no such column.
        """
        return _as_array(self._column(name))

    def to_dict(self) -> dict[str, npt.NDArray[Any]]:
        """Every column as a NumPy array, by name."""
        return {name: _as_array(column) for name, column in self._all_columns().items()}

    def to_pandas(self) -> pd.DataFrame:
        """A pandas.DataFrame; texts that repeat are categories.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        pandas = _module("pandas", "to_pandas()")
        data = {
            name: pandas.Categorical.from_codes(column.codes, column.texts)
            if isinstance(column, Categories)
            else column
            for name, column in self._all_columns().items()
        }
        frame: pd.DataFrame = pandas.DataFrame(data, copy=False)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """A polars.DataFrame. Raises ModuleNotFoundError if polars is not installed."""
        frame: pl.DataFrame = _module("polars", "to_polars()").DataFrame(self)
        return frame

    def to_arrow(self) -> pa.Table:
        """A pyarrow.Table. Raises ModuleNotFoundError if pyarrow is not installed."""
        table: pa.Table = _module("pyarrow", "to_arrow()").table(self)
        return table

    def __arrow_c_schema__(self) -> object:
        return self._arrow().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        shown = {name: [_text(value) for value in self._head(name)] for name in self.columns}
        return f"{type(self).__name__}: {len(self):,} rows\n" + grid(shown)

    def _column(self, name: str) -> Column:
        if name not in self._by_name:
            raise KeyError(f"{name!r}; the columns are {', '.join(map(repr, self.columns))}")
        return self._by_name[name]

    def _head(self, name: str) -> Sequence[object]:
        return list(self.column(name)[:_SHOWN_ROWS])

    def _formats(self) -> Mapping[str, str]:
        """Arrow's formats of the columns whose NumPy type does not tell them."""
        return {}

    def _arrow(self) -> _core.ArrowStream:
        return arrow.stream(self._all_columns(), self._formats(), len(self))

    def _all_columns(self) -> dict[str, Column]:
        return {name: self._column(name) for name in self.columns}


def _as_array(column: Column) -> npt.NDArray[Any]:
    if not isinstance(column, Categories):
        return column
    return np.array(column.texts, dtype=object)[column.codes] if column.texts else np.empty(0, object)


def grid(columns: Mapping[str, Sequence[str]]) -> str:
    """Texts in columns, each below its name."""
    widths = [max(len(text) for text in (name, *column)) for name, column in columns.items()]
    rows = [list(columns), *([*row] for row in zip(*columns.values(), strict=True))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _text(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _module(name: str, user: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{user}: expected {name} to be installed; pip install {name}") from error
