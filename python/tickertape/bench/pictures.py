"""Pictures to encode: the photographs that scikit-image and scikit-learn bring, and what a training logs besides."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

# Photographs that scikit-image ships inside its wheel; others it would download.
_SHIPPED = ("astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "moon", "rocket")


def photographs() -> list[Pixels]:
    """What is installed, nothing downloaded; [] where neither library is there."""
    found: list[Any] = []
    try:
        import skimage.data  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
    except ImportError:
        pass
    else:
        found += [getattr(skimage.data, name)() for name in _SHIPPED]
    try:
        from sklearn.datasets import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
            load_sample_images,
        )
    except ImportError:
        pass
    else:
        found += list(load_sample_images().images)
    return [np.ascontiguousarray(image) for image in found]


def drawings() -> list[Pixels]:
    """A plot, a sheet of digits, a gradient: what a training logs besides photographs."""
    return [_plot(), _digits(), _gradient()]


def picture() -> Pixels:
    """One picture, 512 × 512 × 3: a photograph where there is one."""
    found = photographs()
    return found[0] if found else clouds()


def clouds(side: int = 512) -> Pixels:
    """A stand-in where no photograph is installed: noise whose spectrum falls with 1/f, as photographs' do."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = 1
    channels = []
    for _ in range(3):
        spectrum = np.exp(2j * np.pi * rng.random(frequency.shape)) / frequency**1.2
        field = np.fft.irfft2(spectrum, (side, side))
        channels.append(255 * (field - field.min()) / np.ptp(field))
    return np.ascontiguousarray(np.stack(channels, -1).astype(np.uint8))


def _plot() -> Pixels:
    """What matplotlib draws where it is installed, else curves without smooth edges."""
    try:
        from matplotlib.backends.backend_agg import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
            FigureCanvasAgg,
        )
        from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return _curves()
    figure: Any = Figure(figsize=(6.4, 4.8), dpi=100)
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.subplots()
    for phase in range(4):
        axes.plot(np.sin(np.linspace(0, 6, 200) + phase), label=f"run {phase}")
    axes.legend()
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _curves() -> Pixels:
    image = np.full((480, 640, 3), 255, np.uint8)
    image[40:440, [60, 600]] = image[[40, 439], 60:601] = 0
    x = np.arange(60, 600)
    for index, color in enumerate(((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40))):
        y = (240 + 150 * np.sin((x - 60) / 90 + index)).astype(int)
        for thick in range(3):
            image[y + thick, x] = color
    return image


def _digits() -> Pixels:
    """What scikit-learn brings where it is installed, else random blocks; four times as large."""
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  # where it is installed
    except ImportError:
        cells = np.random.default_rng(1).integers(0, 17, (256, 8, 8)) * (np.arange(8) % 7 != 0)
    else:
        cells = load_digits().images[:256]
    sheet = (cells * (255 / 16)).astype(np.uint8).reshape(16, 16, 8, 8).swapaxes(1, 2).reshape(128, 128)
    return np.ascontiguousarray(np.stack([sheet.repeat(4, 0).repeat(4, 1)] * 3, -1))


def _gradient() -> Pixels:
    ramp = np.linspace(0, 255, 512).astype(np.uint8)
    across = np.tile(ramp, (512, 1))
    return np.ascontiguousarray(np.stack([across, across.T, np.full_like(across, 128)], -1))
