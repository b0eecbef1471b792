"""Metaclasses of SummaryWriter and FileWriter: after install(), isinstance is true for the writers they replace, too."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

from tickertape import _core

# Our class to the classes that it replaces. integrations.install fills and empties it.
replaced_classes: dict[type, tuple[type, ...]] = {}


class InstanceBridge(ABCMeta):
    """`isinstance(writer_of_torch, OurClass)` is true while installed. An ABCMeta, so that subclasses may mix in ABCs."""

    # Before ABCMeta, and by inheritance only: ABCMeta would ask the subclasses in turn, and remember the answer beyond
    # uninstall().
    def __instancecheck__(cls, instance: Any) -> bool:
        replaced = replaced_classes.get(cls, ())
        return any(
            type.__instancecheck__(other, instance) for other in replaced
        ) or super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        replaced = replaced_classes.get(cls, ())
        return any(
            type.__subclasscheck__(other, subclass) for other in replaced
        ) or super().__subclasscheck__(subclass)


class NativeInstanceBridge(InstanceBridge, type(_core.SummaryWriterBase)):  # type: ignore[misc]  # pybind11's metaclass has no name
    """The same for a class with a native base."""


class EmptyBase(metaclass=InstanceBridge):
    """Empty base class: CPython allows assigning to `__bases__` only if a class does not derive from `object` directly."""
