"""Locks on open files: each lasts until the file is closed, also if the process is killed."""

from __future__ import annotations

import sys

__all__ = ["lock"]


def lock(descriptor: int, *, is_exclusive: bool = True, waits: bool = True) -> None:
    """Locks an open file against other descriptors of it, in any process. A forked child shares the lock.

    Args:
        descriptor: of a file that is open for writing.
        is_exclusive: whether nobody else may hold a lock, instead of none that is exclusive.
        waits: whether to wait until the others have closed theirs.

    Raises:
        BlockingIOError: somebody else has a lock, and `waits` is False.
        OSError: the file system has no locks.
    """
    if sys.platform == "win32":
        _lock_on_windows(descriptor, is_exclusive=is_exclusive, waits=waits)
        return
    import fcntl  # noqa: PLC0415  # only POSIX systems have it

    how = fcntl.LOCK_EX if is_exclusive else fcntl.LOCK_SH
    fcntl.flock(descriptor, how if waits else how | fcntl.LOCK_NB)


def _lock_on_windows(descriptor: int, *, is_exclusive: bool, waits: bool) -> None:
    """Not msvcrt.locking(), which has no shared locks and gives up after ten seconds."""
    if sys.platform != "win32":  # for mypy
        raise NotImplementedError
    import ctypes  # noqa: PLC0415  # loaded when the first file is locked
    import msvcrt  # noqa: PLC0415  # only Windows has it
    from ctypes import wintypes  # noqa: PLC0415

    fail_immediately, exclusive, is_locked = 0x1, 0x2, 33  # LockFileEx(), ERROR_LOCK_VIOLATION
    # Others cannot read a locked byte. Hence the lock is on one that no file has; an OVERLAPPED has its place.
    place = (ctypes.c_uint32 * 8)(0, 0, 0, 0, 0, 0x7FFF_FFFF, 0, 0)
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
    flags = (exclusive if is_exclusive else 0) | (0 if waits else fail_immediately)
    if not kernel.LockFileEx(handle, flags, 0, 1, 0, place):
        error = ctypes.get_last_error()
        if error == is_locked:
            raise BlockingIOError(error, "somebody else has locked the file")
        raise ctypes.WinError(error)
