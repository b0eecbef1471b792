"""The devices that this process has used: polled while the core waits, told of forks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from tickertape.convert.device_registry import Device

_devices: list[Device] = []


def register(device: Device) -> None:
    """From now on `device` is polled and told of forks."""
    _devices.append(device)


def poll() -> None:
    """Hook of the core, called while it waits: every device completes the copies that have ended."""
    for device in tuple(_devices):
        device.poll()


def recycle() -> None:
    """Takes back the memory of copies that have ended and are written."""
    for owner in _core.take_done():
        owner.give_back()


def _forget() -> None:
    for device in tuple(_devices):
        device.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
