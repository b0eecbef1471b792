"""What public methods take, for type checkers. At run time anything is tried, and refused with the argument's name."""

from __future__ import annotations

from os import PathLike
from typing import Any, Protocol, SupportsFloat, SupportsIndex, TypeAlias


class HasItem(Protocol):
    """An array or tensor of one element, of any library."""

    def item(self) -> Any:
        """The element."""


# One number: a list, a dict and None are none.
Scalar: TypeAlias = SupportsFloat | SupportsIndex | HasItem | str
Directory: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]
