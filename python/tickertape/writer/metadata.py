"""use_metadata: the step and the wall time of a block of calls, for a SummaryWriter or a FileWriter."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Iterator


class Metadata:
    """What a call that names no step or no wall time uses; None if nothing is set. Equal to itself only."""

    __slots__ = ("step", "walltime")

    def __init__(self, step: int | None = None, walltime: float | None = None) -> None:
        self.step = step
        self.walltime = walltime


_NOTHING = Metadata()


class Defaults:
    """The metadata of one writer. Thread-safe: each block removes only its own entry, in any order."""

    def __init__(self) -> None:
        self._blocks: list[Metadata] = []

    @property
    def current(self) -> Metadata:
        """That of the block that was entered last."""
        last = self._blocks[-1:]  # one step, since another thread may leave its block meanwhile
        return last[0] if last else _NOTHING

    @contextlib.contextmanager
    def replaced_by(self, metadata: Metadata) -> Iterator[None]:
        """While it lasts, `metadata` is the current one."""
        self._blocks.append(metadata)
        try:
            yield
        finally:
            self._blocks.remove(metadata)


def checked(global_step: Any, walltime: Any) -> Metadata:
    """The arguments of use_metadata.

    Raises:
        TypeError, ValueError: one is of the wrong kind, or neither is given.
    """
    if global_step is None and walltime is None:
        raise UnsupportedValue("global_step, walltime: expected at least one of them, got neither")
    step = None if global_step is None else check.step(global_step)
    return Metadata(step, check.walltime(walltime))
