"""Packages whose names are imported when they are first used, so that `import tickertape` needs NumPy alone."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def names(
    package: str, homes: Mapping[str, str], packages: tuple[str, ...] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a package.

    Args:
        package: the package's `__name__`.
        homes: each public name to the module that defines it.
        packages: public packages in it, which are imported when they are first used as an attribute.
    """

    def find(name: str) -> object:
        if name in packages:
            return import_module(f"{package}.{name}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def list_names() -> list[str]:
        return sorted(getattr(sys.modules[package], "__all__", homes))

    return find, list_names
