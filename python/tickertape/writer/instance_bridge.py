"""Metaclasses of SummaryWriter and FileWriter: after install() they count the writers they stand in for as theirs."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

from tickertape import _core

# Our class to the classes it stands in for; filled and emptied by integrations.install.
stands_in_for: dict[type, tuple[type, ...]] = {}


class Kin(ABCMeta):
    """`isinstance(torchs_writer, ours)` while installed. An ABCMeta, so that subclasses may mix in ABCs."""

    # By inheritance alone, and before ABCMeta, which would ask the subclasses back and remember beyond uninstall().
    def __instancecheck__(cls, instance: Any) -> bool:
        kin = stands_in_for.get(cls, ())
        return any(type.__instancecheck__(other, instance) for other in kin) or super().__instancecheck__(
            instance
        )

    def __subclasscheck__(cls, subclass: type) -> bool:
        kin = stands_in_for.get(cls, ())
        return any(type.__subclasscheck__(other, subclass) for other in kin) or super().__subclasscheck__(
            subclass
        )


class NativeKin(Kin, type(_core.SummaryWriterBase)):  # type: ignore[misc]  # pybind11's metaclass has no name
    """The same for a class with a native base."""


class Related(metaclass=Kin):
    """A base that does nothing: Python exchanges the bases of a class only where it has one besides object."""
