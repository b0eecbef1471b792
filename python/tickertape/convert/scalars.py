"""One number in any form that add_scalar takes, as a float."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tickertape import _core
from tickertape.convert import arrays, check, deferred
from tickertape.convert.arrays import is_torch


def as_scalar(value: Any, name: str) -> float:
    """`value` as one float: a number, a 1-element array or tensor, or numeric text, as add_scalar takes it.

    Raises:
        TypeError: it has no float value (None, lists, complex numbers, objects).
        ValueError: it has several elements, is text that is no number, or is too great for a float64.
    """
    if isinstance(
        value, (list, tuple, np.complexfloating)
    ):  # float() drops NumPy's imaginary parts with a warning
        raise TypeError(f"{name}: expected one number, got {check.type_name(value)}")
    if isinstance(value, np.ndarray) or is_torch(value):
        array, dtype_name = arrays.as_array(value, name)
        if array.size != 1:
            raise ValueError(f"{name}: expected one number, got shape {tuple(array.shape)}")
        return float(arrays.widened(array, dtype_name).item())
    try:
        return float(value)
    except (TypeError, RuntimeError) as error:
        raise TypeError(f"{name}: expected one number, got {check.type_name(value)}") from error
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: expected one number, got {str(value)[:40]!r}") from error


def check_scalar(value: Any, name: str) -> None:
    """Raises what `as_scalar` would, as far as that can be known without waiting for a device."""
    if isinstance(value, _core.LateScalar):
        return
    if deferred.device_of(value) is None:
        as_scalar(value, name)
    elif math.prod(value.shape) != 1:
        raise ValueError(f"{name}: expected one number, got shape {tuple(value.shape)}")
