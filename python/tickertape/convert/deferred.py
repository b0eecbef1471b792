"""Arrays that the core does not read during the call: still on an accelerator, or in the caller's memory (copy=False)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, device_registry
from tickertape.convert.arrays import is_torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


def as_deferred_array(
    value: Any, name: str, *, exact: bool = False, copy: bool = True
) -> tuple[npt.NDArray[Any], str, _core.DeviceCopy | _core.InPlace | None]:
    """`value` as an array, which may still be on a device.

    Args:
        value: as in `as_array`.
        name: the argument's name, for errors.
        exact: as in `as_array`.
        copy: False lets the core read the memory of `value` itself, after the call.

    Returns:
        (array, element type, source). The source is None if the core copies the array during the call. It is a DeviceCopy
        if a device is still copying: only shape and type of the array may then be used. It is an InPlace with
        `copy=False`.

    Raises:
        TypeError, ValueError: as `as_array`; or `copy` is False and `value` cannot be read in place.
    """
    if copy is not True and not check.flag(copy, "copy"):
        array, dtype_name = _read_only(value, name, exact=exact)
        return array, dtype_name, _core.InPlace(value)
    value = _core.host_array(value)
    if type(value) is not np.ndarray:
        tensor = _gathered(value) if isinstance(value, (list, tuple)) else value
        device = device_of(tensor)
        if device is not None:
            arrays.check_rank(tensor, name)
            deferred = device.array(tensor, name, exact=exact)
            if deferred is not None:
                return deferred.array, deferred.dtype, deferred.device_copy
    return (*arrays.as_array(value, name, exact=exact), None)


def _read_only(value: Any, name: str, *, exact: bool) -> tuple[npt.NDArray[Any], str]:
    if not isinstance(value, np.ndarray):
        raise UnsupportedType(f"{name}: expected a NumPy array (copy=False), got {check.type_name(value)}")
    if value.flags.writeable:
        raise UnsupportedValue(
            f"{name}: expected a read-only array (copy=False), got a writeable one; call .setflags(write=False) first"
        )
    array, dtype_name = arrays.as_array(value, name, exact=exact)
    if not array.flags.c_contiguous or not np.may_share_memory(array, value):
        raise UnsupportedValue(
            f"{name}: expected a C-contiguous array of a type that the core knows (copy=False), got {value.dtype} with "
            f"strides {value.strides}"
        )
    return array, dtype_name


def is_readable(source: _core.DeviceCopy | _core.InPlace | None) -> bool:
    """True if the values may be read now: `source`, from `as_deferred_array`, is no copy of a device."""
    return not isinstance(source, _core.DeviceCopy)


def device_of(value: Any) -> Any:
    """The Device that holds `value`; None if the host holds it, or if the device has to be waited for."""
    if type(value) is np.ndarray or (not (is_torch(value) and not value.is_cpu) and not _is_foreign(value)):
        return None
    return device_registry.find(value)


def _is_foreign(value: Any) -> bool:
    """True for an array of a library other than NumPy and torch."""
    return (
        hasattr(type(value), "__dlpack_device__")
        and not isinstance(value, np.ndarray)
        and not is_torch(value)
    )


def _gathered(values: Sequence[Any]) -> Any:
    """Tensors of one shape and type on one accelerator, stacked there; anything else unchanged."""
    if not values or not all(is_torch(value) and not value.is_cpu for value in values):
        return values
    if len({(value.device, value.dtype, value.shape) for value in values}) > 1:
        return values
    return sys.modules["torch"].stack([value.detach() for value in values])
