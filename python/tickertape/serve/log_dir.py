"""A log directory that is kept up to date: one thread reads what is new, any thread asks for runs.

What the system reports (inotify) is read within 0.25 s. A poll of everything finds the rest, as often as --reload says, but if
nothing changes it takes a hundredth of the time at most, so an idle server of thousands of runs costs little.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from tickertape.reader import event_names, local_slices, log_dirs, mirrors, paced_tops, scan
from tickertape.reader.compressed import Unpacked
from tickertape.reader.dir_watch import DirWatch
from tickertape.reader.paced_tops import PacedTops
from tickertape.reader.selection import selection
from tickertape.serve.served_run import ServedRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tickertape.reader.dir_watch import Changes
    from tickertape.reader.log_dirs import EventFile
    from tickertape.reader.scan import Problem, ScannedFile

_LOG = logging.getLogger("tickertape.serve")
_LEAST_PAUSE_SECS = 0.25  # between two looks: new data shows within 1 s, and a busy directory costs little
_LOOK_SHARE = 5  # looks and polls that find something take a fifth of the time at most
_IDLE_SHARE = 100  # polls that find nothing a hundredth
_STORE_SECS = 1.0  # that close() waits for a store that does not answer
_FIRST_BYTES = 256 << 20  # read at the start before the runs so far are shown: a fraction of a second


class _Closed(Exception):  # noqa: N818  # no error: close() ends a scan by it
    pass


class LogDir:
    """The runs of a directory or a URL, which may be missing, empty, or removed while it is served.

    Attributes:
        path: the directory as it was given.
        runs: by name, as they were at the last look. Replaced as a whole, never changed.
    """

    def __init__(self, path: str, reload_secs: float | None) -> None:
        self.path = path
        self.runs: dict[str, ServedRun] = {}
        # names need not be UTF-8, here and below
        self._top = mirrors.top(path) if mirrors.is_url(path) else os.path.abspath(path)  # noqa: PTH100
        look_secs = max(paced_tops.look_secs(), reload_secs or 0.0)
        self._tops = PacedTops(path, look_secs, _LOG.warning)
        self._next_show = 0.0
        self._reload_secs = reload_secs
        self._selected = selection(None, None, None, None, "as-tensorboard")
        self._unpacked = Unpacked()
        self._files: dict[str, EventFile] = {}
        self._told: set[Problem] = set()
        self._spent_secs = 0.0  # by the last look or poll
        self._has_news = True  # whether the last poll found something
        self._is_loaded = threading.Event()
        self._closing = threading.Event()
        self._watch_lock = threading.Lock()  # of replacing it, and of waking it to close
        self._watch = DirWatch([])  # of the directory once the thread runs: it may have thousands below it
        self._watched: tuple[int, int] | str | None = "nothing"
        self._thread = threading.Thread(target=self._keep_up, name="tickertape-serve-reload", daemon=True)
        self._thread.start()

    def wait_until_loaded(self, timeout: float) -> bool:
        """Waits until everything that was there at the start is read. False if that takes longer than `timeout` seconds."""
        return self._is_loaded.wait(timeout)

    @property
    def problems(self) -> list[Problem]:
        """What could not be read, run by run."""
        return [problem for run in self.runs.values() for file in run.files for problem in file.problems]

    def close(self) -> None:
        """Ends the thread. What `runs` has stays."""
        with self._watch_lock:
            self._closing.set()
            self._watch.wake()
        self._is_loaded.set()  # nobody waits any more
        self._thread.join(_STORE_SECS if self._tops.has_urls else None)
        if not self._thread.is_alive():
            self._watch.close()

    def _keep_up(self) -> None:
        self._attempt(None)
        self._is_loaded.set()
        _LOG.info("%s: %d runs in %.2f s", self.path, len(self.runs), self._spent_secs)
        if self._reload_secs is None:
            return
        next_poll = time.monotonic() + self._reload_secs  # whatever the first look took
        self._spent_secs = 0.0
        while not self._closing.is_set():
            changes = self._watch.wait(max(0.0, next_poll - time.monotonic()))
            if self._closing.is_set():
                return
            if changes.is_anything or not self._known(changes) or time.monotonic() >= next_poll:
                self._attempt(None)
                share = _LOOK_SHARE if self._has_news else _IDLE_SHARE
                # Waiting for a store is no load: its pace alone says when to look again.
                pause = self._tops.wait_secs if self._tops.has_urls else share * self._spent_secs
                next_poll = time.monotonic() + max(self._reload_secs, pause)
            elif not self._attempt(changes):
                next_poll = 0.0
            # What comes meanwhile is read in one look.
            busy_secs = 0.0 if self._tops.has_urls else self._spent_secs
            self._closing.wait(max(_LEAST_PAUSE_SECS, (_LOOK_SHARE - 1) * busy_secs))

    def _attempt(self, changes: Changes | None) -> bool:
        """A look at what changed, or a poll. False if a poll has to follow."""
        begin = time.monotonic()
        try:
            if changes is not None:
                return self._look(changes)
            self._poll()
        except _Closed:
            return True
        except Exception:  # noqa: BLE001  # the server keeps what it has read
            _LOG.exception("%s: could not be read; the next poll tries again", self.path)
        finally:
            self._spent_secs = time.monotonic() - begin
        return True

    def _known(self, changes: Changes) -> bool:
        return {path for path in changes.files if event_names.is_event_file(path)} <= self._files.keys()

    def _poll(self) -> None:
        """Searches the directory, or the store if it is time, and reads what is new in every file."""
        self._watch_again()
        self._take(self._find())

    def _find(self) -> list[EventFile]:
        try:
            return log_dirs.find_in(self._tops.local(self._show_so_far), may_be_empty=True)
        except (OSError, ValueError) as error:
            if not self._tops.has_urls:  # it is not there: not yet, or not any more
                return []
            _LOG.warning("%s; what was fetched is shown, and the next look tries again", error)
            return log_dirs.find_in([self._top], may_be_empty=True)

    def _show_so_far(self, done: int, total: int) -> None:
        """Takes what of a store has been fetched, now and then, while the rest comes."""
        self._check_open(done, total)
        if self.runs and time.monotonic() < self._next_show:
            return
        begin = time.monotonic()
        self._take(log_dirs.find_in([self._top], may_be_empty=True))
        now = time.monotonic()
        self._next_show = now + max(1.0, _LOOK_SHARE * (now - begin))

    def _take(self, found: list[EventFile]) -> None:
        """Reads what is new in every file."""
        self._files = {file.path: file for file in found}
        before = self.runs
        runs: dict[str, ServedRun] = {}
        for batch in [found] if before else _batches(found):
            runs |= self._read(batch, before)
            if not before:
                self.runs = dict(runs)  # the first time as soon as they are read
        self.runs = runs
        self._has_news = runs.keys() != before.keys() or any(runs[name] is not before[name] for name in runs)

    def _look(self, changes: Changes) -> bool:
        """Reads the files that changed. False if one of them cannot be read: it was removed or renamed."""
        files = [self._files[path] for path in sorted(changes.files & self._files.keys())]
        changed = self._read(files, self.runs)
        if any(file.index is None for run in changed.values() for file in run.files):
            return False
        self.runs = self.runs | {name: _with_files(self.runs.get(name), run) for name, run in changed.items()}
        return True

    def _read(self, found: list[EventFile], before: dict[str, ServedRun]) -> dict[str, ServedRun]:
        """The runs of these files; those that have nothing new are the same objects."""
        names = dict.fromkeys(file.run for file in found)
        known = scan.Scan({name: before[name].files for name in names if name in before})
        last = scan.scan(found, self._selected, self._unpacked, known, self._check_open)
        for file in last.files():
            self._tell(file)
        return {
            name: _unchanged(before.get(name), files) or ServedRun(name, files)
            for name, files in last.runs.items()
        }

    def _check_open(self, _done: int, _total: int) -> None:
        if self._closing.is_set():
            raise _Closed

    def _tell(self, file: ScannedFile) -> None:
        """Logs what is new in a file and cost something. A file that is gone by now is no damage."""
        if isinstance(file.error, FileNotFoundError):
            return
        for problem in file.problems:
            if problem not in self._told and (problem.bytes or file.index is None):
                self._told.add(problem)
                _LOG.warning(
                    "%s: skipped %d bytes at %d: %s",
                    problem.path,
                    problem.bytes,
                    problem.offset,
                    problem.cause,
                )

    def _watch_again(self) -> None:
        """Watches the directory that is there now, if it was removed or replaced."""
        identity = _identity(self._top)
        if identity != self._watched:
            with self._watch_lock:
                self._watch.close()
                self._watch = DirWatch([self._top])
            self._watched = identity


def _with_files(run: ServedRun | None, changed: ServedRun) -> ServedRun:
    """A run of which some files were read again."""
    if run is None:
        return changed
    new = {file.path: file for file in changed.files}
    files = [new.get(file.path, file) for file in run.files]
    return _unchanged(run, files) or ServedRun(run.name, files)


def _unchanged(run: ServedRun | None, files: tuple[ScannedFile, ...] | list[ScannedFile]) -> ServedRun | None:
    """The run as it was, with everything it has found, if nothing came to it."""
    if run is None or len(run.files) != len(files):
        return None
    same = all(one.is_same_as(other) for one, other in zip(run.files, files, strict=True))
    return run if same else None


def _batches(found: list[EventFile]) -> Iterator[list[EventFile]]:
    """Whole runs, of some bytes each."""
    batch: list[EventFile] = []
    size = 0
    for number, file in enumerate(found):
        batch.append(file)
        size += _size(file.path)
        is_last = number + 1 == len(found) or found[number + 1].run != file.run
        if is_last and size >= _FIRST_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _size(path: str) -> int:
    try:
        return local_slices.status(path)[0]
    except OSError:
        return 0


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino
