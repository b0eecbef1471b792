"""Which device holds a value. `devices` registers how to find out; the conversions ask here and import no device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.convert.device import Device, Finder

# Types that are remembered. A program that makes types in a loop starts again instead of growing.
_MOST_TYPES = 1000


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
