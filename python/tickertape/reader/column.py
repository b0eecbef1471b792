"""A column: a NumPy array, or few different texts and which of them each row has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence


class Categories(NamedTuple):
    """A column of few different texts: for each row the number of its text."""

    codes: npt.NDArray[np.int32]
    texts: list[str]


Column = npt.NDArray[Any] | Categories


def objects(values: Sequence[object]) -> npt.NDArray[Any]:
    """An array of these objects; NumPy would make one of more dimensions of lists of one length."""
    array = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        array[number] = value
    return array


def categories(names: Sequence[str], counts: Sequence[int]) -> Categories:
    """Each name as often as its count says."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    each = np.array([numbers[name] for name in names], dtype=np.int32)
    return Categories(np.repeat(each, np.asarray(counts, dtype=np.intp)), list(numbers))
