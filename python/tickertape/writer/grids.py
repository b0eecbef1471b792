"""make_grid: many images in one, as torchvision arranges them, without torchvision. add_image takes the result."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape.convert import types


def make_grid(
    tensor: types.Pixels,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Any:
    """Puts images side by side into one.

    Args:
        tensor: [N, C, H, W], [C, H, W] or [H, W], or a list of images of one shape; tensors of any library. One channel
            becomes three.
        nrow: images in a row; the number of rows follows.
        padding: pixels around each image.
        normalize: shift and scale to 0..1, from `value_range`, or from the least and greatest value.
        value_range: (low, high) for `normalize`; values outside are clipped.
        scale_each: use the range of each image instead of the range of all.
        pad_value: value of the padding.

    Returns:
        [C, H, W] of the type of `tensor`: a torch tensor on its device if `tensor` is one or a list of them, otherwise a
        NumPy array, bfloat16 as float32. Normalised integers are float32 (torchvision raises). A single image has no
        padding.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.utils.make_grid.html
    """
    first: Any = tensor[0] if isinstance(tensor, (list, tuple)) and tensor else tensor
    grid = _numpy_grid(tensor, nrow, padding, normalize, value_range, scale_each, pad_value)
    if not arrays.is_torch(first):
        return grid
    result = sys.modules["torch"].from_numpy(np.ascontiguousarray(grid)).to(first.device)
    is_same_kind = first.dtype.is_floating_point and result.dtype.is_floating_point
    return result.to(first.dtype) if is_same_kind else result


def _numpy_grid(
    tensor: Any,
    nrow: int,
    padding: int,
    normalize: bool,
    value_range: tuple[float, float] | None,
    scale_each: bool,
    pad_value: float,
) -> npt.NDArray[Any]:
    """The grid of `make_grid` as an array."""
    images, dtype = _images(tensor)
    nrow = check.integer(nrow, "nrow", 1)
    padding = check.integer(padding, "padding", 0)
    filling = _filling(pad_value, images.dtype if not normalize else np.dtype(np.float32))
    low_high = None if value_range is None else _range(value_range)
    count = images.shape[0]
    columns, padding = (min(nrow, count), padding) if count > 1 else (1, 0)
    if normalize:
        each = bool(scale_each)
        grid = _core.make_scaled_grid(images, dtype, columns, padding, float(filling), low_high, each)
        return grid.astype(np.float16) if images.dtype == np.float16 else grid
    if count > 1:
        return _core.make_grid(images, dtype, columns, padding, filling)
    only: npt.NDArray[Any] = images[0]
    return np.repeat(only, 3, axis=0) if only.shape[0] == 1 else only.copy()


def _images(tensor: Any) -> tuple[npt.NDArray[Any], str]:
    """(the images as [N, C, H, W], the type of their elements)."""
    images, dtype = arrays.as_array(tensor, "tensor")
    if dtype == "bfloat16":
        images, dtype = arrays.widened(images, dtype), "float32"
    if not 2 <= images.ndim <= 4 or 0 in images.shape:
        raise UnsupportedValue(
            f"tensor: expected [N, C, H, W], [C, H, W] or [H, W] with pixels, got shape {images.shape}"
        )
    height, width = images.shape[-2:]
    return images.reshape(images.shape[0] if images.ndim == 4 else 1, -1, height, width), dtype


def _filling(pad_value: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """`pad_value` as one element of the grid."""
    value = check.real(pad_value, "pad_value")
    if dtype.kind in "iu" and not (np.iinfo(dtype).min <= value <= np.iinfo(dtype).max):
        raise UnsupportedValue(f"pad_value: expected a value that {dtype} holds, got {value}")
    return np.array(int(value) if dtype.kind in "iu" else value, dtype)


def _range(value_range: Any) -> tuple[float, float]:
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise UnsupportedType(f"value_range: expected (low, high), got {value_range!r}")
    low, high = (check.real(value, "value_range") for value in value_range)
    return low, high
