"""Curves drawn with braille characters: 2 by 4 dots each."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tickertape.cli.terminal import Screen

Floats = npt.NDArray[np.float64]

_FIRST = 0x2800  # the empty braille character of Unicode
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # [row, column] of a character


class Canvas:
    """A rectangle of characters on which curves are drawn, each in the colour of its number."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells = np.zeros((height, width), np.int64)
        self._owner = np.full((height, width), -1)
        self._letters: dict[tuple[int, int], str] = {}

    def draw(self, owner: int, x: Floats, y: Floats) -> None:
        """A line through points whose coordinates are from 0 to 1; y grows upwards. NaN interrupts it."""
        columns, rows = 2 * self.width - 1, 4 * self.height - 1
        across, down = x * columns, (1 - y) * rows
        good = np.isfinite(across) & np.isfinite(down)
        joined = good[:-1] & good[1:]
        for begin in np.flatnonzero(joined):
            dots = int(max(abs(across[begin + 1] - across[begin]), abs(down[begin + 1] - down[begin]), 1)) + 1
            self._dots(
                owner,
                np.linspace(across[begin], across[begin + 1], dots),
                np.linspace(down[begin], down[begin + 1], dots),
            )
        self._dots(owner, across[good], down[good])

    def letter(self, text: str, x: Floats, y: Floats) -> None:
        """A letter on a curve, where it is alone if it is anywhere: for terminals without colours."""
        good = np.flatnonzero(np.isfinite(y))
        for at in good[:: -max(len(good) // 8, 1)]:
            cell = (round((1 - y[at]) * (self.height - 1)), round(x[at] * (self.width - 1)))
            if cell not in self._letters:
                self._letters[cell] = text
                return

    def _dots(self, owner: int, across: Floats, down: Floats) -> None:
        columns, rows = np.rint(across).astype(int), np.rint(down).astype(int)
        inside = (columns >= 0) & (columns < 2 * self.width) & (rows >= 0) & (rows < 4 * self.height)
        columns, rows = columns[inside], rows[inside]
        np.bitwise_or.at(self._cells, (rows // 4, columns // 2), _DOTS[rows % 4, columns % 2])
        self._owner[rows // 4, columns // 2] = owner

    def lines(self, out: Screen, colors: tuple[str, ...]) -> list[str]:
        """The rows of characters; stars where there is no braille."""
        shown = []
        for row, (cells, owners) in enumerate(zip(self._cells, self._owner, strict=True)):
            line = ""
            for owner, columns in groupby(range(self.width), key=owners.tolist().__getitem__):
                text = "".join(
                    self._letters.get((row, column)) or _character(int(cells[column]), out)
                    for column in columns
                )
                line += text if owner < 0 else out.paint(text, colors[owner % len(colors)])
            shown.append(line)
        return shown


def _character(cell: int, out: Screen) -> str:
    if not cell:
        return " "
    return chr(_FIRST + cell) if out.has_unicode else "*"
