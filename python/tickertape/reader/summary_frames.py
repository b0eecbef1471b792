"""Data frames as tbparse has them, long and wide, from the rows of many files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt
    import pandas as pd

_ALWAYS = ("value", "counts", "limits")  # columns that extra_columns need not name
_ENDING = ("wall_time", "dir_name", "file_name")  # columns that come last


class Piece(NamedTuple):
    """The rows of a tag in one file: step and wall time (None for hyperparameters), and the columns of their type."""

    dir_name: str
    file_name: str
    tag: str
    step: npt.NDArray[np.int64] | None
    wall_time: npt.NDArray[np.float64] | None
    columns: dict[str, npt.NDArray[np.float64] | list[Any]]

    def rows(self) -> int:
        """How many rows."""
        return len(next(iter(self.columns.values())))


def frame(pieces: Iterable[Piece], pivot: bool, extra_columns: frozenset[str]) -> pd.DataFrame:
    """One data frame of all pieces.

    Raises:
        ModuleNotFoundError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  # only whoever asks needs it
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "SummaryReader: expected pandas to be installed; pip install pandas"
        ) from error
    found = [piece for piece in pieces if piece.rows()]
    if not found:
        return pd.DataFrame()
    stacked = _Stacked(found, extra_columns)
    return pd.DataFrame(stacked.wide() if pivot else stacked.long())


class _Stacked:
    """The rows of all pieces, one piece behind the other."""

    def __init__(self, pieces: Sequence[Piece], extra_columns: frozenset[str]) -> None:
        self._pieces = pieces
        self._counts = np.array([piece.rows() for piece in pieces])
        self._places = [name for name in ("dir_name", "file_name") if name in extra_columns]
        self._has_step = pieces[0].step is not None
        self._has_wall_time = self._has_step and "wall_time" in extra_columns
        self._names = [name for name in pieces[0].columns if name in extra_columns or name in _ALWAYS]

    def long(self) -> dict[str, Any]:
        keys = [*(self._codes(name) for name in self._places), self._codes("tag"), *self._steps()]
        order = np.lexsort(keys[::-1])
        columns: dict[str, Any] = {}
        if self._has_step:
            columns["step"] = keys[-1][order]
        columns["tag"] = self._texts("tag")[order]
        for name in self._names:
            columns[name] = _column(_joined([piece.columns[name] for piece in self._pieces])[order])
        if self._has_wall_time:
            columns["wall_time"] = self._wall_times()[order]
        return columns | {name: self._texts(name)[order] for name in self._places}

    def wide(self) -> dict[str, Any]:
        """Rows of one step (and place) are one row."""
        keys = [*(self._codes(name) for name in self._places), *self._steps()]
        order = np.lexsort(keys[::-1]) if keys else np.arange(int(self._counts.sum()))
        is_first = np.zeros(len(order), dtype=bool)
        is_first[0] = True
        for key in keys:
            is_first[1:] |= key[order][1:] != key[order][:-1]
        group = np.empty(len(order), dtype=np.int64)  # of each row, as the rows stand in the pieces
        group[order] = np.cumsum(is_first) - 1
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        heads = order[is_first]
        columns: dict[str, Any] = {"step": keys[-1][heads]} if self._has_step else {}
        for name, rows, values in self._by_tag():
            columns[name if name not in columns else f"{name}/value"] = _merged(
                values, group[rows], rank[rows], len(heads)
            )
        if self._has_wall_time:
            columns["wall_time"] = _merged(self._wall_times(), group, rank, len(heads))
        return columns | {name: self._texts(name)[heads] for name in self._places}

    def _by_tag(self) -> list[tuple[str, npt.NDArray[np.intp], npt.NDArray[Any]]]:
        """Columns of the wide form: name, which rows have a value, and these."""
        starts = np.cumsum(self._counts) - self._counts
        found: dict[str, list[tuple[npt.NDArray[np.intp], Any]]] = {}
        for piece, start in zip(self._pieces, starts.tolist(), strict=True):
            rows = np.arange(start, start + piece.rows())
            for name in self._names:
                column = piece.tag if name == "value" else f"{piece.tag}/{name}"
                found.setdefault(column, []).append((rows, piece.columns[name]))
        return [
            (name, np.concatenate([rows for rows, _ in parts]), _joined([values for _, values in parts]))
            for name, parts in sorted(found.items())
        ]

    def _codes(self, name: str) -> npt.NDArray[np.int64]:
        """Numbers that sort as the texts do."""
        texts = [getattr(piece, name) for piece in self._pieces]
        codes = {text: code for code, text in enumerate(sorted(set(texts)))}
        return np.repeat(np.array([codes[text] for text in texts]), self._counts)

    def _texts(self, name: str) -> npt.NDArray[Any]:
        return np.repeat(
            np.array([getattr(piece, name) for piece in self._pieces], dtype=object), self._counts
        )

    def _steps(self) -> list[npt.NDArray[np.int64]]:
        return [np.concatenate([piece.step for piece in self._pieces])] if self._has_step else []

    def _wall_times(self) -> npt.NDArray[np.float64]:
        return np.concatenate([piece.wall_time for piece in self._pieces])


def _joined(parts: Sequence[npt.NDArray[np.float64] | list[Any]]) -> npt.NDArray[Any]:
    """Numbers as they are; anything else as objects."""
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    everything = [value for part in parts for value in part]
    joined = np.empty(len(everything), dtype=object)
    for place, value in enumerate(everything):  # NumPy would make one array of arrays of one length
        joined[place] = value
    return joined


def _column(values: npt.NDArray[Any]) -> npt.NDArray[Any] | list[Any]:
    """What pandas infers the type of: of a list by its values."""
    return values.tolist() if values.dtype == object else values


def _merged(
    values: npt.NDArray[Any], group: npt.NDArray[np.int64], rank: npt.NDArray[np.int64], count: int
) -> npt.NDArray[Any] | list[Any]:
    """One value a group: the only one, a list of several in the order of `rank`, NaN for none. NaN is none."""
    is_there = (
        ~np.isnan(values) if values.dtype != object else np.array([not _is_nan(value) for value in values])
    )
    order = np.argsort(rank[is_there], kind="stable")
    values, group = values[is_there][order], group[is_there][order]
    sizes = np.bincount(group, minlength=count)
    if sizes.max(initial=0) <= 1:
        if values.dtype == object and all(
            isinstance(value, bool | float) for value in values
        ):  # pandas' groupby, and so tbparse, makes numbers of them
            values = values.astype(np.float64)
        merged = np.full(count, np.nan, dtype=values.dtype if values.dtype == object else np.float64)
        merged[group] = values
        return _column(merged)
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return [part.tolist() if len(part) > 1 else (part[0] if len(part) else np.nan) for part in parts]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124  # the test for NaN
