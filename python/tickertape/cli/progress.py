"""How far a subcommand is, on standard error: only on a terminal, and only if it takes more than two seconds."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tickertape.cli import terminal

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_QUIET_SECS = 2.0
_INTERVAL_SECS = 0.1


class Progress:
    """A line that is written over and over, and removed at the end."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._next = time.monotonic() + _QUIET_SECS
        self._is_terminal = sys.stderr.isatty()
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, done: int, total: int) -> None:
        """Notes that `done` of `total` bytes are done."""
        now = time.monotonic()
        if not self._is_terminal or now < self._next:
            return
        self._next = now + _INTERVAL_SECS
        self._is_shown = True
        share = f"{100 * done / total:.0f} %" if total else ""
        sys.stderr.write(f"\r\x1b[K{self._doing} {share} of {terminal.size(total)}")
        sys.stderr.flush()
