"""The ends of a process: drains the core's queue once, and keeps a lock that a fork cannot leave locked.

atexit does not run in the fork and forkserver children of multiprocessing; its own finalizers do, but each child
clears them when it starts, so they are registered again behind that point.
"""

import atexit
import os
import sys
import threading

from tickertape import _core

# Below every exitpriority in the standard library, so that the finalizers of others may still log.
_EXIT_PRIORITY = -100


class _Anchor:
    """multiprocessing keeps its after-fork hooks only as long as an object lives: this one lives for ever."""


_anchor = _Anchor()
_atexit_registered = False
_finalizer_pid = 0
opening = (
    threading.RLock()
)  # held while a SummaryWriter opens or closes files; re-entrant for __del__ and signals


def arm() -> None:
    """Sees to it that this process drains its queue when it ends. Cheap to call again."""
    global _atexit_registered  # noqa: PLW0603  # one registration a process is module state by nature
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
    """The core drains again when C's atexit comes, and has the last word there."""
    _core.shutdown(is_last=False)


def _drain_at_end_of_child() -> None:
    """A child of multiprocessing skips C's atexit; its parent comes by here, too."""
    process = sys.modules.get("multiprocessing.process")
    is_child = process is not None and process.parent_process() is not None
    _core.shutdown(is_last=is_child)


def _after_fork_in_child() -> None:
    global opening  # noqa: PLW0603  # another thread of the parent may have held it
    opening = threading.RLock()
    if _atexit_registered:
        _register_after_bootstrap()


def _register_after_bootstrap() -> None:
    """A child of multiprocessing clears the finalizers before it runs its hooks, so the hook is what survives."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_anchor, _register_finalizer)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
