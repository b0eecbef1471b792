"""The slow way of an op through methods that others have patched: encoded to a scratch file, read back as a message."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from typing import Any

from tickertape import _core

_SCRATCH_BYTES = 2**24  # then a new scratch file: whole runs do not pile up in the temporary directory


class ObservedWriter:
    """Takes ops like EventWriter and passes each on to `front` as a message.

    Ops are encoded by the core, as always, but into a scratch file in the temporary directory. A call returns when
    `front`, whose last link writes to the event file, has returned; so it waits for a value on an accelerator. May be used from many threads and after a fork.

    Args:
        front: has `add_event(event, step, walltime)` and `add_summary(summary, step, walltime)`.
        messages: the event_pb2 module that `front` works with.
    """

    def __init__(self, front: Any, messages: Any) -> None:
        self._messages = messages
        self._front = front
        self._start()

    def __getattr__(self, name: str) -> Any:
        """A method of the native writer; what it writes is passed on before it returns."""
        if not (name.startswith("add_") or name == "log") or not hasattr(_core.EventFileWriter, name):
            raise AttributeError(f"ObservedWriter has no attribute {name!r}")

        def passing_on(*args: Any, **kwargs: Any) -> None:
            if self._pid != os.getpid():  # forked: the lock may be held by a thread that is not here
                self._start()
            with self._lock:
                getattr(self._scratch, name)(*args, **kwargs)
                self._pass_on()

        return passing_on

    def close(self) -> None:
        """Removes the scratch file. Everything has been passed on."""
        self._remove()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()  # re-entrant: a signal handler or __del__ may log meanwhile
        self._open_scratch()

    def _open_scratch(self) -> None:
        directory = tempfile.mkdtemp(prefix="tickertape-")
        self._remove = weakref.finalize(self, _remove, directory, self._pid)
        self._scratch = _core.EventFileWriter(directory)
        self._offset = os.stat(self._scratch.path).st_size  # noqa: PTH116  # after the version event

    def _pass_on(self) -> None:
        """Passes on the events of the scratch file that have not been passed on yet."""
        self._scratch.flush(wait=True)
        while (record := self._next_record()) is not None:
            event = self._messages.Event.FromString(record)
            if event.WhichOneof("what") == "summary":
                self._front.add_summary(event.summary, event.step, event.wall_time)
            else:
                self._front.add_event(event, event.step, event.wall_time)
        if self._offset > _SCRATCH_BYTES:
            self._scratch.close()
            self._remove()
            self._open_scratch()

    def _next_record(self) -> bytes | None:
        """The record at the offset, which moves on first: an op from inside the front finds its own."""
        reader = _core.RecordReader(self._scratch.path, self._offset)
        record = next(reader, None)
        self._offset = reader.offset
        return record


def _remove(directory: str, pid: int) -> None:
    if pid == os.getpid():  # a forked child leaves its parent's alone
        shutil.rmtree(directory, ignore_errors=True)
