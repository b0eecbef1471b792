"""Plots, enlarged digits and maps, gradients: pictures that a training logs besides photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_COLORS = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40))  # matplotlib's first four


def drawings() -> list[Pixels]:
    """Four plots, three upscaled sheets, three gradients; the same ones at each call."""
    return [*_plots(), *_sheets(), *_gradients()]


# --- Plots, by matplotlib if it is installed -------------------------------------------------------------------


def _plots() -> list[Pixels]:
    try:
        from matplotlib.backends.backend_agg import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
            FigureCanvasAgg,
        )
        from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return [_curves(), _bars(), _points(), _blocks()]
    drawn = []
    for draw in (_draw_curves, _draw_matrix, _draw_points, _draw_histogram):
        figure: Any = Figure(figsize=(6.4, 4.8), dpi=100)
        canvas: Any = FigureCanvasAgg(figure)
        draw(figure.subplots(), np.random.default_rng(5))
        canvas.draw()
        drawn.append(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    return drawn


def _draw_curves(axes: Any, _rng: np.random.Generator) -> None:
    for phase in range(4):
        axes.plot(np.sin(np.linspace(0, 6, 200) + phase), label=f"run {phase}")
    axes.legend()


def _draw_matrix(axes: Any, rng: np.random.Generator) -> None:
    counts = rng.poisson(2, (10, 10)) + np.diag(rng.integers(80, 100, 10))
    axes.imshow(counts, cmap="Blues")
    for row, column in np.ndindex(counts.shape):
        color = "white" if counts[row, column] > 50 else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=color)
    axes.set(xlabel="predicted", ylabel="true", xticks=range(10), yticks=range(10))


def _draw_points(axes: Any, rng: np.random.Generator) -> None:
    for group in range(4):
        x, y = rng.normal(group % 2 * 3, 1, 400), rng.normal(group // 2 * 3, 1, 400)
        axes.scatter(x, y, s=6, label=f"class {group}")
    axes.legend()
    axes.grid(visible=True)


def _draw_histogram(axes: Any, rng: np.random.Generator) -> None:
    axes.hist(rng.normal(0, 0.05, 5000), bins=60)
    axes.set(title="layer1/weight", xlabel="value", ylabel="count")
    axes.grid(visible=True, alpha=0.4)


def _frame() -> Pixels:
    image = np.full((480, 640, 3), 255, np.uint8)
    image[40:440, [60, 600]] = image[[40, 439], 60:601] = 0
    return image


def _curves() -> Pixels:
    image, x = _frame(), np.arange(60, 600)
    for index, color in enumerate(_COLORS):
        y = (240 + 150 * np.sin((x - 60) / 90 + index)).astype(int)
        for thick in range(3):
            image[y + thick, x] = color
    return image


def _bars() -> Pixels:
    image, rng = _frame(), np.random.default_rng(5)
    counts, _ = np.histogram(rng.normal(0, 0.05, 5000), 60)
    for index, height in enumerate((counts * (380 / counts.max())).astype(int)):
        image[439 - height : 439, 62 + 9 * index : 69 + 9 * index] = _COLORS[0]
    return image


def _points() -> Pixels:
    image, rng = _frame(), np.random.default_rng(5)
    for color in _COLORS:
        center = rng.integers(120, 360, 2)
        for y, x in (center + rng.normal(0, 30, (400, 2))).astype(int).clip(44, 430):
            image[y : y + 3, x + 60 : x + 63] = color
    return image


def _blocks() -> Pixels:
    image, rng = _frame(), np.random.default_rng(5)
    counts = np.clip(rng.poisson(2, (10, 10)) + np.diag(rng.integers(80, 100, 10)), 0, 99)
    shades = (255 - 2 * counts).astype(np.uint8).repeat(38, 0).repeat(38, 1)
    image[50:430, 140:520] = np.stack([shades, shades, np.full_like(shades, 255)], -1)
    return image


# --- Small things shown large: each element several pixels wide --------------------------------------------------


def _sheets() -> list[Pixels]:
    rng = np.random.default_rng(1)
    try:
        from sklearn.datasets import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
            load_digits,
        )
    except ImportError:
        cells = rng.integers(0, 17, (256, 8, 8)) * (np.arange(8) % 7 != 0)
    else:
        cells = load_digits().images[:256]
    digits = _tile((cells * (255 / 16)).astype(np.uint8), 16)
    kernels = rng.normal(0, 1, (64, 7, 7, 3))
    framed = np.pad(kernels / np.abs(kernels).max() / 2 + 0.5, ((0, 0), (0, 1), (0, 1), (0, 0)))
    attention = np.tril(rng.random((64, 64)) ** 4)
    attention = (255 * attention / attention.max()).astype(np.uint8)
    return [
        _upscale(np.stack([digits] * 3, -1), 4),  # input of a classifier
        _upscale(_tile((255 * framed).astype(np.uint8), 8), 8),  # the filters of a first layer
        _upscale(np.stack([attention] * 3, -1), 8),  # attention of a transformer
    ]


def _tile(cells: Pixels, columns: int) -> Pixels:
    """Cells (N, H, W, ...) in rows of `columns`."""
    rows = cells.reshape(-1, columns, *cells.shape[1:]).swapaxes(1, 2)
    sheet: Pixels = rows.reshape(rows.shape[0] * rows.shape[1], -1, *cells.shape[3:])
    return sheet


def _upscale(image: Pixels, factor: int) -> Pixels:
    return np.ascontiguousarray(image.repeat(factor, 0).repeat(factor, 1))


# --- Gradients ---------------------------------------------------------------------------------------------------


def _gradients() -> list[Pixels]:
    ramp = np.linspace(0, 255, 512).astype(np.uint8)
    across = np.tile(ramp, (512, 1))
    two_ways = np.stack([across, across.T, np.full_like(across, 128)], -1)
    x, y = np.meshgrid(np.linspace(-1, 1, 640), np.linspace(-1, 1, 480))
    near = np.exp(-3 * (x**2 + y**2))  # a heat map in three colours
    heat = np.stack([near, near**2, 1 - near], -1)
    angle = np.arctan2(y, x) / np.pi  # a field of directions, as optical flow is shown
    length = np.clip(np.hypot(x, y), 0, 1)
    flow = np.stack([0.5 + 0.5 * length * np.cos(np.pi * (angle + turn)) for turn in (0, 2 / 3, 4 / 3)], -1)
    smooth = [(255 * each).astype(np.uint8) for each in (heat, flow)]
    return [np.ascontiguousarray(each) for each in (two_ways, *smooth)]
