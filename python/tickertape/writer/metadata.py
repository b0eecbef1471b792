"""use_metadata: the step and the wall time of a block of calls, for a SummaryWriter or a FileWriter."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Iterator


class Metadata(NamedTuple):
    """Step and wall time for calls that name none; None if it has no such default."""

    step: int | None = None
    walltime: float | None = None


class Defaults:
    """The metadata of one writer."""

    def __init__(self) -> None:
        self.current = Metadata()

    @contextlib.contextmanager
    def replaced_by(self, metadata: Metadata) -> Iterator[None]:
        """While it lasts, `metadata` is the current one."""
        before = self.current
        self.current = metadata
        try:
            yield
        finally:
            self.current = before


def checked(global_step: Any, walltime: Any) -> Metadata:
    """The arguments of use_metadata.

    Raises:
        TypeError, ValueError: one is of the wrong kind, or neither is given.
    """
    if global_step is None and walltime is None:
        raise ValueError("global_step, walltime: expected at least one of them, got neither")
    step = None if global_step is None else check.step(global_step)
    return Metadata(step, check.walltime(walltime))
