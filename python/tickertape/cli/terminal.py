"""What standard output can show: its width, colours and characters; and texts laid out for it."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
SERIES_COLORS = ("cyan", "yellow", "magenta", "green", "blue", "red")
_BLOCKS = "▁▂▃▄▅▆▇█"
_LEAST_COLUMN = 5  # characters to which a column of text is shortened
_ASCII_BLOCKS = "_.-=+*#@"


class Screen(NamedTuple):
    """Where the output goes.

    Attributes:
        width: columns of the terminal; None in a pipe or file, where lines are never cut.
        has_color: whether escape sequences are shown as colours.
        has_unicode: whether the encoding has braille and block characters.
    """

    width: int | None
    has_color: bool
    has_unicode: bool

    def paint(self, text: str, style: str) -> str:
        """The text in a colour, if colours are shown."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.has_color else text

    def sparkline(self, values: Sequence[float], width: int) -> str:
        """Numbers as a line of bars; what is not finite is a blank."""
        from math import isfinite  # noqa: PLC0415  # for two subcommands

        if not len(values):
            return ""
        width = min(width, len(values))
        picked = [float(values[number * len(values) // width]) for number in range(width)]
        finite = [value for value in picked if isfinite(value)]
        if not finite:
            return " " * width
        low, high = min(finite), max(finite)
        blocks = _BLOCKS if self.has_unicode else _ASCII_BLOCKS
        span = high / 2 - low / 2  # halves, since high - low may overflow
        top = len(blocks) - 1
        return "".join(
            " " if not isfinite(v) else blocks[round((v / 2 - low / 2) / span * top) if span else 0]
            for v in picked
        )


def screen() -> Screen:
    """What standard output is now. NO_COLOR, FORCE_COLOR, TERM and COLUMNS are heeded."""
    is_terminal = sys.stdout.isatty()
    color = is_terminal and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        color = True
    if os.environ.get("NO_COLOR"):
        color = False
    try:
        "⣿█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        has_unicode = False
    else:
        has_unicode = True
    return Screen(shutil.get_terminal_size().columns if is_terminal else None, color, has_unicode)


def clean(text: str) -> str:
    """A name from a file, without characters that would steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def say(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{clean(text)}\n")


def width_of(text: str) -> int:
    """The columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def shorten(text: str, width: int) -> str:
    """A text of at most `width` columns; the middle is left out."""
    if width_of(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head, tail = text[: (width - 1) // 2], text[-(width // 2) :]
    while width_of(head) + width_of(tail) + 1 > width:
        head, tail = head[:-1], tail[1:]
    return f"{head}…{tail}"


def pad(text: str, width: int, *, is_right: bool = False) -> str:
    """A text with blanks up to a width."""
    blanks = " " * (width - width_of(text))
    return blanks + text if is_right else text + blanks


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], out: Screen, right: Sequence[str] = ()
) -> str:
    """Rows under a header, in columns.

    Columns are shortened if the terminal is too narrow, the widest first: texts, and the names of columns to the right. The
    cells of those are numbers, which are whole or nothing. In a pipe nothing is shortened.

    Args:
        header: the names of the columns.
        rows: texts, one for each column.
        out: where it will be shown.
        right: names of the columns that are aligned to the right.
    """
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(width_of, column)) for column in columns]
    least = [
        max([_LEAST_COLUMN, *map(width_of, column[1:])]) if name in right else _LEAST_COLUMN
        for name, column in zip(header, columns, strict=True)
    ]
    if out.width is not None:
        widths = _fitted(widths, least, out.width - 2 * (len(widths) - 1))
    lines = []
    for number, row in enumerate([header, *rows]):
        cells = [
            pad(shorten(cell, width), width, is_right=name in right)
            for cell, width, name in zip(row, widths, header, strict=True)
        ]
        line = "  ".join(cells).rstrip()
        lines.append(out.paint(line, "bold") if number == 0 else line)
    return "\n".join(lines) + "\n"


def _fitted(widths: list[int], least: list[int], room: int) -> list[int]:
    """The widths of columns that share a room, the widest shortened first, none below its least."""
    limit = max(widths)
    fitted = widths
    while sum(fitted) > room and limit > _LEAST_COLUMN:
        limit -= 1
        fitted = [max(min(width, limit), min(width, low)) for width, low in zip(widths, least, strict=True)]
    return fitted


def number(value: float) -> str:
    """A number in at most some ten characters."""
    return f"{value:.6g}"


def count(value: int) -> str:
    """A count with separators of thousands."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """A count with its noun, in the singular if it is one: "1 file", "2 files"."""
    return f"{count(value)} {noun if value == 1 else noun + 's'}"


def kind_counted(value: int, kind: str) -> str:
    """The same of a kind's values: "1 image", "2 scalars", "1 text"; some kinds are in the singular already."""
    return counted(value, kind.removesuffix("s")) if kind.endswith("s") else f"{count(value)} {kind}"


def size(byte_count: float) -> str:
    """A size with its unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if byte_count < 1000:
            return f"{byte_count:.0f} {unit}" if unit == "B" else f"{byte_count:.3g} {unit}"
        byte_count /= 1000
    return f"{byte_count:,.3g} TB"


def ago(seconds: float) -> str:
    """How long ago something was."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"
