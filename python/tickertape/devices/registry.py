"""Values that lie on an accelerator: who can hand them over without waiting for it. The core's hooks into Python.

The core imports this at the first value that is no plain number. Each kind of device is a `Device` in a file of its own,
loaded when the first value of it comes along; nothing is imported here that the caller has not.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

# Types that are remembered; a program that makes types in a loop starts again instead of growing.
_MOST_TYPES = 1000
# DLPack's kDLCPU, kDLCUDA, kDLCUDAHost, kDLROCM, kDLROCMHost, kDLCUDAManaged (dmlc/dlpack, dlpack.h).
_DLPACK_CUDA_LIKE = (2, 10, 13)


class LateArray(NamedTuple):
    """An array on its way to the host."""

    array: npt.NDArray[Any]  # memory that holds its values once `arrival` is here
    dtype: str  # element type, in the core's words
    arrival: _core.Arrival


class Device(Protocol):
    """One accelerator. Nothing here waits for it; a method that cannot do without says None and leaves it to others."""

    def scalars(self, values: Sequence[Any], arguments: Sequence[str]) -> Sequence[_core.LateScalar | None]:
        """What `values`, of one element each, are at this point of the device's work.

        Raises:
            TypeError, ValueError, RuntimeError: a value that is no scalar or cannot be read; names its argument.
        """

    def elements(self, values: Any, argument: str) -> Sequence[_core.LateScalar | None]:
        """The same of all elements of one array."""

    def array(self, value: Any, argument: str, *, exact: bool = False) -> LateArray | None:
        """`value` as a whole. `exact` as in `arrays.as_array`."""

    def histogram(self, value: Any, argument: str) -> LateArray | None:
        """The 1,556 words of add_histogram_counts, counted on the device."""

    def poll(self) -> None:
        """Settles what has come, where the core cannot see that by itself."""

    def forget(self) -> None:
        """In a forked child: what was under way is the parent's."""


_resolvers: dict[type, Callable[[Any], Device | None]] = {}
_devices: list[Device] = []


def register(device: Device) -> None:
    """Has `device` polled, and told of forks."""
    _devices.append(device)


def resolve_by(kind: type, resolver: Callable[[Any], Device | None]) -> None:
    """Values whose type is exactly `kind` are on the device that `resolver` names."""
    if len(_resolvers) >= _MOST_TYPES:
        _resolvers.clear()
    _resolvers[kind] = resolver


def find(value: Any) -> Device | None:
    """The device that holds `value`; None where it is the host, or one that must be waited for."""
    return _resolvers.get(type(value), _learn)(value)


def one(value: Any, argument: str) -> _core.LateScalar | None:
    """Hook of the core: the value of one add_scalar."""
    device = _resolvers.get(type(value), _learn)(value)
    return None if device is None else device.scalars((value,), (argument,))[0]


def many(values: Sequence[Any], arguments: Sequence[str]) -> list[_core.LateScalar | None]:
    """Hook of the core: all such values of one log(); one copy for each device."""
    devices = [_resolvers.get(type(value), _learn)(value) for value in values]
    first = devices[0]
    if first is not None and devices.count(first) == len(devices):
        return list(first.scalars(values, arguments))
    late: list[_core.LateScalar | None] = [None] * len(values)
    for device in dict.fromkeys(devices):
        if device is None:
            continue
        places = [index for index, other in enumerate(devices) if other is device]
        found = device.scalars([values[i] for i in places], [arguments[i] for i in places])
        for place, scalar in zip(places, found, strict=True):
            late[place] = scalar
    return late


def poll() -> None:
    """Hook of the core: called while it waits."""
    for device in tuple(_devices):
        device.poll()


def recycle() -> None:
    """Takes back the memory of what has arrived and been written."""
    for owner in _core.take_done():
        owner.give_back()


def _learn(value: Any) -> Device | None:
    """The first value of a type."""
    resolver = _resolver(value)
    resolve_by(type(value), resolver)
    return resolver(value)


def _resolver(value: Any) -> Callable[[Any], Device | None]:
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "Tensor") and isinstance(value, torch.Tensor):
        return _by_torch
    jax: Any = sys.modules.get("jax")
    if hasattr(jax, "Array") and isinstance(value, jax.Array):
        from tickertape.devices import jax_arrays  # noqa: PLC0415  # likewise

        return jax_arrays.resolver(type(value))
    if isinstance(value, (np.ndarray, np.generic)) or not hasattr(type(value), "__dlpack_device__"):
        return _on_host
    return _by_dlpack


def _on_host(_value: Any) -> None:
    return None


def _by_torch(tensor: Any) -> Device | None:
    """Until the first tensor comes that is not on the host."""
    if tensor.is_cpu:
        return None
    from tickertape.devices import torch_tensors  # noqa: PLC0415  # only for those who have torch, and a device

    resolver = torch_tensors.resolver(type(tensor))
    resolve_by(type(tensor), resolver)
    return resolver(tensor)


def _by_dlpack(value: Any) -> Device | None:
    """CuPy and others whose arrays torch can look at in place; without torch they are copied as they offer it."""
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "from_dlpack"):
        return None
    try:
        kind, index = value.__dlpack_device__()
    except Exception:  # noqa: BLE001  # whatever another library raises: then its own conversion says what is wrong
        return None
    if kind not in _DLPACK_CUDA_LIKE:
        return None
    from tickertape.devices import torch_tensors  # noqa: PLC0415  # only for those who have torch

    return torch_tensors.known(torch.device("cuda", index))


def _forget() -> None:
    for device in tuple(_devices):
        device.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
_core.set_late_hooks(one, many, poll)
