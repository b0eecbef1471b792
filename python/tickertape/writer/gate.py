"""Exchanges methods of SummaryWriter for those that ask first: which writer takes the op, whether, and at which step.

Used by writers that write nothing, by observed files, and by record_if, set_step and use_metadata. A process that uses
none of them pays nothing.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Callable

_guarded: list[type] = []  # SummaryWriter, once it is defined
_waiting: list[Callable[[type], None]] = []


def guard(cls: type) -> None:
    """Says which class `change` is about."""
    _guarded.append(cls)
    while _waiting:
        _waiting.pop(0)(cls)


def change(action: Callable[[type], None]) -> None:
    """Calls `action(SummaryWriter)`, now or when the class is defined."""
    if _guarded:
        action(_guarded[0])
    else:
        _waiting.append(action)


@functools.cache
def take_over_native_methods() -> None:
    """From now on the methods that SummaryWriter has from the core ask which writer takes the op."""
    change(_replace_native_methods)


def writes(name: str) -> bool:
    """True for the methods of writers that put something into the file."""
    return name.startswith("add_") or name == "log"


def _replace_native_methods(cls: type) -> None:
    for name, method in vars(_core.SummaryWriterBase).items():
        if writes(name):
            setattr(cls, name, _asking(name, method))


def _asking(name: str, native: Any) -> Any:
    @functools.wraps(native)
    def method(self: Any, *args: Any, **kwargs: Any) -> None:
        op_writer = self._op_writer()
        if isinstance(op_writer, _core.EventFileWriter):
            native(self, *args, **kwargs)
        else:
            getattr(op_writer, name)(*args, **kwargs)

    return method
