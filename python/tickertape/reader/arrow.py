"""Columns as Arrow streams: which format each has, and the buffers that the native stream points to."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape.reader.column import Categories, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

_DTYPES = {"l": np.int64, "g": np.float64, "i": np.int32}


def stream(columns: Mapping[str, Column], formats: Mapping[str, str], rows: int) -> _core.ArrowStream:
    """One batch of these columns. `formats` has those that NumPy's type does not tell: "U", "Z", "+Lg" and so on."""
    fields: list[tuple[str, str, Sequence[str] | None]] = []
    buffers: list[Sequence[Any]] = []
    for name, column in columns.items():
        if isinstance(column, Categories):
            fields.append((name, "dict", column.texts))
            buffers.append([None, np.ascontiguousarray(column.codes)])
        else:
            form = formats.get(name) or _format(column)
            fields.append((name, form, None))
            buffers.append(_buffers(column, form))
    return _core.ArrowStream(fields, [(rows, buffers)])


def _format(column: npt.NDArray[Any]) -> str:
    """Arrow's format of a column by what is in it; objects of several types become text."""
    kind = column.dtype.kind
    if kind in "biuf":
        return {"b": "b", "f": "g"}.get(kind, "l")
    values = [value for value in column if value is not None]
    if values and all(isinstance(value, bytes) for value in values):
        return "Z"
    if values and all(isinstance(value, list | np.ndarray) for value in values):
        return "+Lg"
    return "U"


def _buffers(column: npt.NDArray[Any], form: str) -> list[Any]:
    if form in _DTYPES:
        return [None, np.ascontiguousarray(column, dtype=_DTYPES[form])]
    if form == "b":
        return [None, np.packbits(column, bitorder="little")]
    if not form.startswith("+L"):
        is_there = np.array([value is not None for value in column], dtype=np.bool_)
        validity = None if is_there.all() else np.packbits(is_there, bitorder="little")
        return [validity, *_joined([_to_bytes(value) for value in column])]
    return [None, _offsets(len(items) for items in column), *_items(column, form[2:])]


def _items(column: npt.NDArray[Any], form: str) -> list[Any]:
    """The buffers of all items of lists."""
    if form in _DTYPES:
        parts = [np.asarray(items, dtype=_DTYPES[form]) for items in column]
        return [np.concatenate(parts) if parts else np.empty(0, _DTYPES[form])]
    return _joined([_to_bytes(item) for items in column for item in items])


def _joined(values: list[bytes]) -> list[Any]:
    return [_offsets(map(len, values)), b"".join(values)]


def _offsets(lengths: Iterable[int]) -> npt.NDArray[np.int64]:
    return np.array(list(accumulate(lengths, initial=0)), dtype=np.int64)


def _to_bytes(value: object) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
