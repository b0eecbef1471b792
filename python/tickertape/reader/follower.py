"""follow(): the values of log directories while they are being written."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.convert import check, notices
from tickertape.reader import event_names, log_dirs, scan
from tickertape.reader.compressed import SUFFIXES, Unpacked
from tickertape.reader.dir_watch import Changes, DirWatch
from tickertape.reader.paced_tops import PacedTops
from tickertape.reader.rows import ROWS, Row
from tickertape.reader.scalar_table import ScalarRow
from tickertape.reader.selection import KINDS, Patterns, Selection, selection
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator

    import numpy.typing as npt
    from typing_extensions import Self

    from tickertape import _core
    from tickertape.reader.log_dirs import EventFile
    from tickertape.reader.scan import ScannedFile

    AnyPath = str | bytes | os.PathLike[str]

_STATE_VERSION = 1
_GAP_SECS = 60.0  # slices behind a gap wait so long for one that fills it: rows come in their order
_BLOCK_ROWS = 4096  # that are Python objects at a time


def follow(
    logdir: AnyPath | Iterable[AnyPath],
    *,
    tags: Patterns | None = None,
    runs: Patterns | None = None,
    kinds: Collection[str] | str | None = None,
    steps: tuple[int | None, int | None] | None = None,
    state: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    interval: float | None = None,
) -> Follower:
    """Returns the values that log directories have, and then each new value when it is written, of new runs, too.

    `for row in tickertape.follow("runs", tags="loss"): …` or `async for row in …`. A file's values come in its order, also
    those that a restart of the run makes void later. Damage is skipped; one DamageWarning for each such file says so.

    Args:
        logdir: directories and event files, or URLs of either; a directory may be empty. Compressed files in a directory are left out: nobody
            appends to them, and a file that is compressed once it is complete has been followed already.
        tags: which tags: a name, a glob, a compiled regular expression, a function, or a list of them.
        runs: which runs, likewise.
        kinds: which kinds of values, e.g. "scalars" or ["scalars", "images"]; all if None.
        steps: the first and the last step; None is no limit.
        state: the `state` of an earlier follower, to go on behind its last row.
        timeout: ends the iteration when no row has come for so many seconds; 0 returns what is there. Another loop then goes on.
            None waits for ever.
        interval: seconds between two polls of all files, 1 by default. If the system has inotify, a change is noticed within
            20 ms, and polls find what inotify misses: network file systems, symbolic links. For URLs it is the time between two
            listings of the store, 30 by default (`$TICKERTAPE_LOOK_SECS`); it grows to four times that while nothing happens there.

    Returns:
        An iterator of rows with `run, tag, step, wall_time`: of scalars a named tuple with `value`, of other kinds the row
        of the table that `tickertape.read` has for that kind.

    Raises:
        FileNotFoundError: there is no such path.
        TypeError, ValueError: an argument is of the wrong kind, or a file is a compressed one.
    """
    selected = selection(runs, tags, kinds, steps, "all")
    ends_after, polls_after = _seconds(timeout, "timeout", 0.0), _seconds(interval, "interval", 0.001)
    return Follower(logdir, selected, _progress_of(state), ends_after, polls_after)


@dataclass
class _Progress:
    """What of a file was handed out: all rows of its first events, and some of the next one's."""

    first_wall_time: float | None = None  # of the file: another value means another file
    events: int = 0
    rows: int = 0


class Follower:
    """An iterator over the rows of log directories as they are written, for one consumer; see follow()."""

    def __init__(
        self,
        where: object,
        selected: Selection,
        progress: dict[str, _Progress],
        timeout: float | None,
        interval: float | None,
    ) -> None:
        self._selected = selected
        self._progress = progress
        self._timeout = timeout
        self._interval = 1.0 if interval is None else interval
        self._files: dict[str, EventFile] = {}
        self._scanned: dict[str, ScannedFile] = {}  # without rows
        self._unpacked = Unpacked(_GAP_SECS)
        # what was found and not yet handed out, a file each
        self._pending: list[Iterator[ScalarRow | Row]] = []
        self._damaged: list[ScannedFile] = []
        self._warned: set[str] = set()
        self._lock = threading.Lock()  # of whoever reads new rows
        self._is_closed = False
        self._is_awaited = False
        self._known: set[str] = set()  # every event file, wanted or not
        self._poll_secs = 0.0  # how long the last poll took
        self._tops = PacedTops(where, interval, lambda words: notices.warn(RuntimeWarning(words)))
        given = self._tops.local()
        _refuse_compressed(given)
        # Also the local copy of a store: another process that looks there may find what is new first.
        self._watch = DirWatch(given)
        self._poll()

    @property
    def state(self) -> dict[str, Any]:
        """Which rows of each file were returned, in a form that JSON can store."""
        files = {name: [one.first_wall_time, one.events, one.rows] for name, one in self._progress.items()}
        return {"version": _STATE_VERSION, "files": files}

    def close(self) -> None:
        """Ends the iteration, also one that waits in another thread."""
        if not self._is_closed:
            self._is_closed = True
            self._watch.wake()
            with self._lock:
                if not self._is_awaited:
                    self._watch.close()

    def __iter__(self) -> Iterator[ScalarRow | Row]:
        return self

    def __next__(self) -> ScalarRow | Row:
        while True:
            row = self._ready()
            if row is not None:
                return row
            if not self._wait_for_rows():
                raise StopIteration

    def __aiter__(self) -> AsyncIterator[ScalarRow | Row]:
        return self

    async def __anext__(self) -> ScalarRow | Row:
        while True:
            row = self._ready()
            if row is not None:
                return row
            if not await self._await_rows():
                raise StopAsyncIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_watch"):
            self.close()

    def _ready(self) -> ScalarRow | Row | None:
        """The next row that was found already."""
        damaged, self._damaged = self._damaged, []
        for file in damaged:
            scan.warn_of_damage(file)
        while self._pending and not self._is_closed:
            row = next(self._pending[0], None)
            if row is not None:
                return row
            self._pending.pop(0)
        return None

    def _wait_for_rows(self) -> bool:
        """Whether some came before the timeout or close()."""
        end = self._end()
        is_first = True
        while not (self._pending or self._damaged):
            seconds = self._seconds_until(end)
            if seconds <= 0 and not is_first:
                return False
            with self._lock:
                if self._is_closed:
                    return False
                self._read_changes(self._watch.wait(seconds), seconds)
            is_first = False
        return True

    async def _await_rows(self) -> bool:
        """The same for an event loop. A thread reads the files."""
        end = self._end()
        is_first = True
        while not (self._pending or self._damaged):
            seconds = self._seconds_until(end)
            if seconds <= 0 and not is_first:
                return False
            self._is_awaited = True  # so close() leaves the descriptors to this
            try:
                if self._is_closed:
                    return False
                changes = await self._watch.wait_async(seconds)
            finally:
                self._is_awaited = False
                if self._is_closed:
                    self._watch.close()
            await asyncio.get_running_loop().run_in_executor(
                None, self._read_changes_locked, changes, seconds
            )
            is_first = False
        return True

    def _end(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _seconds_until(self, end: float | None) -> float:
        """How long to wait for a change before the next poll. Polls take a tenth of the time at most."""
        seconds = max(self._interval, 10 * self._poll_secs)
        if self._tops.has_only_urls:
            seconds = self._tops.wait_secs
        return seconds if end is None else min(seconds, end - time.monotonic())

    def _read_changes_locked(self, changes: Changes, seconds: float) -> None:
        with self._lock:
            self._read_changes(changes, seconds)

    def _read_changes(self, changes: Changes, seconds: float) -> None:
        """Reads what changed; everything if that is unknown, or if nobody had the time to wait for a change."""
        changed = {path for path in changes.files if event_names.is_event_file(path)}
        if changes.is_anything or seconds <= 0 or not changed <= self._known:
            self._poll()
        else:
            self._read(sorted(changed & self._files.keys()))

    def _poll(self) -> None:
        """Searches the directories and reads what is new in all files."""
        begin = time.monotonic()
        with suppress(FileNotFoundError):  # the log directory was removed; it may come again
            tops = self._tops.local()
            begin = time.monotonic()  # waiting for a store is no load
            for file in log_dirs.find_in(tops, may_be_empty=True):
                self._known.add(file.path)
                is_wanted = self._selected.runs is None or self._selected.runs(file.run)
                if is_wanted and not file.path.endswith(SUFFIXES):
                    self._files.setdefault(file.path, file)
        self._read(list(self._files))
        self._poll_secs = time.monotonic() - begin

    def _read(self, names: list[str]) -> None:
        """Takes what is new in some files."""
        selected = self._selected._replace(kinds=self._selected.kinds or KINDS)
        for file in scan.scan_files(names, self._unpacked, self._scanned, selected):
            before = self._scanned.get(file.path)
            if isinstance(file.error, FileNotFoundError):
                self._files.pop(file.path)
                self._known.discard(file.path)
                self._scanned.pop(file.path, None)
            elif before is None or file.index is None or file.index is not before.index:
                self._take(self._files[file.path], file, before)

    def _take(self, file: EventFile, scanned: ScannedFile, before: ScannedFile | None) -> None:
        index = scanned.index
        is_damaged = index is None or any(problem.bytes for problem in scanned.problems)
        if is_damaged and file.path not in self._warned:
            self._warned.add(file.path)
            self._damaged.append(scanned)
        if index is None:
            return
        # The slices of a file, and the whole file that they may become, are one to go on with.
        name = f"{file.run}/{file.path.rpartition('/')[2].removesuffix(slices.ALL)}"
        progress = self._progress.setdefault(name, _Progress())
        if before is None or before.index is None:
            is_another = progress.first_wall_time != index.first_wall_time or progress.events > index.events
        else:
            is_another = _is_another(index, before.index)
        if is_another:
            progress = self._progress[name] = _Progress()
        progress.first_wall_time = index.first_wall_time
        if index.series:
            self._pending.append(_rows(file, scanned.readable, index, progress))
        else:
            progress.events, progress.rows = index.events, 0
        self._scanned[file.path] = replace(scanned, index=index.without_rows())


def _refuse_compressed(given: Iterable[str]) -> None:
    for path in given:
        if path.endswith(SUFFIXES) and not os.path.isdir(path):  # noqa: PTH112  # names need not be UTF-8
            raise ValueError(
                f"logdir: expected event files that grow, got the compressed file {path!r}; tickertape.read reads it"
            )


def _rows(
    file: EventFile, readable: str, index: _core.FileIndex, progress: _Progress
) -> Iterator[ScalarRow | Row]:
    """The rows of an index behind `progress`, which moves on with them: by event, then by tag and kind."""
    series = sorted(index.series, key=lambda one: (one.tag, one.kind))
    ordinal = np.concatenate([one.ordinal for one in series])
    order = np.argsort(ordinal, kind="stable")
    ordinal = ordinal[order]
    first = int(np.searchsorted(ordinal, progress.events))
    first += progress.rows if first < len(ordinal) and ordinal[first] == progress.events else 0
    which = np.repeat(np.arange(len(series)), [len(one) for one in series])[order]
    columns = [
        np.concatenate([_column(one, name) for one in series])[order]
        for name in ("step", "wall_time", "value", "offset", "length", "position")
    ]
    for start in range(first, len(ordinal), _BLOCK_ROWS):
        block = [column[start : start + _BLOCK_ROWS].tolist() for column in (ordinal, which, *columns)]
        for event, number, step, wall_time, value, *place in zip(*block, strict=True):
            if progress.events != event:
                progress.events, progress.rows = event, 0
            progress.rows += 1
            one = series[number]
            if one.kind == "scalars":
                yield ScalarRow(file.run, one.tag, step, wall_time, value)
            else:
                make = ROWS.get(one.kind, Row)
                yield make(file.run, one.tag, step, wall_time, file.path, (readable, *place), one.metadata)
    progress.events, progress.rows = index.events, 0


def _column(series: _core.Series, name: str) -> npt.NDArray[Any]:
    """A column, of which a series of another kind has nothing but zeros."""
    is_missing = (name == "value") != (series.kind == "scalars") and name not in ("step", "wall_time")
    column: npt.NDArray[Any] = np.zeros(len(series), dtype=np.int64) if is_missing else getattr(series, name)
    return column


def _is_another(index: _core.FileIndex, before: _core.FileIndex) -> bool:
    """Whether a file was replaced or cut off, so that it was read from its start."""
    if index.identity != before.identity or index.events < before.events or index.end < before.end:
        return True
    return any(int(series.ordinal[0]) < before.events for series in index.series)


def _progress_of(state: Mapping[str, Any] | None) -> dict[str, _Progress]:
    if state is None:
        return {}
    if not isinstance(state, Mapping):
        raise TypeError(f"state: expected what a follower's state was, got {check.type_name(state)}")
    if state.get("version") != _STATE_VERSION:
        raise ValueError(f"state: expected version {_STATE_VERSION}, got {state.get('version')!r}")
    try:
        return {
            str(name): _Progress(None if wall_time is None else float(wall_time), int(events), int(rows))
            for name, (wall_time, events, rows) in state["files"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"state: expected what a follower's state was, got {error!r}") from error


def _seconds(value: float | None, name: str, least: float) -> float | None:
    if value is None:
        return None
    seconds = check.real(value, name)
    if not seconds >= least:
        raise ValueError(f"{name}: expected at least {least} seconds, got {seconds}")
    return seconds
