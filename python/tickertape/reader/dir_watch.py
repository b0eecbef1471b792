"""Waits until something in directories changes: by inotify if the system has it, otherwise until the time is over."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# linux/inotify.h
_MODIFY, _MOVED_TO, _CREATE = 0x2, 0x80, 0x100
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
    that cares looks by itself now and then.
    """

    def __init__(self, tops: Iterable[str]) -> None:
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._inotify = _Inotify.open()
        self._poll = select.poll()
        self._poll.register(self._wake_reader, select.POLLIN)
        self._answered = 0.0
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
        self._sleep(min(end, self._answered + _LEAST_PAUSE_SECS))
        changes = Changes(set(), is_anything=True)
        if self._inotify is None:
            self._sleep(end)
        else:
            self._poll.register(self._inotify.descriptor, select.POLLIN)
            if any(place == self._inotify.descriptor for place, _ in self._sleep(end)):
                changes = self._changes(self._inotify)
            self._poll.unregister(self._inotify.descriptor)
        self._answered = time.monotonic()
        self._drain()
        return changes

    def wake(self) -> None:
        """Ends a wait() in another thread, or the next one."""
        try:
            os.write(self._wake_writer, b"x")
        except OSError:  # full, so it wakes anyway; or closed, so nobody waits
            return

    def close(self) -> None:
        """Nobody may wait any more."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        if self._inotify is not None:
            self._inotify.close()

    def _sleep(self, end: float) -> list[tuple[int, int]]:
        """Until one of the registered descriptors has something to read."""
        seconds = end - time.monotonic()
        return self._poll.poll(max(0.0, seconds) * 1000) if seconds > 0 else []

    def _drain(self) -> None:
        try:
            while os.read(self._wake_reader, 4096):
                pass
        except BlockingIOError:
            return

    def _changes(self, inotify: _Inotify) -> Changes:
        changes = Changes(set(), is_anything=False)
        for path, mask in inotify.read():
            if mask & _OVERFLOW:
                changes = changes._replace(is_anything=True)
            elif mask & _IS_DIRECTORY:
                self._watch(path)
                changes = changes._replace(is_anything=True)
            else:
                changes.files.add(path)
        return changes

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
        mask = _MODIFY | _MOVED_TO | _CREATE | _ONLY_DIRECTORIES
        watch = self._libc.inotify_add_watch(self.descriptor, os.fsencode(folder), mask)
        if watch >= 0:
            self._folders[watch] = folder
        return bool(watch >= 0)

    def read(self) -> list[tuple[str, int]]:
        """(path, mask) of what has happened."""
        try:
            data = os.read(self.descriptor, 1 << 16)
        except BlockingIOError:
            return []
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

    def close(self) -> None:
        os.close(self.descriptor)
