"""Which device holds a value. `devices` registers how to find out; the conversions ask here and import no device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape import _core

# Types that are remembered. A program that makes types in a loop starts again instead of growing.
_MOST_TYPES = 1000


class DeferredArray(NamedTuple):
    """An array that a device is still copying to the host."""

    array: npt.NDArray[Any]  # memory that holds the values once `device_copy` has ended
    dtype: str  # element type, see dtypes.py
    device_copy: _core.DeviceCopy


class Device(Protocol):
    """One accelerator. No method waits for it; one that would have to returns None, and its caller converts on the host."""

    def scalars(
        self, values: Sequence[Any], arguments: Sequence[str]
    ) -> Sequence[_core.DeferredScalar | None]:
        """`values`, of one element each, as they are at this point of the device's work.

        Raises:
            TypeError, ValueError, RuntimeError: a value is no scalar or cannot be read; names its argument.
        """

    def array(self, value: Any, argument: str, *, exact: bool = False) -> DeferredArray | None:
        """`value` as a whole. `exact` as in `arrays.as_array`."""

    def histogram(self, value: Any, argument: str) -> DeferredArray | None:
        """The 1,556 words of add_histogram_counts, counted on the device."""

    def poll(self) -> None:
        """Completes the copies that have ended, if the core cannot see that by itself."""

    def forget(self) -> None:
        """Starts anew in a forked child: the copies under way belong to the parent."""


Finder = Callable[[Any], "Device | None"]  # a value to the device that holds it; None for the host

_finders: dict[type, Finder] = {}
_rules: list[Callable[[Any], Finder | None]] = []


def add_rule(rule: Callable[[Any], Finder | None]) -> None:
    """Adds a function that is asked about the first value of each type; it returns a finder, or None if it does not know."""
    _rules.append(rule)


def find_by(kind: type, finder: Finder) -> None:
    """From now on `finder` is asked for values whose type is exactly `kind`."""
    if len(_finders) >= _MOST_TYPES:
        _finders.clear()
    _finders[kind] = finder


def find(value: Any) -> Device | None:
    """The device that holds `value`; None for the host, and for a device that has to be waited for."""
    return _finders.get(type(value), _learn)(value)


def _learn(value: Any) -> Device | None:
    """The first value of a type."""
    finder = next((found for rule in _rules if (found := rule(value)) is not None), _on_host)
    find_by(type(value), finder)
    return finder(value)


def _on_host(_value: Any) -> None:
    return None
