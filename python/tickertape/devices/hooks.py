"""Hooks that the core calls for a value that may be on an accelerator, and the registry's rule for such values.

The core imports this module at the first value that is not a plain number. Each kind of device has its own module,
which is imported at the first value of that kind. Only libraries that the caller has imported are used.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape.convert import device_registry
from tickertape.devices import live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickertape.convert.device import Device, Finder

find = device_registry.find
# DLPack's kDLCPU, kDLCUDA, kDLCUDAHost, kDLROCM, kDLROCMHost, kDLCUDAManaged (dmlc/dlpack, dlpack.h).
_DLPACK_CUDA_LIKE = (2, 10, 13)


def one(value: Any, argument: str) -> _core.DeferredScalar | None:
    """Hook of the core for the value of one add_scalar."""
    device = find(value)
    return None if device is None else device.scalars((value,), (argument,))[0]


def many(values: Sequence[Any], arguments: Sequence[str]) -> list[_core.DeferredScalar | None]:
    """Hook of the core for the values of one log(): one copy for each device."""
    devices = [find(value) for value in values]
    first = devices[0]
    if first is not None and devices.count(first) == len(devices):
        return list(first.scalars(values, arguments))
    deferred: list[_core.DeferredScalar | None] = [None] * len(values)
    for device in dict.fromkeys(devices):
        if device is None:
            continue
        places = [index for index, other in enumerate(devices) if other is device]
        found = device.scalars([values[i] for i in places], [arguments[i] for i in places])
        for place, scalar in zip(places, found, strict=True):
            deferred[place] = scalar
    return deferred


def _finder(value: Any) -> Finder | None:
    """Rule of the registry for torch tensors, JAX arrays, and arrays that torch can read through DLPack."""
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "Tensor") and isinstance(value, torch.Tensor):
        return _by_torch
    jax: Any = sys.modules.get("jax")
    if hasattr(jax, "Array") and isinstance(value, jax.Array):
        from tickertape.devices import jax_arrays  # noqa: PLC0415  # needs jax

        return jax_arrays.finder(type(value))
    if isinstance(value, (np.ndarray, np.generic)) or not hasattr(type(value), "__dlpack_device__"):
        return None
    return _by_dlpack


def _by_torch(tensor: Any) -> Device | None:
    """Finder for torch tensors until the first one that is not on the host."""
    if tensor.is_cpu:
        return None
    finder: Finder = _torch_tensors().finder(type(tensor))
    device_registry.find_by(type(tensor), finder)
    return finder(tensor)


def _by_dlpack(value: Any) -> Device | None:
    """Finder for arrays (of CuPy and others) that torch can read in place. Without torch the host converts them."""
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "from_dlpack"):
        return None
    try:
        kind, index = value.__dlpack_device__()
    except Exception:  # noqa: BLE001  # any error of another library: its own conversion will raise it again
        return None
    if kind not in _DLPACK_CUDA_LIKE:
        return None
    device: Device | None = _torch_tensors().known(torch.device("cuda", index))
    return device


@cache
def _torch_tensors() -> Any:
    from tickertape.devices import torch_tensors  # noqa: PLC0415  # needs torch

    torch_tensors.keep_out_of_graphs((one, many, live.poll))
    return torch_tensors


device_registry.add_rule(_finder)
_core.set_device_hooks(one, many, live.poll)
