"""use_metadata: the step and the time of a whole block of calls, for a SummaryWriter or a FileWriter."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self


class UsesMetadata:
    """Defaults of one writer."""

    _metadata: tuple[int | None, float | None] = (None, None)  # step and wall time

    @contextlib.contextmanager
    def use_metadata(self, *, global_step: Any = None, walltime: Any = None) -> Iterator[Self]:
        """While it lasts, add_* of this writer that name no step or wall time take these, in every thread.

        May be nested: the inner one counts.

        Args:
            global_step: int64.
            walltime: seconds since the epoch.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or neither is given.

        Source: tensorboardX/writer.py.
        """
        if global_step is None and walltime is None:
            raise ValueError("global_step, walltime: expected at least one of them")
        step = None if global_step is None else check.step(global_step)
        seconds = check.walltime(walltime)
        self._before_metadata()
        before = self._metadata
        self._metadata = (step, seconds)
        try:
            yield self
        finally:
            self._metadata = before

    def _before_metadata(self) -> None:
        """Called before the first defaults are set."""


class MetadataMethods(UsesMetadata):
    """Defaults of a SummaryWriter, which recording.py fills in."""

    def _before_metadata(self) -> None:
        from tickertape.writer import recording  # noqa: PLC0415  # only who uses this pays for it

        recording.stand_before_add()
