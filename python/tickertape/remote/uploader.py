"""Uploads what the remote writers of this process write: one thread for each store, while there is something to do.

The callers' way does not change: they write to their spool as to any directory. The threads look at the sizes of the files.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from tickertape.remote import spool
from tickertape.remote.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

UPLOAD_SECS = 30.0
SPOOL_BYTES = 4 << 30
_PATIENCE_SECS = 10.0  # without any progress, for callers that wait


class _Uploader:
    """The sessions, and the threads that serve them: one for each store, so that one that hangs holds up no other one."""

    def __init__(self) -> None:
        self.condition = threading.Condition()  # its lock is re-entrant, for __del__ and signal handlers
        self.sessions: list[Session] = []
        self.closed = {"objects": 0, "uploaded_bytes": 0, "failures": 0, "last_ns": 0}
        self.last: list[Session] = []  # whose folders stay until the process is gone
        self._threads: dict[str, threading.Thread] = {}  # by store

    def start(self) -> None:
        with self.condition:
            for store in {one.store for one in self.sessions} - self._threads.keys():
                thread = threading.Thread(
                    target=self._run, args=(store,), name="tickertape-uploader", daemon=True
                )
                self._threads[store] = thread
                thread.start()
            self.condition.notify_all()

    @property
    def is_this_thread(self) -> bool:
        with self.condition:
            return threading.current_thread() in self._threads.values()

    def _run(self, store: str) -> None:
        while True:
            with self.condition:
                sessions = [one for one in self.sessions if one.store == store]
                if not sessions:
                    del self._threads[store]
                    return
                session = self._next(sessions)
                if session is None:
                    until = min(one.next_look for one in sessions)
                    self.condition.wait(max(until - time.monotonic(), 0.001))
                    continue
                request = session.wanted
            session.work(request)
            with self.condition:
                if session.is_finished:
                    self._forget(session)
                self.condition.notify_all()

    def _next(self, sessions: list[Session]) -> Session | None:
        """The session whose turn it is, among those that have something to do."""
        now = time.monotonic()
        for session in sessions:
            if session.next_look <= now or session.wanted > session.done:
                self.sessions.remove(session)  # the next turn is that of the others
                self.sessions.append(session)
                return session
        return None

    def _forget(self, session: Session) -> None:
        self.sessions.remove(session)
        if session.is_last:
            self.last.append(session)
        for name in ("objects", "uploaded_bytes", "failures"):
            self.closed[name] += getattr(session, name)
        self.closed["last_ns"] = max(self.closed["last_ns"], session.last_ns)

    def wait(self, sessions: Iterable[Session], patience_secs: float, *, tries_again: bool = False) -> str:
        """Uploads everything of `sessions` now. Returns why that failed, or "".

        Gives up when `patience_secs` pass in which nothing gets uploaded.

        Args:
            sessions: whose files shall be in the store.
            patience_secs: how long to wait for the store.
            tries_again: after a failure, too, wait until the time is over.
        """
        if self.is_this_thread:
            return ""
        with self.condition:
            requests = []
            for session in sessions:
                session.wanted += 1
                requests.append((session, session.wanted))
            self.start()
            progress, end = -1, 0.0
            while waiting := [
                one
                for one, request in requests
                if not one.is_finished and (one.done < request or (tries_again and one.error))
            ]:
                made = sum(one.progress for one, _ in requests)
                if made != progress:
                    progress, end = made, time.monotonic() + patience_secs
                left = end - time.monotonic()
                if left <= 0:
                    break
                self.condition.wait(min(left, 0.2))  # in parts, so that Ctrl-C ends it
            if waiting:
                return next(
                    (one.error for one in waiting if one.error),
                    f"the store did not answer for {patience_secs:g} s",
                )
            return next((one.error for one, _ in requests if one.error and not one.is_finished), "")


_uploader = _Uploader()
_is_registered = False


def open_session(url: str, upload_secs: float, spool_bytes: int) -> Session:
    """The uploads of a writer that opens a run with a URL; several writers of a process share one. `close` gives it back.

    Raises:
        OSError: the spool cannot be made.
    """
    _register()
    with _uploader.condition:
        for session in _uploader.sessions:
            if session.url == url and session.users and not session.is_closing:
                session.users += 1
                session.upload_secs = min(session.upload_secs, upload_secs)
                session.spool_bytes = min(session.spool_bytes, spool_bytes)
                return session
        session = Session(spool.Spool.make(url), upload_secs, spool_bytes)
        session.users = 1
        _uploader.sessions.append(session)
        spool.remove_empty()
        for place in spool.orphans(url, is_exact=True):
            _uploader.sessions.append(Session(place, upload_secs, spool_bytes, is_orphan=True))
        _uploader.start()
        return session


def upload(session: Session) -> str:
    """Uploads everything that is in the files now. Returns why that failed, or ""."""
    return _uploader.wait([session], exit_timeout())


def close(session: Session) -> str:
    """Gives a session back. The last one to do so waits until everything is uploaded, also what dead processes left.

    Returns:
        Why something is left in the spool; "" if nothing is.
    """
    with _uploader.condition:
        session.users -= 1
        if session.users > 0:
            return ""
        session.is_closing = True
        orphans = [one for one in _uploader.sessions if one.url == session.url and one.users == 0]
    return _uploader.wait({session, *orphans}, exit_timeout(), tries_again=True)


def stats() -> dict[str, int | str]:
    """What was uploaded and what is behind, of all sessions of the process."""
    with _uploader.condition:
        sessions = tuple(_uploader.sessions)
        totals = dict(_uploader.closed)
    return {
        "upload_bytes_behind": sum(one.bytes_behind for one in sessions),
        "upload_files_behind": sum(one.files_behind for one in sessions),
        "uploaded_bytes": totals["uploaded_bytes"] + sum(one.uploaded_bytes for one in sessions),
        "uploaded_objects": totals["objects"] + sum(one.objects for one in sessions),
        "upload_failures": totals["failures"] + sum(one.failures for one in sessions),
        "last_upload_ns": max([totals["last_ns"], *(one.last_ns for one in sessions)]),
        "last_upload_error": next((one.error for one in sessions if one.error), ""),
    }


def exit_timeout() -> float:
    """$TICKERTAPE_EXIT_TIMEOUT: how many seconds without any progress a process waits for its store."""
    try:
        return max(float(os.environ.get("TICKERTAPE_EXIT_TIMEOUT", "")), 0.0)
    except ValueError:
        return _PATIENCE_SECS


def spool_limit() -> int:
    """$TICKERTAPE_SPOOL_BYTES: how many bytes of one URL may wait in the spool of a process."""
    given = os.environ.get("TICKERTAPE_SPOOL_BYTES", "")
    return int(given) if given.isdecimal() and int(given) else SPOOL_BYTES


# --- The end of the process


def finish() -> None:
    """Called when the process ends, after its queue is drained: uploads what is left, within the time limit."""
    with _uploader.condition:
        while _uploader.last:  # this is called again after more functions of atexit: they may have logged
            session = _uploader.last.pop()
            session.is_finished = False
            _uploader.sessions.append(session)
        sessions = tuple(_uploader.sessions)
        for session in sessions:
            session.is_last = session.is_last or session.users > 0
            session.users = 0
            session.is_closing = True
    if not sessions:
        return
    patience_secs = exit_timeout()
    in_vain = [one for one in sessions if one.main_thread_ended and (one.error or one.done < one.wanted)]
    _uploader.wait([one for one in sessions if one not in in_vain], patience_secs, tries_again=True)
    _uploader.wait(in_vain, min(1.0, patience_secs))  # the main thread's end has waited for these
    for session in sessions:
        if not session.is_finished and session.bytes_behind:
            sys.stderr.write(
                f"tickertape: {session.bytes_behind} bytes for {session.url} are not uploaded"
                f"{f' ({session.error})' if session.error else ''}; they stay in {session.directory}, and the next writer on this "
                f"URL or `tickertape sync {session.url}` uploads them\n"
            )


def _main_thread_ended() -> None:
    """Before atexit: afterwards no thread pool of Python takes work, without which asyncio resolves no host name."""
    sessions = tuple(_uploader.sessions)
    for session in sessions:
        session.lift_limits()
        session.flush_writers()
        session.main_thread_ended = True
    if sessions:
        _uploader.wait(sessions, exit_timeout(), tries_again=True)


def _register() -> None:
    global _is_registered  # noqa: PLW0603  # a process registers once
    if _is_registered:
        return
    _is_registered = True
    register = getattr(threading, "_register_atexit", None)  # concurrent.futures uses it for the same purpose
    if register is not None:
        with contextlib.suppress(RuntimeError):  # the interpreter is ending
            register(_main_thread_ended)


def _after_fork_in_child() -> None:
    """The parent's sessions are the parent's; a child that opens a writer of its own has its own."""
    global _uploader  # noqa: PLW0603  # its lock may be held by a thread that the child does not have
    _uploader = _Uploader()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
