"""Pictures to encode: the photographs of scikit-image and scikit-learn, and drawings that a training logs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickertape.bench.drawings import Pixels, drawings

__all__ = ["Pixels", "clouds", "drawings", "photographs", "picture"]

# Photographs that scikit-image ships inside its wheel; others it would download.
_SHIPPED = ("astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "moon", "rocket")


def photographs() -> list[Pixels]:
    """The photographs that are installed; nothing is downloaded. [] if neither library is installed."""
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


def picture() -> Pixels:
    """One picture, 512 × 512 × 3: a photograph if there is one."""
    found = photographs()
    return found[0] if found else clouds()


def clouds(side: int = 512) -> Pixels:
    """A substitute for a photograph: noise whose spectrum falls with 1/f, as that of photographs."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = 1
    channels = []
    for _ in range(3):
        spectrum = np.exp(2j * np.pi * rng.random(frequency.shape)) / frequency**1.2
        field = np.fft.irfft2(spectrum, (side, side))
        channels.append(255 * (field - field.min()) / np.ptp(field))
    return np.ascontiguousarray(np.stack(channels, -1).astype(np.uint8))
