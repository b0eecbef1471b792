"""make_grid: many images in one, as torchvision lays them out, without torchvision; what it gives goes to add_image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _check, _convert

if TYPE_CHECKING:
    import numpy.typing as npt

_LEAST_RANGE = 1e-5  # torchvision/utils.py: a flat image is not divided by zero


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> npt.NDArray[Any]:
    """Puts images side by side into one.

    Args:
        tensor: [N, C, H, W], [C, H, W] or [H, W], or a list of images of one shape; tensors of any library. One channel
            becomes three.
        nrow: images in a row; the number of rows follows.
        padding: pixels around each image.
        normalize: shift and scale to 0..1, by `value_range`, or by the smallest and the greatest value.
        value_range: (low, high) for `normalize`; values beyond are clipped.
        scale_each: find the range of each image by itself and not of them all.
        pad_value: what the padding is filled with.

    Returns:
        [C, H, W] of the type of `tensor` (torchvision: a tensor), bfloat16 as float32. Normalised integers are float32
        (torchvision raises). A single image has no padding.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.utils.make_grid.html
    """
    images = _images(tensor)
    nrow = _check.integer(nrow, "nrow", 1)
    padding = _check.integer(padding, "padding", 0)
    filling = _filling(pad_value, images.dtype if not normalize else np.dtype(np.float32))
    low_high = None if value_range is None else _range(value_range)
    if normalize:
        images = _normalised(images, low_high, each=bool(scale_each))
    count, channels, height, width = images.shape
    if count == 1:
        only: npt.NDArray[Any] = images[0]
        return only
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    high, wide = height + padding, width + padding  # an image and the padding before it
    grid = np.full((channels, rows * high + padding, columns * wide + padding), filling, images.dtype)
    for number, image in enumerate(images):
        top, left = number // columns * high + padding, number % columns * wide + padding
        grid[:, top : top + height, left : left + width] = image
    return grid


def _images(tensor: Any) -> npt.NDArray[Any]:
    """The images as [N, C, H, W] with a single channel repeated."""
    images = _convert.widened(*_convert.as_array(tensor, "tensor"))
    if not 2 <= images.ndim <= 4 or 0 in images.shape:
        raise ValueError(
            f"tensor: expected [N, C, H, W], [C, H, W] or [H, W] with pixels, got shape {images.shape}"
        )
    height, width = images.shape[-2:]
    images = images.reshape(images.shape[0] if images.ndim == 4 else 1, -1, height, width)
    return np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images


def _filling(pad_value: Any, dtype: np.dtype[Any]) -> Any:
    """`pad_value` as an element of the grid."""
    value = _check.real(pad_value, "pad_value")
    if dtype.kind in "iu" and not (np.iinfo(dtype).min <= value <= np.iinfo(dtype).max):
        raise ValueError(f"pad_value: expected a value that {dtype} holds, got {value}")
    return dtype.type(int(value) if dtype.kind in "iu" else value)


def _range(value_range: Any) -> tuple[float, float]:
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise TypeError(f"value_range: expected (low, high), got {value_range!r}")
    low, high = (_check.real(value, "value_range") for value in value_range)
    return low, high


def _normalised(
    images: npt.NDArray[Any], low_high: tuple[float, float] | None, *, each: bool
) -> npt.NDArray[Any]:
    """A copy in which `low` is 0 and `high` is 1."""
    kind = images.dtype if images.dtype.kind == "f" else np.dtype(np.float32)
    scaled = images.astype(np.promote_types(kind, np.float32))
    for part in scaled if each else (scaled,):
        low, high = low_high or (float(part.min()), float(part.max()))
        np.clip(part, low, high, out=part)
        with np.errstate(
            invalid="ignore", over="ignore"
        ):  # Inf and NaN become NaN, as in torch, without a word
            np.subtract(part, low, out=part)
            np.divide(part, max(high - low, _LEAST_RANGE), out=part)
    return scaled.astype(kind, copy=False)
