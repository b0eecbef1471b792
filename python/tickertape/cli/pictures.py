"""Plots as files: SVG of our own, everything else by matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tickertape.cli.curve import limits, shown
from tickertape.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tickertape.cli.curve import Curve

_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's, for all eyes
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 320, 70, 16, 34, 40
_LEGEND_LINE = 16


def save(path: Path, plots: Mapping[str, Sequence[Curve]], *, x_label: str, is_log: bool) -> None:
    """Writes a picture with a plot for each tag.

    Raises:
        CommandError: the file's ending is no picture's, or matplotlib is needed and not installed.
    """
    if path.suffix == ".svg":
        path.write_text(svg(plots, x_label=x_label, is_log=is_log), encoding="utf-8", errors="replace")
        return
    if path.suffix not in {".png", ".pdf"}:
        raise CommandError(f"--save: expected a name that ends in .svg, .png or .pdf, got {str(path)!r}")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  # heavy, and for this alone
    except ModuleNotFoundError as error:
        raise CommandError(
            f"--save: {path.suffix} needs matplotlib: pip install matplotlib, or save as .svg"
        ) from error
    figure = Figure(figsize=(8, 3.6 * len(plots)), layout="constrained")
    for axes, (tag, curves) in zip(
        figure.subplots(len(plots), squeeze=False)[:, 0], plots.items(), strict=True
    ):
        for number, curve in enumerate(curves):
            axes.plot(
                curve.x,
                10**curve.y if is_log else curve.y,
                color=_COLORS[number % len(_COLORS)],
                label=_plain(curve.name),
            )
        axes.set(title=_plain(tag), xlabel=x_label, yscale="log" if is_log else "linear")
        axes.legend()
    figure.savefig(path)


def svg(plots: Mapping[str, Sequence[Curve]], *, x_label: str, is_log: bool) -> str:
    """The plots below each other, as SVG."""
    parts, top = [], 0
    for tag, curves in plots.items():
        parts.append(f'<g transform="translate(0,{top})">{_plot(tag, curves, x_label, is_log=is_log)}</g>')
        top += _HEIGHT + _LEGEND_LINE * len(curves)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _plot(tag: str, curves: Sequence[Curve], x_label: str, *, is_log: bool) -> str:
    left, right = limits([curve.x for curve in curves])
    low, high = limits([curve.y for curve in curves], is_log=is_log)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def across(x: float) -> float:
        return _LEFT + width * (x / 2 - left / 2) / (right / 2 - left / 2)

    def down(y: float) -> float:
        return _TOP + height * (1 - (y / 2 - low / 2) / (high / 2 - low / 2))

    parts = [f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(_plain(tag))}</text>']
    for mark in _marks(low, high):
        label = f"{shown(mark, is_log=is_log):.6g}"
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down(mark):.1f}" y2="{down(mark):.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 6}" y="{down(mark) + 4:.1f}" text-anchor="end">{label}</text>'
        )
    parts += [
        f'<text x="{across(mark):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{mark:.6g}</text>'
        for mark in _marks(left, right)
    ]
    parts.append(f'<text x="{_LEFT + width / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{x_label}</text>')
    for number, curve in enumerate(curves):
        color = _COLORS[number % len(_COLORS)]
        parts += [
            f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{points}"/>'
            for points in _segments(
                [(across(x), down(y)) for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True)]
            )
        ]
        y = _HEIGHT + _LEGEND_LINE * number + 8
        parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + 20}" y1="{y - 4}" y2="{y - 4}" stroke="{color}" stroke-width="2"/>'
            f'<text x="{_LEFT + 26}" y="{y}">{escape(_plain(curve.name))}</text>'
        )
    return "".join(parts)


def _segments(points: list[tuple[float, float]]) -> list[str]:
    """The stretches of finite points, as attributes of polylines; a lone point is drawn as a short one."""
    stretches: list[list[str]] = [[]]
    for x, y in points:
        if math.isfinite(y):
            stretches[-1].append(f"{x:.1f},{y:.1f}")
        elif stretches[-1]:
            stretches.append([])
    return [" ".join(stretch if len(stretch) > 1 else stretch * 2) for stretch in stretches if stretch]


def _marks(low: float, high: float) -> list[float]:
    """Some five round numbers between two."""
    unit = 10 ** math.floor(math.log10(high / 2 - low / 2))
    step = next(
        unit * factor for factor in (0.2, 0.5, 1, 2, 5) if (high / 2 - low / 2) / (unit * factor) <= 3
    )
    if step == 0:
        return [low]
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _plain(name: str) -> str:
    """A name that XML and matplotlib can hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
