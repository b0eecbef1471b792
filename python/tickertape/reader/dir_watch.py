"""Waits until something in directories changes: by inotify if the system has it, otherwise until the time is over."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# linux/inotify.h
_MODIFY, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
_OVERFLOW, _IGNORED, _IS_DIRECTORY = 0x4000, 0x8000, 0x40000000
_ONLY_DIRECTORIES = 0x01000000
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
_LEAST_PAUSE_SECS = (
    0.02  # between two answers: a writer that flushes at every step does not make its reader a busy loop
)


class Changes(NamedTuple):
    """What has changed: these files, or perhaps anything."""

    files: set[str]
    is_anything: bool


class DirWatch:
    """Watches files, and directories and everything below them. One thread waits; any may wake it.

    A change behind a symbolic link, on a network file system, or beyond the system's limit of watches is not noticed: a caller
    that cares polls now and then.
    """

    def __init__(self, tops: Iterable[str]) -> None:
        self._inotify = _Inotify.open()
        # wake() sets the event and, if there are descriptors to wait for, writes to the pipe.
        self._is_woken = threading.Event()
        self._descriptors: list[int] = []
        if self._inotify is not None:
            self._wake_reader, self._wake_writer = os.pipe()
            os.set_blocking(self._wake_reader, False)
            os.set_blocking(self._wake_writer, False)
            self._descriptors = [self._wake_reader, self._inotify.descriptor]
        self._answered = 0.0
        self._is_closed = False
        for top in tops:
            if os.path.isdir(top):  # noqa: PTH112  # names need not be UTF-8, here and below
                self._watch(top)
            elif self._inotify is not None:
                self._inotify.add(os.path.dirname(top))  # noqa: PTH120

    @property
    def notices_changes(self) -> bool:
        """False if wait() only lets the time pass."""
        return self._inotify is not None

    def wait(self, timeout: float) -> Changes:
        """Returns when something has changed, wake() was called, or `timeout` seconds are over (then: anything)."""
        end = time.monotonic() + timeout
        if self._inotify is None:
            self._is_woken.wait(timeout)
            return self._collect()
        _poll(self._descriptors[:1], min(end, self._answered + _LEAST_PAUSE_SECS))
        _poll(self._descriptors, end)
        return self._collect()

    async def wait_async(self, timeout: float) -> Changes:
        """wait() for an event loop, which goes on meanwhile."""
        import asyncio  # noqa: PLC0415  # a server begins to read before it is imported

        end = time.monotonic() + timeout
        await asyncio.sleep(min(end, self._answered + _LEAST_PAUSE_SECS) - time.monotonic())
        if self._inotify is None:
            while not self._is_woken.is_set() and time.monotonic() < end:  # noqa: ASYNC110  # other threads wake it
                await asyncio.sleep(min(_LEAST_PAUSE_SECS, end - time.monotonic()))
            return self._collect()
        loop = asyncio.get_running_loop()
        has_more = asyncio.Event()
        for descriptor in self._descriptors:
            loop.add_reader(descriptor, has_more.set)
        try:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(has_more.wait(), max(0.0, end - time.monotonic()))
        finally:
            for descriptor in self._descriptors:
                loop.remove_reader(descriptor)
        return self._collect()

    def wake(self) -> None:
        """Ends a wait() in another thread, or the next one."""
        self._is_woken.set()
        if self._inotify is not None:
            with suppress(OSError):  # full, so it wakes anyway; or closed, so nobody waits
                os.write(self._wake_writer, b"x")

    def close(self) -> None:
        """Nobody may wait any more. Closing twice is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._inotify is None:
            return
        os.close(self._wake_writer)
        for descriptor in self._descriptors:
            os.close(descriptor)

    def _collect(self) -> Changes:
        self._answered = time.monotonic()
        self._is_woken.clear()
        if self._inotify is None:
            return Changes(set(), is_anything=True)
        with suppress(BlockingIOError):
            while os.read(self._wake_reader, 4096):
                pass
        events = self._inotify.read()
        files = {path for path, mask in events if not mask & (_OVERFLOW | _IS_DIRECTORY)}
        for path, mask in events:
            if mask & _IS_DIRECTORY:
                self._watch(path)
        return Changes(files, is_anything=len(files) < len({path for path, _ in events}) or not events)

    def _watch(self, top: str) -> None:
        if self._inotify is None:
            return
        pending: list[tuple[str, tuple[tuple[int, int], ...]]] = [(top, ())]
        while pending:
            folder, above = pending.pop()
            try:
                status = os.stat(folder)  # noqa: PTH116
                identity = (status.st_dev, status.st_ino)
                if identity in above or not self._inotify.add(folder):
                    continue
                with os.scandir(folder) as listing:
                    pending += [(entry.path, (*above, identity)) for entry in listing if entry.is_dir()]
            except OSError:  # gone, or not ours to read
                continue


class _Inotify:
    """The kernel's inotify, which Python has no module for."""

    def __init__(self, libc: ctypes.CDLL, descriptor: int) -> None:
        self._libc = libc
        self.descriptor = descriptor
        self._folders: dict[int, str] = {}

    @classmethod
    def open(cls) -> _Inotify | None:
        """None if the system has no inotify, or has no more of it."""
        if not sys.platform.startswith("linux"):
            return None
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return None
        return cls(libc, descriptor) if descriptor >= 0 else None

    def add(self, folder: str) -> bool:
        """Watches a directory. False if the system allows no more."""
        mask = _MODIFY | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ONLY_DIRECTORIES
        watch = self._libc.inotify_add_watch(self.descriptor, os.fsencode(folder), mask)
        if watch >= 0:
            self._folders[watch] = folder
        return bool(watch >= 0)

    def read(self) -> list[tuple[str, int]]:
        """(path, mask) of what has happened."""
        data = b""
        with suppress(BlockingIOError):  # the kernel's queue is bounded
            while True:
                data += os.read(self.descriptor, 1 << 16)
        found = []
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            name = os.fsdecode(data[at - length : at].rstrip(b"\0"))
            if mask & _IGNORED:
                self._folders.pop(watch, None)
            elif mask & _OVERFLOW or watch in self._folders:
                found.append((os.path.join(self._folders.get(watch, ""), name), mask))  # noqa: PTH118
        return found


def _poll(descriptors: list[int], end: float) -> None:
    """Returns when one of them has something to read, or the monotonic clock is at `end`."""
    seconds = end - time.monotonic()
    if seconds > 0:
        waiting = select.poll()  # select() takes no descriptor from 1024 on
        for descriptor in descriptors:
            waiting.register(descriptor, select.POLLIN)
        waiting.poll(seconds * 1000)
