"""The thumbnails of add_embedding in one picture, as the projector cuts it up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedValue
from tickertape.convert import arrays, notices, pixels

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_PIXELS = 8192  # a side: the projector refuses larger pictures
_FEWEST_PIXELS = 4  # a side of a thumbnail that was scaled down: less shows nothing


class Sprite(NamedTuple):
    """A picture of thumbnails, ceil(sqrt(N)) in a row."""

    png: bytes
    width: int  # of one thumbnail, pixels
    height: int


def make(label_img: Any, count: int) -> Sprite:
    """All `count` thumbnails in one picture; they are scaled down if it would be larger than the projector takes.

    Raises:
        TypeError: `label_img` is no array of numbers.
        ValueError: it is not [count, 1 or 3, H, W], or the thumbnails would be too small.
    """
    images, dtype = arrays.as_array(label_img, "label_img")
    if images.ndim != 4 or images.shape[0] != count or images.shape[1] not in (1, 3) or images.size == 0:
        raise UnsupportedValue(f"label_img: expected [{count}, 1 or 3, H, W], got shape {images.shape}")
    images, dtype = pixels.readable(images, dtype, "label_img")
    columns = math.ceil(math.sqrt(count))
    if columns * max(images.shape[2:]) > MOST_PIXELS:
        images, dtype = _scaled_down(images, dtype, columns)
    _, channels, height, width = images.shape
    grid = np.zeros((columns * columns, channels, height, width), images.dtype)
    grid[:count] = images
    # [row, column, C, H, W] -> [row, H, column, W, C]
    grid = grid.reshape(columns, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    picture = grid.reshape(columns * height, columns * width, channels)
    png = _core.encode_png(_core.make_pixels(picture, dtype, "HWC", "label_img"))
    return Sprite(png, width, height)


def _scaled_down(images: npt.NDArray[Any], dtype: str, columns: int) -> tuple[npt.NDArray[Any], str]:
    """(thumbnails that fit, element type): uint8 stays uint8, floats become float32."""
    height, width = images.shape[2:]
    most = MOST_PIXELS // columns
    new = [max(1, side * most // max(height, width)) for side in (height, width)]
    if min(new) < min(_FEWEST_PIXELS, height, width):
        raise UnsupportedValue(
            f"label_img: expected thumbnails that fit into {MOST_PIXELS} pixels a side with at least {_FEWEST_PIXELS} "
            f"pixels each, got {len(images)} of {height} x {width}; pass fewer points"
        )
    notices.warn(
        f"label_img: expected a sprite of at most {MOST_PIXELS} pixels a side, got {len(images)} images of {height} x "
        f"{width}; they are scaled down to {new[0]} x {new[1]}"
    )
    is_bytes = dtype == "uint8"
    source = images if is_bytes else arrays.widened(images, dtype)
    scaled = np.empty((*images.shape[:2], *new), np.uint8 if is_bytes else np.float32)
    for image, to in zip(source, scaled, strict=True):
        mean = _averaged(_averaged(image.astype(np.float32), new[0], 1), new[1], 2)
        to[...] = np.rint(mean) if is_bytes else mean
    return scaled, "uint8" if is_bytes else "float32"


def _averaged(image: npt.NDArray[np.float32], size: int, axis: int) -> npt.NDArray[np.float32]:
    """`image` with `size` pixels on `axis`, each the mean of those that it replaces."""
    starts = np.arange(size) * image.shape[axis] // size
    counts = np.diff(np.append(starts, image.shape[axis])).astype(np.float32)
    sums: npt.NDArray[np.float32] = np.add.reduceat(image, starts, axis)
    return sums / counts.reshape([-1 if other == axis else 1 for other in range(image.ndim)])
