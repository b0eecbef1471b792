"""Arrays of pixels as the core takes them: uint8 or floats. Integers of other types become uint8 here, by their range.

A picture of Pillow is read as it is: its axes are HWC or HW, whatever `dataformats` says.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedValue
from tickertape.convert import deferred

if TYPE_CHECKING:
    import numpy.typing as npt

# Pillow's modes whose array is what is to be seen; the others (palettes, CMYK, YCbCr, ...) are converted.
_PLAIN_MODES = ("1", "L", "LA", "RGB", "RGBA", "I;16", "I", "F")
_HAS_NO_SCALE = ("uint8", "float16", "float32", "float64", "bfloat16")


def readable(array: npt.NDArray[Any], dtype: str, name: str) -> tuple[npt.NDArray[Any], str]:
    """(pixels, element type) from the result of `arrays.as_array`; the core has the rule (codec/image/integer_pixels.h).

    Raises:
        ValueError: the range of the integers is neither 0 to 255 nor, for uint16, 0 to 65,535.
    """
    if dtype in _HAS_NO_SCALE:
        return array, dtype
    return _core.integers_to_bytes(array, name), "uint8"


def maybe_deferred(
    array: npt.NDArray[Any], dtype: str, source: _core.DeviceCopy | _core.InPlace | None, name: str
) -> tuple[npt.NDArray[Any], str, _core.DeviceCopy | _core.InPlace | None]:
    """The same for the result of `deferred.as_deferred_array`. The core converts what is still on a device later."""
    if dtype in _HAS_NO_SCALE or not deferred.is_readable(source):
        return array, dtype, source
    return (*readable(array, dtype, name), None)


def of_pillow(value: Any) -> tuple[npt.NDArray[Any], str] | None:
    """(array, its axes) of a picture of Pillow, or of a list of them of one size; None for anything else.

    Raises:
        ValueError: the pictures of a list differ in size.
    """
    module = sys.modules.get("PIL.Image")
    if module is None:
        return None
    if isinstance(value, module.Image):
        array = _pillow_array(value)
        return array, "HWC" if array.ndim == len("HWC") else "HW"
    if not isinstance(value, (list, tuple)) or not value:
        return None
    if not all(isinstance(picture, module.Image) for picture in value):
        return None
    sizes = {picture.size for picture in value}
    if len(sizes) > 1:
        raise UnsupportedValue(f"img_tensor: expected pictures of one size, got {sorted(sizes)} (W, H)")
    same_mode = len({picture.mode for picture in value}) == 1
    batch = np.stack([_pillow_array(picture if same_mode else picture.convert("RGB")) for picture in value])
    return (batch if batch.ndim == len("NHWC") else batch[..., np.newaxis]), "NHWC"


def _pillow_array(picture: Any) -> npt.NDArray[Any]:
    if picture.mode not in _PLAIN_MODES:
        is_transparent = "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa")
        picture = picture.convert("RGBA" if is_transparent else "RGB")
    return np.asarray(picture)
