"""Drains the core's queue when a process ends. Also holds the lock for opening files, which is made anew after a fork.

atexit functions do not run in the fork and forkserver children of multiprocessing. multiprocessing's own finalizers do,
but each child clears them when it starts, so they are registered again after that.
"""

from __future__ import annotations

import atexit
import os
import sys
from _thread import RLock  # threading.RLock() makes these, but importing threading takes long
from typing import TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Callable

# Lower than every exitpriority in the standard library: finalizers of others run before, and may still log.
_EXIT_PRIORITY = -100


class _Anchor:
    """multiprocessing keeps an after-fork hook as long as an object exists: this one exists until the process ends."""


_anchor = _Anchor()
_atexit_registered = False
_finalizer_pid = 0
opening = RLock()  # held while a SummaryWriter opens or closes files; re-entrant for __del__ and signals


# Called when the process ends, after each time that the queue was drained.
after_drain: list[Callable[[], None]] = []


def arm() -> None:
    """Makes this process drain its queue when it ends. Cheap to call again."""
    global _atexit_registered  # noqa: PLW0603  # a process registers once
    if not _atexit_registered:
        _atexit_registered = True
        atexit.register(_drain)
    if _finalizer_pid != os.getpid():
        _register_finalizer(None)


def _register_finalizer(_: object) -> None:
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    global _finalizer_pid  # noqa: PLW0603
    _finalizer_pid = os.getpid()
    util.Finalize(None, _drain_at_end_of_child, exitpriority=_EXIT_PRIORITY)
    util.register_after_fork(_anchor, _register_finalizer)


def _drain() -> None:
    """The core drains again in C's atexit, and reports there what could not be written."""
    try:
        _core.shutdown(is_last=False)
    finally:
        _after_drain()


def _drain_at_end_of_child() -> None:
    """Children of multiprocessing skip C's atexit. Their parent runs this too."""
    process = sys.modules.get("multiprocessing.process")
    is_child = process is not None and process.parent_process() is not None
    try:
        _core.shutdown(is_last=is_child)
    finally:
        _after_drain()


def _after_drain() -> None:
    for function in after_drain:
        function()


def _after_fork_in_child() -> None:
    global opening  # noqa: PLW0603  # another thread of the parent may have held the lock
    opening = RLock()
    if _atexit_registered:
        _register_after_bootstrap()


def _register_after_bootstrap() -> None:
    """A child of multiprocessing clears the finalizers and then runs its hooks, so a hook registers them again."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_anchor, _register_finalizer)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
