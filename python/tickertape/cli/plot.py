"""`tickertape plot`: curves in the terminal, or as a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickertape.cli import braille, looking, pictures, terminal
from tickertape.cli.curve import Curve, limits, scaled, shown
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape plot runs --tags 'loss*' --smooth 0.6
  tickertape plot runs/a runs/b --tags loss --log-y --save loss.svg"""

_HEIGHT = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz"  # of curves, where there are no colours
_PIPE_WIDTH = 80
_DRAWN_POINTS = 4000  # of a curve, extremes kept: more than dots across a screen
_MARGIN = 10  # characters for the numbers of the y axis


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `plot`."""
    parser.add_argument("path", nargs="+", help="log directories, runs or event files")
    looking.add_filters(parser, kinds=False)
    parser.add_argument(
        "--smooth",
        type=float,
        default=0.0,
        metavar="WEIGHT",
        help="exponential smoothing from 0 to 1, as TensorBoard's",
    )
    parser.add_argument(
        "--x", choices=("step", "time"), default="step", help="the horizontal axis (default: step)"
    )
    parser.add_argument("--log-y", action="store_true", help="a logarithmic vertical axis")
    parser.add_argument(
        "--height", type=int, default=_HEIGHT, help="lines of each plot (default: %(default)s)"
    )
    parser.add_argument(
        "--save",
        metavar="FILE",
        help="write .svg, or .png or .pdf by matplotlib, instead of drawing in the terminal",
    )


def run(options: argparse.Namespace) -> int:
    """Draws a plot for each tag; exit status 1 if there is nothing to draw."""
    if not 0 <= options.smooth < 1:
        raise CommandError(f"--smooth: expected a weight from 0 up to 1, got {options.smooth}")
    if options.height < 2:
        raise CommandError(f"--height: expected at least 2 lines, got {options.height}")
    plots = _plots(options)
    if not plots:
        raise CommandError("no scalar matches", NOTHING_FOUND)
    with Progress("drawing"):
        if options.save:
            pictures.save(Path(options.save), plots, x_label=options.x, is_log=options.log_y)
            return FOUND
        drawn = [_drawn(tag, curves, options) for tag, curves in plots.items()]
    sys.stdout.writelines(drawn)
    return FOUND


def _plots(options: argparse.Namespace) -> dict[str, list[Curve]]:
    """The curves of each tag."""
    runs = looking.filtered(options, options.path, ("scalars",))
    scalars = runs.scalars
    if options.smooth:
        scalars = scalars.smooth(options.smooth)
    scalars = scalars.resample(_DRAWN_POINTS)
    plots: dict[str, list[Curve]] = {}
    for entry in scalars.entries:
        if not len(entry):
            continue
        x = entry.column("step").astype(np.float64)
        if options.x == "time":
            x = entry.column("wall_time") - entry.column("wall_time")[0]
        y = entry.column("value").astype(np.float64)
        if options.log_y:
            with np.errstate(divide="ignore", invalid="ignore"):
                y = np.where(y > 0, np.log10(y), np.nan)
        y = np.where(np.isfinite(y), y, np.nan)
        plots.setdefault(entry.tag, []).append(Curve(entry.run, x, y))
    return {tag: curves for tag, curves in plots.items() if any(np.isfinite(c.y).any() for c in curves)}


def _drawn(tag: str, curves: list[Curve], options: argparse.Namespace) -> str:
    """One plot as text: title, curves with axes, legend."""
    out = terminal.screen()
    width = max((out.width or _PIPE_WIDTH) - _MARGIN - 2, 10)
    canvas = braille.Canvas(width, options.height)
    left, right = limits([curve.x for curve in curves])
    low, high = limits([curve.y for curve in curves], is_log=options.log_y)
    for number, curve in enumerate(curves):
        canvas.draw(number, scaled(curve.x, left, right), scaled(curve.y, low, high))
    names = [_LETTERS[number % len(_LETTERS)] for number in range(len(curves))]
    if not out.has_color and len(curves) > 1:
        for name, curve in zip(names, curves, strict=True):
            canvas.letter(name, scaled(curve.x, left, right), scaled(curve.y, low, high))
    marks = {0: high, options.height // 2: (low + high) / 2, options.height - 1: low}
    lines = [out.paint(terminal.clean(tag), "bold")]
    for number, line in enumerate(canvas.lines(out, terminal.SERIES_COLORS)):
        mark = ""
        if number in marks:
            mark = terminal.number(shown(marks[number], is_log=options.log_y))
        lines.append(f"{mark:>{_MARGIN}.{_MARGIN}}│{line}".rstrip())
    first, last = _mark(left, options.x), _mark(right, options.x)
    lines.append(" " * (_MARGIN + 1) + first + " " * max(width - len(first) - len(last), 1) + last)
    for number, (name, curve) in enumerate(zip(names, curves, strict=True)):
        sign = "━━" if out.has_color or len(curves) == 1 else name
        color = terminal.SERIES_COLORS[number % len(terminal.SERIES_COLORS)]
        lines.append(f"{out.paint(sign, color)} {terminal.clean(curve.name)}")
    return "\n".join(lines) + "\n"


def _mark(value: float, axis: str) -> str:
    return f"{value:.0f} s" if axis == "time" else f"{value:.10g}"
