"""How far a subcommand is, on standard error: only on a terminal, and only if it takes more than two seconds."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from tickertape.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

_QUIET_SECS = 2.0
_INTERVAL_SECS = 0.2


class Progress:
    """A line that a thread of its own writes over and over, and that is removed at the end.

    It shows the share that is done, if that is known, and always the time: not all work can say how far it is.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._done = self._total = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            import threading  # noqa: PLC0415  # in a pipe it is not needed

            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._show, args=(time.monotonic(),), daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if hasattr(self, "_thread"):
            self._ended.set()
            self._thread.join()

    def __call__(self, done: int, total: int) -> None:
        """Notes that `done` of `total` bytes are done."""
        self._done, self._total = done, total

    def files(self, files: Sequence[str]) -> Iterator[tuple[str, Callable[[int, int], None]]]:
        """Each file, and what notes how far that file is as a share of them all."""
        total = sum(os.path.getsize(file) for file in files)  # noqa: PTH202  # names need not be UTF-8
        before = 0
        for file in files:

            def report(done: int, _size: int, before: int = before) -> None:
                self(before + done, total)

            yield file, report
            before += os.path.getsize(file)  # noqa: PTH202

    def _show(self, begin: float) -> None:
        wait = _QUIET_SECS
        is_shown = False
        while not self._ended.wait(wait):
            wait, is_shown = _INTERVAL_SECS, True
            share = (
                f" {100 * self._done / self._total:.0f} % of {terminal.size(self._total)},"
                if self._total
                else ""
            )
            sys.stderr.write(f"\r\x1b[K{self._doing}{share} {time.monotonic() - begin:.0f} s")
            sys.stderr.flush()
        if is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
