"""Arrays of pixels as the core takes them: uint8 or floats. Integers of other types become uint8 here, by their range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import deferred

if TYPE_CHECKING:
    import numpy.typing as npt

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
