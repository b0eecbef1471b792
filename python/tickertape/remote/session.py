"""The uploads of one spool: what is due, what went wrong, and when it is finished. A thread of the uploader runs them."""

from __future__ import annotations

import contextlib
import os
import random
import re
import time
import weakref
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import check
from tickertape.remote import tree

if TYPE_CHECKING:
    from tickertape.remote import spool

_LOOK_SECS = 1.0  # between two looks at the sizes of the files
_LOOK_SHARE = 100  # looks may take one part in so many of the time
_FIRST_RETRY_SECS, _LAST_RETRY_SECS = 1.0, 60.0
_KEPT_BYTES = 32 << 20  # of an open file that is uploaded; the blocks before are freed
_NO_LIMIT = 2**63 - 1


class Session:
    """The uploads of one spool. Counters are changed by its store's thread alone, the rest under the uploader's lock.

    Attributes:
        url: where its files go.
        store: the beginning of the URL that names the store, such as s3://bucket.
        error: why the last upload failed; "" if it did not.
    """

    def __init__(
        self, place: spool.Spool, upload_secs: float, spool_bytes: int, *, is_orphan: bool = False
    ) -> None:
        self.url = place.url
        scheme, _, path = place.url.partition("://")
        self.store = f"{scheme}://{path.partition('/')[0]}"
        self.error = ""
        self.upload_secs = upload_secs
        self.spool_bytes = spool_bytes
        self.users = 0
        self.is_closing = is_orphan
        self.is_finished = False
        self.main_thread_ended = False
        self.is_last = False  # the process ends: its folder stays, for what is logged even later
        self.wanted = self.done = 0  # requests to upload everything now
        self.bytes_behind = self.files_behind = 0  # as of the last look
        self.progress = 0
        self.objects = self.uploaded_bytes = self.failures = self.last_ns = 0
        self.tree = tree.Tree(str(place.files), self.url, is_new=not is_orphan)
        self._place = place
        self._is_orphan = is_orphan
        self._writers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._failures_in_a_row = 0
        self._is_full = False
        self.next_look = 0.0
        self._look_secs = 0.0  # what the last look took
        self._due = time.monotonic() + upload_secs
        self._retry_at = 0.0
        self._is_recovered = not is_orphan
        self._has_more = False  # of what the last look saw
        self._looked_for = 0  # the last request that a look came after

    @property
    def directory(self) -> str:
        """The local log directory."""
        return self.tree.directory

    def add_writer(self, event_writer: Any) -> None:
        """An EventFileWriter that writes into the spool: it stops while the spool is full."""
        self._writers.add(event_writer)

    def lift_limits(self) -> None:
        """Lets the writers go on although the spool is full: the process, or the last writer, ends."""
        for writer in tuple(self._writers):
            writer.set_size_limit(_NO_LIMIT)

    def flush_writers(self) -> None:
        """Brings what is queued into the files."""
        for writer in tuple(self._writers):
            with contextlib.suppress(Exception):  # closed, or its disk refuses: then the queue keeps it
                writer.flush()

    def work(self, request: int) -> None:
        """One step of a thread: looks, and uploads what is due. Never raises."""
        try:
            self._recover()
            # What has come since the last look waits for its own time: otherwise the files that were looked at first would
            # always have something new, and each upload would be followed by a small one.
            if not self._has_more or request > self._looked_for:
                self._looked_for = request
                self._look()
                self._limit()
            self._upload(is_asked=request > self.done or self._is_ending())
        except Exception as error:  # noqa: BLE001  # a store's package may raise anything
            self._fail(error)
        if self._has_more:
            self.next_look = 0.0
            return
        self.done = request
        if self.error and self.is_closing:  # somebody waits for this
            self.next_look = self._retry_at
        else:
            # Each period has a look, whatever that takes.
            pause = min(self._look_secs * _LOOK_SHARE, self.upload_secs)
            self.next_look = time.monotonic() + max(_LOOK_SECS, pause)

    def _look(self) -> None:
        began = time.monotonic()
        self.tree.look()
        self._look_secs = time.monotonic() - began
        self._count_behind()

    def _count_behind(self) -> None:
        self.bytes_behind, self.files_behind = self.tree.bytes_behind, self.tree.files_behind

    def _is_ending(self) -> bool:
        """Whether nobody writes any more: no writer of this process, and no child that it has forked."""
        return self.is_closing and (self._is_orphan or not any(map(_is_of_a_child, self.tree.event_files())))

    def _recover(self) -> None:
        """Brings what a killed process had queued into its files, before they are uploaded."""
        if (
            self._is_recovered or not self._place.files.is_dir()
        ):  # its process died while it made or removed it
            return
        rings, _ = _core.recover(os.fsencode(self.directory), False)  # not a dry run
        self._is_recovered = True
        events = sum(ring[2] for ring in rings)
        if events:
            _core.leave_notice(
                f"{events} events of a process that was killed are uploaded to {self.url!r} now"
            )

    def _upload(self, *, is_asked: bool) -> None:
        now = time.monotonic()
        self._has_more = False
        if now < self._retry_at and not is_asked:
            return
        is_due = now >= self._due
        least_bytes = 1 if is_asked or is_due else tree.SLICE_BYTES
        done = self.tree.upload(least_bytes)
        if done is not None:
            self._has_more = True  # perhaps: after other sessions had their turn
            self._count_behind()
            self.progress += 1
            self.objects += done.objects
            self.uploaded_bytes += done.size
            self.last_ns = time.time_ns()
            self.tree.punch(_KEPT_BYTES)
            if is_due and not self.tree.bytes_behind:
                self._due = now + self.upload_secs  # what was logged since the look waits for the next time
        elif least_bytes == 1:
            self._due = now + self.upload_secs
            if self._is_ending():
                self._finish()
            elif self.main_thread_ended:  # afterwards the packages of many stores can ask nothing
                self.tree.confirm()
        self.error = ""
        self._failures_in_a_row = 0

    def _finish(self) -> None:
        """Everything is uploaded and nobody writes: what the store has leaves the spool."""
        self.tree.remove_uploaded()
        self._look()
        self._has_more = self.files_behind > len(self.tree.passed_over)
        if self.is_last:
            self.is_finished = not self._has_more
        elif self._place.remove_if_empty() or not self._has_more:  # what is left can never be uploaded
            self._place.close()
            self.is_finished = True

    def _fail(self, error: Exception) -> None:
        self._has_more = False
        self.failures += 1
        words = check.text_of(error).removeprefix(f"{self.url}: ") or type(error).__name__
        if not self.error:
            _core.leave_notice(
                f"cannot upload to {self.url!r}: {words}; what is logged stays in {self.directory!r} and is tried again "
                "(said once for each failure)"
            )
        self.error = words  # now that the warning of it is on its way
        pause = min(_FIRST_RETRY_SECS * 2**self._failures_in_a_row, _LAST_RETRY_SECS)
        self._failures_in_a_row = min(self._failures_in_a_row + 1, 10)
        self._retry_at = time.monotonic() + pause * random.uniform(0.75, 1.25)  # noqa: S311  # no secret

    def _limit(self) -> None:
        """Lets the files grow by what is left of `spool_bytes`."""
        room = self.spool_bytes - self.bytes_behind
        sizes = dict(self.tree.sizes())
        for writer in () if self.is_closing else tuple(self._writers):
            path = writer.path
            if path in sizes:
                writer.set_size_limit(sizes[path] + max(room, 0))
        if room <= 0 and not self._is_full:
            _core.leave_notice(
                f"spool_bytes: {self.bytes_behind} bytes wait in {self.directory!r} for {self.url!r}, as many as may wait; "
                "what is logged now stays in the queue, and when that is full on_full decides"
            )
        self._is_full = room <= 0


_MAKER = re.compile(r"tfevents\.\d+\..+\.(\d+)\.\d+")  # seconds, host, process


def _is_of_a_child(name: str) -> bool:
    """Whether a living process other than this one made an event file."""
    made = _MAKER.search(os.path.basename(name))  # noqa: PTH119  # a str
    if made is None or int(made[1]) == os.getpid() or not hasattr(os, "fork"):
        return False  # on Windows os.kill() would end the process instead of looking for it
    try:
        os.kill(int(made[1]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
