"""Objects of a store, read by ranges in several threads: in order, with bounded memory, until something says stop."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from tickertape.remote.daemon_pool import DaemonPool
from tickertape.remote.stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from typing_extensions import Self

    from tickertape.remote.stores import Store

# A request that takes long compared with its latency (10 to 100 ms), and 8 files × 4 ranges of it are 128 MiB.
_RANGE_BYTES = 4 << 20
_RANGES_AHEAD = 4  # of one object, in memory or on their way
_THREADS = 16
# Stores' own packages try again when a store is busy; this is for connections that end in the middle.
_PAUSES_SECS = (0.2, 1.0)


class Stopped(Exception):  # noqa: N818  # no error: stop() ends what is under way by it
    """Reading was stopped."""


class Fetching:
    """Reads objects for several threads, in a `with` block.

    Attributes:
        bytes: read so far.
    """

    def __init__(self, store: Store) -> None:
        self.bytes = 0
        self._store = store
        self._stopping = threading.Event()
        self._pool = DaemonPool(_THREADS, "tickertape-fetch-range")
        self._submitting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._pool.close()

    def stop(self) -> None:
        """Ends all reads with Stopped, as soon as the requests that are under way have an answer."""
        self._stopping.set()

    def read(self, name: str, begin: int, end: int) -> Iterator[bytes]:
        """The bytes [begin, end) of an object, or fewer if it is shorter.

        Raises:
            OSError: the store refused.
            Stopped: stop() was called.
        """
        starts = iter(range(begin, end, _RANGE_BYTES))
        pending: deque[tuple[int, Future[bytes]]] = deque()
        if end - begin <= _RANGE_BYTES:
            data = self._range(name, begin, end)
            self._check()
            yield data
            return
        while True:
            while len(pending) < _RANGES_AHEAD and (start := next(starts, None)) is not None:
                stop = min(start + _RANGE_BYTES, end)
                with self._submitting:
                    future = self._pool.submit(partial(self._range, name, start, stop))
                pending.append((stop - start, future))
            if not pending:
                return
            size, future = pending.popleft()
            data = future.result()
            self._check()
            yield data
            if len(data) < size:
                return

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _range(self, name: str, begin: int, end: int) -> bytes:
        for pause in (*_PAUSES_SECS, None):
            self._check()
            try:
                data = self._store.read(name, begin, end)
            except StoreError:
                if pause is None:
                    raise
                self._stopping.wait(pause)
            else:
                self.bytes += len(data)
                return data[: end - begin]  # a store that knows no ranges answers with everything
        raise AssertionError("the last turn returns or raises")
