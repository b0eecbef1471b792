"""One event file as torch's FileWriter shows it, for code that brings its own protobuf messages."""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeAlias

from tickertape import _core
from tickertape._core import UnsupportedType
from tickertape.convert import check, notices, paths, protobuf, rank
from tickertape.writer import lifecycle, metadata, observation, uploads
from tickertape.writer.instance_bridge import EmptyBase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    from tickertape.convert import types


class EventWriter(_core.EventFileWriter):
    """The native writer of one file, with the two private names that other packages read, and protobuf messages."""

    @property
    def _file_name(self) -> str:
        return self.path

    @property
    def _logdir(self) -> str:
        return self.log_dir

    def get_logdir(self) -> str:
        """The directory of the event file."""
        return self.log_dir

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        raise UnsupportedType(
            "obj: expected a picklable object, got the writer of one event file; pickle the SummaryWriter or FileWriter"
        )

    def add_event(self, event: Any) -> None:
        """Writes an Event unchanged: serialised bytes, or any object with `SerializeToString()`.

        Raises:
            TypeError, ValueError: it is no Event.
        """
        data = protobuf.serialised(event, "event")
        protobuf.check_event(data, "event", "an Event")
        super().add_event(data)


def _repeated(name: str) -> Callable[..., Any]:
    """The method `name` of an EventWriter, for Reopening."""

    def call(self: Reopening, *args: Any, **kwargs: Any) -> Any:
        while True:
            try:
                return getattr(self.get_writer(), name)(*args, **kwargs)
            except _core.WriterClosed:  # noqa: PERF203  # nearly never
                continue

    return call


class Reopening:
    """Has the add_* methods of an EventWriter. If the writer was closed before such a call, the next one gets the op.

    Each op of the main file passes here, so the methods are made once, below, and not found by __getattr__.

    Args:
        get_writer: returns the writer of the moment, and opens one if need be.
    """

    __slots__ = ("get_writer",)

    def __init__(self, get_writer: Callable[[], Any]) -> None:
        self.get_writer = get_writer

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...


for _name in dir(EventWriter):
    if _name.startswith("add_"):
        setattr(Reopening, _name, _repeated(_name))


# Returns what takes the ops of a file; opens the file if need be.
GetWriter: TypeAlias = "Callable[[], EventWriter]"


class FileWriter(EmptyBase):
    """Writes protobuf messages to one event file.

    The signature is torch's; `max_queue` and `flush_secs` are kept but have no effect, since the core writes within
    milliseconds and bounds its queue by bytes.

    Args:
        log_dir: directory of the event file; made when missing.
        max_queue: no effect.
        flush_secs: no effect.
        filename_suffix: put at the end of the file's name.
        purge_step: TensorBoard hides this step and later steps of earlier files of the directory.
        on_full: what a call does if the byte budget is used up: "block" waits, "drop" drops the op and counts it.
        on_error: what happens if the disk makes trouble: "warn" warns once, "raise" raises OSError from each call until it is
            over. In both cases what was logged stays queued and is tried again.
        is_patient: do not raise if the disk refuses to make the file now; it is tried again later.
        write_to_disk: False checks every argument and writes nothing, not even a directory; nobody observes such a file.
        ranks: "zero" is write_to_disk=False in all processes of a job but its rank 0; see SummaryWriter.
        upload_secs: as in SummaryWriter, for a `log_dir` that is a URL.
        spool_bytes: as in SummaryWriter, for a `log_dir` that is a URL.

    Raises:
        OSError: the directory cannot be made or written; carries the path.
        TypeError, ValueError: an argument is of the wrong kind.
    """

    def __init__(
        self,
        log_dir: types.Path,
        max_queue: types.Real = 10,
        flush_secs: types.Real = 120,
        filename_suffix: str = "",
        *,
        purge_step: int | None = None,
        on_full: types.OnFull = "block",
        on_error: types.OnError = "warn",
        is_patient: bool = False,
        write_to_disk: bool = True,
        ranks: types.Ranks = "all",
        upload_secs: types.Real | None = None,
        spool_bytes: int | None = None,
    ) -> None:
        self._target = uploads.target_of(log_dir, upload_secs, spool_bytes)
        self._log_dir = (
            self._target.url if self._target is not None else paths.absolute(paths.local_dir(log_dir))
        )
        check.real(max_queue, "max_queue")
        check.real(flush_secs, "flush_secs")
        self._suffix = paths.file_name_part(filename_suffix, "filename_suffix")
        self._policies: dict[str, Any] = {
            "on_full": check.one_of(on_full, "on_full", ("block", "drop")),
            "on_error": check.one_of(on_error, "on_error", ("warn", "raise")),
        }
        self._options: dict[str, Any] = {"write_to_disk": bool(write_to_disk), "ranks": ranks}  # for pickle
        self._write_to_disk = bool(write_to_disk) and rank.writes(ranks)
        self._defaults = metadata.Defaults()
        lifecycle.arm()
        self._open(purge_step, is_patient)

    def _open(self, purge_step: int | None, is_patient: bool = False) -> None:
        """Makes the file, and finds out whether other packages want to see its ops."""
        if self._target is None or not self._write_to_disk:
            self._open_in(self._log_dir, purge_step, is_patient)
            return
        self._log_dir = self._target.open()
        with self._target.closed_after_error():
            self._open_in(self._log_dir, purge_step, is_patient)
            self._target.add_writer(self.event_writer)

    def _open_in(self, directory: str, purge_step: int | None, is_patient: bool) -> None:
        self.event_writer = EventWriter(
            directory,
            rank.name_part() + self._suffix,
            purge_step=purge_step,
            is_patient=is_patient,
            write_to_disk=self._write_to_disk,
            **self._policies,
        )
        if self._write_to_disk:
            _warn_of_two(self)
        find_observers = observation.file_opened if self._write_to_disk else observation.nobody
        self._front, self._messages, self.op_writer = find_observers(self, self._suffix)

    def get_logdir(self) -> str:
        """The directory of the event file, absolute; of a run with a URL, the local one from which it is uploaded."""
        return self._log_dir

    def add_event(self, event: Any, step: types.Step = None, walltime: types.WallTime = None) -> None:
        """Writes an Event. As in torch, sets its `wall_time` (None is now), and its `step` if one is given.

        Args:
            event: an Event message of any protobuf package.
            step: int64 or None.
            walltime: seconds since the epoch.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        if not hasattr(event, "SerializeToString"):
            raise UnsupportedType(f"event: expected an Event message, got {check.type_name(event)}")
        step, walltime = self._filled(step, walltime)
        seconds = check.walltime(walltime)
        number = check.step(step, "step")
        event.wall_time = time.time() if seconds is None else seconds
        if step is not None:
            event.step = number
        if self._front is None or self._front is self:
            self.event_writer.add_event(event)
        else:
            self._front.add_event(event, step, event.wall_time)

    def add_summary(
        self, summary: Any, global_step: types.Step = None, walltime: types.WallTime = None
    ) -> None:
        """Writes an Event around a Summary.

        Args:
            summary: a Summary message of any protobuf package (torch's, tensorboardX's, TensorFlow's), or its bytes.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        global_step, walltime = self._filled(global_step, walltime)
        data = protobuf.serialised(summary, "summary")
        if data is summary:  # bytes, not parsed yet
            protobuf.check_event(
                protobuf.bytes_field(5, data), "summary", "a Summary"
            )  # event.proto: field 5
        if self._front is self:
            event = self._messages.Event.FromString(protobuf.bytes_field(5, data))
            self.add_event(event, global_step, walltime)
        else:
            self.op_writer.add_summary(data, global_step, walltime)

    def _filled(self, step: types.Step, walltime: types.WallTime) -> tuple[Any, Any]:
        """The arguments; one that is None is replaced by the value of use_metadata()."""
        default = self._defaults.current
        return default.step if step is None else step, default.walltime if walltime is None else walltime

    def add_graph(self, graph_profile: Any, walltime: types.WallTime = None) -> None:
        """Writes a graph and the memory and time of its nodes.

        Args:
            graph_profile: a GraphDef message and a RunMetadata message of any protobuf package, or their bytes.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        if not isinstance(graph_profile, (tuple, list)) or len(graph_profile) != 2:
            raise UnsupportedType(f"graph_profile: expected a graph and run metadata, got {graph_profile!r}")
        graph, profile = (protobuf.serialised(message, "graph_profile") for message in graph_profile)
        self._add_graph(graph, walltime, profile)

    def add_onnx_graph(self, graph: Any, walltime: types.WallTime = None) -> None:
        """Writes a graph.

        Args:
            graph: a GraphDef message of any protobuf package, or its bytes.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        self._add_graph(protobuf.serialised(graph, "graph"), walltime)

    def add_openvino_graph(self, graph: Any, walltime: types.WallTime = None) -> None:
        """The same as add_onnx_graph, as in tensorboardX."""
        self.add_onnx_graph(graph, walltime)

    def _add_graph(self, graph: bytes, walltime: types.WallTime, profile: bytes | None = None) -> None:
        from tickertape.writer.graphs import nodes  # noqa: PLC0415  # few write graphs

        seconds = check.walltime(self._filled(None, walltime)[1])
        seconds = time.time() if seconds is None else seconds
        self.op_writer.add_event(nodes.graph_event(graph, seconds))
        if profile is not None:
            self.op_writer.add_event(nodes.run_metadata_event(profile, seconds))

    @contextlib.contextmanager
    def use_metadata(
        self, *, global_step: types.Step = None, walltime: types.WallTime = None
    ) -> Iterator[Self]:
        """As SummaryWriter.use_metadata, for the methods of this class."""
        with self._defaults.replaced_by(metadata.checked(global_step, walltime)):
            yield self

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle. The copy opens a file of its own in the same directory, with the same options."""
        log_dir = self._log_dir if self._target is None else self._target
        return _reopened, (log_dir, self._suffix, {**self._policies, **self._options})

    def flush(self, wait: bool = False) -> None:
        """Returns when everything added so far is in the file and visible to a reader.

        Args:
            wait: also wait for values that are still on a device. Otherwise the first of them in the file, and what
                follows it there, is written later. A run with a URL is also uploaded, if the store takes it; if it does
                not, a warning comes, or with on_error="raise" an OSError.
        """
        self.event_writer.flush(wait)
        if wait and self._target is not None:
            self._target.upload(raises=self._policies["on_error"] == "raise")

    def leave_directory(self) -> None:
        """Called before close(), if another writer may be opened meanwhile: the two do not count as open at once."""
        directory = os.path.normpath(self._log_dir)
        if _newest.get(directory) is self:
            _newest.pop(directory, None)

    def close(self) -> None:
        """flush(), then closes the file. Closing twice is fine."""
        if self._target is None:
            self._close_file()
            return
        self._target.lift_limits()
        try:
            self._close_file()
        finally:
            self._target.close()

    def _close_file(self) -> None:
        self.op_writer.close()
        self.event_writer.close()

    def reopen(self) -> None:
        """After close(): opens a new file of the same directory. Does nothing while the file is open."""
        if self.event_writer.closed:
            self._open(None, is_patient=True)


# Directory to the FileWriter of this process that was opened there last.
_newest: weakref.WeakValueDictionary[str, FileWriter] = weakref.WeakValueDictionary()
_newest_of = 0  # process id: a forked child writes elsewhere


def _warn_of_two(opened: FileWriter) -> None:
    """Warns once of a directory that has two open writers in this process."""
    global _newest_of  # noqa: PLW0603  # the pid to which the table belongs
    if _newest_of != os.getpid():
        _newest_of = os.getpid()
        _newest.clear()
    directory = os.path.normpath(opened.get_logdir())
    before = _newest.get(directory)
    _newest[directory] = opened
    if before is None or before is opened or before.event_writer.closed:
        return
    notices.warn_once(
        ("two writers", directory),
        f"log_dir: another writer of this process is open on {directory!r}. Its points that come from now on are not shown by"
        " TensorBoard's plain loader (--load_fast=false), which follows the newest file of a directory; use one writer,"
        " or close the first",
    )


def _reopened(log_dir: str | uploads.Target, suffix: str, options: dict[str, Any]) -> FileWriter:
    """A pickled FileWriter in another process."""
    if isinstance(log_dir, uploads.Target):
        return FileWriter(log_dir.url, filename_suffix=suffix, is_patient=True, **log_dir.options, **options)
    return FileWriter(log_dir, filename_suffix=suffix, is_patient=True, **options)
