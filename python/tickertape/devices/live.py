"""The devices that this process uses. They are polled while the core waits, and start anew in a forked child."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from tickertape.convert.device import Device

_devices: list[Device] = []


def register(device: Device) -> None:
    """From now on `device` is polled, and its forget() is called in a forked child."""
    _devices.append(device)


def poll() -> None:
    """Hook of the core, called while it waits: each device completes the copies that have ended."""
    for device in tuple(_devices):
        device.poll()


def recycle() -> None:
    """Makes memory available again whose copy has ended and whose values are written."""
    for owner in _core.take_done():
        owner.give_back()


def _forget() -> None:
    for device in tuple(_devices):
        device.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
