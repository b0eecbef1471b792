"""Plots as inline SVG, without a plotting library: latency tails, bars, and speed against size.

Colours are CSS variables of page.py, so that a dark page has dark plots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 20, 50, 48
_COLORS = {
    "torch": "--torch",
    "Pillow": "--torch",
    "tensorboardX": "--tensorboardx",
    "tickertape": "--ours",
    "clock": "--muted",
    "floor": "--floor",
}


@dataclass
class Curve:
    """A line of a tails plot: nanoseconds and the share of calls that took longer."""

    name: str
    x_ns: Sequence[float]
    share: Sequence[float]
    dashed: bool = False


def color(name: str) -> str:
    """The colour of a contestant, by the first word of its name."""
    for start, variable in _COLORS.items():
        if name.startswith(start):
            return f"var({variable})"
    return "var(--other)"


def share_above(counts: Sequence[int]) -> list[float]:
    """For the upper edge of each bin, the share of calls above it."""
    total = sum(counts)
    return [1 - done / total for done in accumulate(counts)]


class _Log:
    """A logarithmic axis from `low` to `high` data units onto `start` to `end` pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = math.log10(low), math.log10(high), start, end

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + min(max(part, 0), 1) * (self.end - self.start)

    def decades(self) -> list[int]:
        return list(range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1))


def _svg(
    title: str, parts: Sequence[str], height: int = _HEIGHT, width: int = _WIDTH, left: int = _LEFT
) -> str:
    name = escape(title)
    heading = _text(left, 20, title, "start", "title")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{name}">'
        f"{heading}{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}" />'


def _seconds(decade: int) -> str:
    """10 to the power of `decade` nanoseconds."""
    for unit, size in (("s", 9), ("ms", 6), ("µs", 3), ("ns", 0)):
        if decade >= size:
            return f"{10 ** (decade - size)} {unit}"
    return ""


def tails(title: str, curves: Sequence[Curve]) -> str:
    """Log against log: how large a share of the calls took longer than so much."""
    x = _Log(10, 1e9, _LEFT, _WIDTH - _RIGHT)
    y = _Log(1e-6, 1, _HEIGHT - _BOTTOM, _TOP)
    parts = []
    for decade in x.decades():
        at = x.at(10.0**decade)
        parts += [_line(at, _TOP, at, _HEIGHT - _BOTTOM), _text(at, _HEIGHT - _BOTTOM + 18, _seconds(decade))]
    for decade in y.decades():
        at = y.at(10.0**decade)
        label = "all" if decade == 0 else f"1 in {10**-decade:,}"
        parts += [_line(_LEFT, at, _WIDTH - _RIGHT, at), _text(_LEFT - 6, at + 4, label, "end")]
    for index, curve in enumerate(curves):
        points = [(10.0, 1.0), *zip(curve.x_ns, curve.share, strict=True)]
        shown = [point for point in points if point[1] > 0]
        ended = points[len(shown)][0] if len(shown) < len(points) else shown[-1][0]
        path = " ".join(f"{x.at(at):.1f},{y.at(share):.1f}" for at, share in shown)
        path += f" {x.at(ended):.1f},{y.at(1e-6):.1f}"
        style = ' stroke-dasharray="6 4"' if curve.dashed else ""
        stroke = color(curve.name)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2"{style} />')
        row = _TOP + 16 + 18 * index
        start = _WIDTH - 270
        parts.append(f'<path d="M{start},{row - 4} h24" stroke="{stroke}" stroke-width="2"{style} />')
        parts.append(_text(start + 30, row, curve.name, "start"))
    return _svg(title, parts)


@dataclass
class Bar:
    """One bar: its label, its value on the axis, and the text after it."""

    name: str
    value: float
    words: str


def bars(title: str, found: Sequence[Bar], *, log: bool, small: bool = False) -> str:
    """Horizontal bars; a logarithmic axis starts at the power of ten below the least. Two `small` ones fit side by side."""
    width, left = (440, 100) if small else (_WIDTH, 250)
    height = _TOP + 30 * len(found) + 10
    right = width - 130
    top = max(bar.value for bar in found)
    low = 10.0 ** math.floor(math.log10(max(min(bar.value for bar in found), 1e-12)) - 0.3)
    scale = _Log(low, top, left, right) if log else None
    parts = []
    for index, bar in enumerate(found):
        y = _TOP + 30 * index
        end = scale.at(max(bar.value, low)) if scale else left + (right - left) * bar.value / (top or 1)
        parts.append(_text(left - 8, y + 16, bar.name, "end"))
        parts.append(
            f'<rect x="{left}" y="{y}" width="{max(end - left, 1.5):.1f}" height="22" fill="{color(bar.name)}" />'
        )
        parts.append(_text(max(end, left + 1.5) + 6, y + 16, bar.words, "start"))
    return _svg(title + (" (logarithmic)" if log else ""), parts, height, width, 4 if small else _LEFT)


@dataclass
class Point:
    """An encoder: megabytes a second, bytes of the files over bytes of the pixels."""

    name: str
    speed: float
    size: float


def scatter(title: str, points: Sequence[Point], x_label: str, y_label: str) -> str:
    """Speed (logarithmic) against size; better is right and down. Labels are right of their points."""
    low = 10.0 ** math.floor(math.log10(min(point.speed for point in points)))
    high = 10.0 ** math.ceil(math.log10(max(point.speed for point in points)))
    x = _Log(low, high, _LEFT, _WIDTH - _RIGHT - 90)
    least, most = min(point.size for point in points), max(point.size for point in points)
    margin = max((most - least) * 0.15, 0.01)
    least, most = least - margin, most + margin
    parts = []
    for decade in x.decades():
        at = x.at(10.0**decade)
        parts += [
            _line(at, _TOP, at, _HEIGHT - _BOTTOM),
            _text(at, _HEIGHT - _BOTTOM + 18, f"{10.0**decade:g}"),
        ]
    for index in range(6):
        value = least + (most - least) * index / 5
        at = _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * index / 5
        parts += [_line(_LEFT, at, _WIDTH - _RIGHT, at), _text(_LEFT - 6, at + 4, f"{value:.3f}", "end")]
    for point in points:
        at = x.at(point.speed)
        up = _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * (point.size - least) / (most - least)
        parts.append(f'<circle cx="{at:.1f}" cy="{up:.1f}" r="6" fill="{color(point.name)}" />')
        parts.append(_text(at + 10, up + 4, point.name, "start"))
    parts.append(_text(_WIDTH / 2, _HEIGHT - 8, x_label, kind="label"))
    parts.append(_text(_LEFT, _TOP - 8, y_label, "start", "label"))
    return _svg(title, parts)
