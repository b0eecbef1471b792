"""Stubs of the native module; checked against it by stubtest."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, final, type_check_only

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

__version__: Final[str]

# --- Errors ------------------------------------------------------------------------------------------------------
class UnsupportedType(TypeError, ValueError, NotImplementedError, AssertionError):  # noqa: N818
    """An argument is of a type that the method does not take.

    Also a ValueError, NotImplementedError and AssertionError: torch's writer raises each of them.
    """

class UnsupportedValue(ValueError, NotImplementedError, AssertionError):  # noqa: N818
    """An argument has a value or shape that the method does not take.

    Also a NotImplementedError and AssertionError: torch's writer raises both.
    """

class WriterClosed(UnsupportedValue):
    """The writer was closed before the call."""

# --- Writing -----------------------------------------------------------------------------------------------------
# `global_step` is anything int() takes (None is 0), `walltime` seconds since the epoch (None is now). A tag that is no
# str raises TypeError; one that is not valid UTF-8, a step outside int64 and a wall time that is NaN or infinite raise
# ValueError. Every add_* returns when the op is in the ring. `source` says that the arrays of the call are not read now:
# after that DeviceCopy has ended, whose owner keeps them alive and unchanged; or later, from the caller's memory, for an
# InPlace: they are contiguous (ValueError), and such an op dies with the process until it is in its file.
# Messages of errors about arguments read `argument: expected X, got Y`. What a caller's object raises (KeyboardInterrupt,
# MemoryError, an exception of its own) is raised as it is, or is the cause of an error that names the argument. "TypeError"
# and "ValueError" of an argument are UnsupportedType and UnsupportedValue.

def fork_directory(log_dir: str) -> str:
    """Where a process forked from the one that made a writer of `log_dir` writes, e.g. `<log_dir>/fork_1`.

    Each living process has a number of its own; that of a dead one is used again. `log_dir` itself in the process in
    which the first writer was made, and in a child that outlives it.
    """

class EventFileWriter:
    """One event file. The file and its version event exist when the constructor returns.

    In a forked child the first call opens another one in `fork_directory(log_dir)`.

    Raises:
        OSError: `log_dir` cannot be made or written; carries errno and the path.
        ValueError: `log_dir` or `filename_suffix` holds a NUL character.
    """

    def __init__(
        self,
        log_dir: str,
        filename_suffix: str = "",
        *,
        purge_step: int | None = None,
        on_full: str = "block",  # or "drop": what a call does if the byte budget is used up
        on_error: str = "warn",  # or "raise": OSError from add_*, flush() and close() while the disk refuses to write
        is_patient: bool = False,  # True: if the disk refuses to make the file now, it is tried again later
        write_to_disk: bool = True,  # False checks all arguments and drops the ops: no directory, file or thread
    ) -> None: ...
    @property
    def log_dir(self) -> str: ...
    @property
    def path(self) -> str:
        """The event file; "" if there is none: once closed, and with write_to_disk=False."""

    @property
    def closed(self) -> bool: ...
    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        new_style: bool = False,
        double_precision: bool = False,
        display_name: str = "",
        summary_description: str = "",
    ) -> None: ...
    def log(
        self, values: Mapping[str, Any] | _NamedScalars, global_step: Any = None, walltime: Any = None
    ) -> None: ...
    def add_histogram(
        self,
        tag: str,
        values: npt.NDArray[Any],  # any shape, C-contiguous or not; bfloat16 as its bits in uint16
        dtype: str,  # "float32", "bfloat16", "bool", ...: what the elements are
        bins: int | npt.NDArray[np.float64] | None,  # None: torch's 1,549 edges
        max_bins: int | None,
        global_step: Any,
        walltime: Any,
        /,
        source: DeviceCopy | InPlace | None = None,
    ) -> None: ...
    def add_histogram_counts(
        self,
        tag: str,
        words: npt.NDArray[Any],
        max_bins: int | None,
        global_step: Any,
        walltime: Any,
        source: DeviceCopy | InPlace | None = None,
    ) -> None:
        """A histogram over torch's 1,549 edges that was counted elsewhere, e.g. on a device.

        `words` are 1,556 elements of 8 bytes: [0] how many values are NaN, [1] how many infinite (int64); [2] to [5] min,
        max, sum and sum of squares of the finite ones (float64 bits); [6] how many of these are below the first edge,
        [7:1555] in each bin, [1555] above the last edge (int64).
        """
    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: float,
        sum: float,
        sum_squares: float,
        bucket_limits: npt.NDArray[np.float64],
        bucket_counts: npt.NDArray[np.float64],
        global_step: Any,
        walltime: Any,
    ) -> None: ...
    def add_pr_curve(
        self,
        tag: str,
        labels: npt.NDArray[Any],
        predictions: npt.NDArray[Any],
        num_thresholds: int,
        weights: npt.NDArray[Any] | None,
        global_step: Any,
        walltime: Any,
        source: DeviceCopy | InPlace | None = None,
    ) -> None: ...
    def add_image(
        self,
        tag: str,
        pixels: npt.NDArray[Any],
        dtype: str,
        dataformats: str,  # permutation of NCHW, CHW or HW; an N makes a grid
        global_step: Any,
        walltime: Any,
        source: DeviceCopy | InPlace | None = None,
    ) -> None: ...
    def add_encoded_image(
        self,
        tag: str,
        encoded: bytes,
        height: int,
        width: int,
        channels: int,
        global_step: Any,
        walltime: Any,
    ) -> None: ...
    def add_video(
        self,
        tag: str,
        clips: npt.NDArray[Any],  # NTCHW, 1 or 3 channels
        dtype: str,
        fps: float,
        global_step: Any,
        walltime: Any,
        source: DeviceCopy | InPlace | None = None,
    ) -> None: ...
    def add_audio(
        self,
        tag: str,
        samples: npt.NDArray[Any],  # [frames, channels], 1 or 2 channels
        dtype: str,
        sample_rate: int,
        global_step: Any,
        walltime: Any,
        source: DeviceCopy | InPlace | None = None,
    ) -> None: ...
    def add_tensor(
        self,
        tag: str,
        values: npt.NDArray[Any] | Sequence[bytes],  # a sequence of bytes is DT_STRING
        dtype: str,  # as in add_histogram, or "string", "complex64", "complex128"
        shape: Sequence[int] | None,  # None leaves the shape out of the proto
        plugin_name: str,  # "" leaves the metadata out when the two below are empty too
        plugin_content: bytes,
        global_step: Any,
        walltime: Any,
        display_name: str = "",
        summary_description: str = "",
        data_class: int = 0,
        source: DeviceCopy | InPlace | None = None,  # complex128 `values` are then contiguous
    ) -> None: ...
    def add_summary(self, summary: bytes, global_step: Any, walltime: Any) -> None:
        """Writes an Event around a serialised Summary."""
    def add_event(self, event: bytes) -> None:
        """Writes a serialised Event unchanged. Raises ValueError if it is no Event."""
    def flush(self, wait: bool = False) -> None:
        """Returns when every op accepted so far is in the file and visible to a reader.

        Without `wait`, the first op that waits for a device, and those after it, are written later.

        Raises OSError only with on_error="raise"; otherwise warns once.
        """
    def sync(self) -> None:
        """flush(), and the file is on the disk (fsync)."""
    def set_size_limit(self, bytes: int) -> None:
        """Once the file has this many bytes, nothing more is written to it until the limit is raised.

        What is logged meanwhile stays queued, as with a full disk (EDQUOT). Does nothing if no file of this process is open.
        """

    def close(self) -> None:
        """flush(wait=True), then closes the file. Closing twice is fine."""

class _NamedScalars(Protocol):
    """A ScalarBuffer. To a type checker it is no Mapping, since its items() returns a list."""

    def items(self) -> Iterable[tuple[str, Any]]: ...

class SummaryWriterBase:
    """What SummaryWriter inherits: add_scalar, log and flush as native fast-call methods on the bound writer.

    While none is bound, they call self._open() (a Python method of the subclass, which binds one) first.
    """

    def __init__(self) -> None: ...
    def _bind(self, op_writer: Any) -> None:
        """What takes the ops: an EventFileWriter, an object with the same add_scalar and log, or None if no file is open."""

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        new_style: bool = False,
        double_precision: bool = False,
        display_name: str = "",
        summary_description: str = "",
    ) -> None: ...
    def flush(self, wait: bool = False) -> None:
        """One comparison if nothing is queued in the process and `wait` is False; otherwise calls self._flush(wait), a Python method."""
    def log(
        self, values: Mapping[str, Any] | _NamedScalars, global_step: Any = None, walltime: Any = None
    ) -> None:
        """Logs many numbers of one step in one Event; nested mappings become `a/b`. All or nothing."""

def put_fast_methods(cls: type[SummaryWriterBase]) -> None:
    """Puts the native methods on `cls` itself, so that calls on its instances need no search through its bases."""

# --- The gate: what add_* ask before they check their arguments -------------------------------------------------

is_gated: bool
"""True while a gated block is running or a default step is set: then each add_* first asks the admit hook."""

def set_admit_hook(hook: Callable[[Any, Any, Any], tuple[Any, Any] | None]) -> None:
    """What add_scalar and log call while a gated block is running: hook(writer, step, walltime).

    It returns the step and wall time of the call, or None if the call is to record nothing.
    """

def enter_gated_block() -> None:
    """Counts one more running block of record_if or use_metadata, in any thread."""

def leave_gated_block() -> None: ...
def set_default_step(step: int | None) -> None:
    """The step of add_* calls that name none; None unsets it."""

def default_step() -> int | None: ...
def stats() -> dict[str, int]:
    """Returns the counters of the process, by name.

    - `events_accepted`, `events_written`, `events_queued`, `bytes_written`, `bytes_queued`, `writers_open`;
    - `events_dropped`: by on_full="drop", or because they could not be encoded;
    - `events_late`: events that wait for a value from a device;
    - `write_retries`: writes that failed and were tried again;
    - `files_renewed`: files that were begun because the file before was deleted or cut off;
    - `internal_errors`: unexpected errors while writing, which was tried again;
    - `wait_ns`: time that callers waited for room in the queue, nanoseconds.
    """

def leave_notice(text: str) -> None:
    """Lets the next call of any writer warn with `text` (RuntimeWarning). For threads that no user's code has called."""

def shutdown(is_last: bool) -> None:
    """Drains everything and stops the threads; later ops are written by their caller at once.

    All calls together wait at most $TICKERTAPE_EXIT_TIMEOUT seconds (10). `is_last`: this is the last call of the
    process, so it reports on standard error what could not be written.
    """

@final
class InPlace:
    """Source of a call whose arrays are not copied: `owner` keeps them alive until they have been read."""

    def __init__(self, owner: Any) -> None: ...

# --- Values that are still on a device ---------------------------------------------------------------------------

@final
class DeviceCopy:
    """Values on their way into memory of this process: one asynchronous copy, and what tells that it has ended.

    Serves any number of ops in any number of files. Make it after the copy was enqueued and the event recorded.

    Args:
        owner: what keeps the memory alive; comes back from take_done() when nobody needs the values any more and the
            device writes no more.
        device: "cuda" or "hip", whose driver is asked about `event` from the core's own thread; or "manual", where
            complete() or fail() says when.
        event: raw handle of a recorded event (`torch.cuda.Event.cuda_event`).
        queue: names the device's queue (a stream): in one queue, the first copy that has not ended holds up those after it.

    Raises:
        ValueError: no such device, or no event where its driver is to be asked.
        RuntimeError: this process has not loaded the device's driver, or no context is current in this thread.
    """

    def __init__(self, owner: Any, device: str, event: int = 0, queue: int = 0) -> None: ...
    def scalar(self, address: int, dtype: str) -> DeferredScalar:
        """The one element of `dtype` (as in add_histogram) at `address`."""
    def scalars(self, address: int, dtype: str, count: int) -> list[DeferredScalar]:
        """`count` contiguous elements."""
    def complete(self) -> None:
        """Of device "manual", once: the memory is filled. Any thread."""
    def fail(self, error: str) -> None:
        """Of device "manual", once: the memory never will be filled, because of `error`. Any thread."""
    @property
    def state(self) -> str:
        """One of "waiting", "here", "failed". Asks the device, never waits."""

@final
class DeferredScalar:
    """A number that an DeviceCopy brings: what add_scalar and log take in place of one."""

def open_device(driver: str, index: int) -> bool:
    """Lets the core ask the events of device number `index` of "cuda" or "hip", and copy scalars from it if it can.

    Called while a context of the device is current in this thread. Returns False if this process has not loaded the driver
    or lacks what is needed.

    Raises:
        RuntimeError: no context is current.
        ValueError: `index` is no number of a device.
    """

def set_device_tensors(
    types: tuple[type, ...],
    dtypes: dict[Any, str],
    stream: Callable[[int], int],
    stack: Callable[[list[Any]], Any],
) -> None:
    """Tensors that add_scalar and log copy from an opened device without a hook, until the next call of this function.

    Args:
        types: their types, exactly. They have torch's `is_cuda`, `dtype`, `get_device()`, `numel()`, `is_neg()` and
            `data_ptr()`.
        dtypes: element types, and what the core calls them. Tensors of other types are left to the hooks.
        stream: the handle of the current stream of the device of a number.
        stack: one contiguous tensor of several of one element each and of the same type.
    """

def deferred_scalars(values: list[Any], arguments: list[str]) -> list[DeferredScalar | None]:
    """The values, of one element each, with one copy for each device and type; None for a value that is on no device.

    Args:
        values: any objects.
        arguments: the names of the values in errors.
    """

def take_done() -> list[Any]:
    """Owners of device copies that nobody needs any more and to whose memory no device writes. Each once."""

def set_device_hooks(
    one: Callable[[Any, str], DeferredScalar | None] | None,
    many: Callable[[list[Any], list[str]], list[DeferredScalar | None]] | None,
    poll: Callable[[], None] | None,
) -> None:
    """What add_scalar and log call where a value is neither a number nor a str; None: it is on no device.

    `one` gets the value and the argument's name, `many` all such values of one log() and their names. `poll` completes
    what it can of device "manual" without waiting; called while flush(wait=True), close() or the exit waits.
    """

# --- The rules for arguments, for methods that are written in Python -----------------------------------------------

def to_step(value: Any, name: str) -> int:
    """`value` as an int64 by int(); None is 0. TypeError, ValueError naming `name`, as all of these."""

def to_wall_time(value: Any, name: str) -> float | None:
    """`value` as finite seconds since the epoch; None stays None. Text is refused."""

def to_real(value: Any, name: str) -> float:
    """float(value); text and complex numbers are refused."""

def to_scalar(value: Any, name: str) -> float:
    """What add_scalar takes: a number, numeric text, or an array of one element; one on a device is waited for."""

def to_flag(value: Any, name: str) -> bool:
    """bool(value)."""

def to_text(value: str, name: str) -> str:
    """`value`, which is a str that UTF-8 can hold."""

def items_of(values: Any, name: str) -> list[tuple[Any, Any]]:
    """A mapping's items(), which are pairs and do not change meanwhile; otherwise TypeError."""

def text_of(value: Any) -> str:
    """str(value) for a message: escaped where UTF-8 cannot hold it, and a placeholder if it raises an Exception."""

def repr_of(value: Any) -> str:
    """repr(value) likewise."""

def type_name(value: Any) -> str:
    """The name of the type of `value`, with its module unless that is `builtins`."""

def host_array(value: Any, /) -> Any:
    """The array of a torch tensor in the memory of the host, which it shares. Any other value is returned as it is, also a
    tensor that NumPy has no array for (bfloat16, sparse, ...) or a subclass of torch's types.
    """

DTYPES: Final[tuple[tuple[str, str], ...]]
"""The element types: (name, NumPy's kind). The kind is "" for bfloat16 and string, which NumPy lacks."""

# --- Reading -----------------------------------------------------------------------------------------------------

@final
class RecordReader(Iterator[bytes]):
    """The TFRecords of one file, CRCs checked. Damage is skipped and noted; a cut-off tail ends the iteration.

    Raises OSError from the constructor if the file cannot be opened or is no regular file, and RuntimeError while another
    thread reads with it. Ctrl-C ends a long search after damage; the next call continues.
    """

    def __init__(self, path: str | bytes, offset: int = 0) -> None: ...
    def __iter__(self) -> RecordReader: ...
    def __next__(self) -> bytes: ...
    @property
    def offset(self) -> int:
        """Where the next record starts, or would start once the file has grown."""
    @property
    def damage(self) -> list[tuple[int, int]]:
        """(offset, length in bytes) of each region that was skipped."""
    @property
    def tail_bytes(self) -> int:
        """Bytes of an incomplete record at the end of the file; 0 if it ends with a whole one."""

def record_span(path: str | bytes, offset: int, most_bytes: int) -> tuple[int, int]:
    """Where to cut a file: the first whole records from `offset`, the start of a record, on.

    Every CRC is checked. Damage before the first record is left out, so `begin` may be behind `offset`; the span ends before the
    next damage.

    Returns:
        (begin, end) of at most `most_bytes` bytes, but of at least one record; both are `offset` if there is none yet.

    Raises:
        OSError: the file cannot be read, or is no regular file.
    """

@final
class FileIndex:
    """What one scan found in an event file: numbers as columns, everything else as places. A snapshot, for any thread."""

    @property
    def path(self) -> str: ...
    @property
    def end(self) -> int:
        """Offset behind the last whole record: where a later scan goes on."""
    @property
    def size(self) -> int:
        """Size of the file when the scan began."""
    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
    @property
    def is_cut(self) -> bool:
        """Whether bytes that are no whole record (yet) lie behind `end`; that is no damage."""
    @property
    def tail_bytes(self) -> int:
        """How many bytes lie behind `end`."""
    @property
    def events(self) -> int:
        """Whole records, those that are no Event included."""
    @property
    def problems(self) -> list[tuple[int, int, str]]:
        """(offset, bytes that were skipped, cause), in file order.

        Damage has the cause "damaged"; a record that is no Event, or has a tag that is not UTF-8, "not an event" and why.
        With 0 bytes nothing was skipped: the first step or wall time of a tag that goes back without a SessionLog START.
        """
    @property
    def starts(self) -> list[tuple[int, float, int]]:
        """Step, wall time and ordinal of each SessionLog START."""
    @property
    def first_wall_time(self) -> float | None: ...
    @property
    def file_version(self) -> str | None:
        """The last one, for instance "brain.Event:2"."""
    @property
    def source_writer(self) -> str | None: ...
    @property
    def is_plain(self) -> bool:
        """Whether there is no error and no problem, and a value, a file version or a start: certainly an event file."""
    @property
    def error(self) -> OSError | None:
        """Why the file could not be opened or read; then there is nothing else."""
    @property
    def series(self) -> list[Series]:
        """One for each tag and kind, in the order of their first values."""
    def without_rows(self) -> FileIndex:
        """What a later scan needs to go on, without series and problems: passed as `previous` it finds what is new alone."""

@final
class Series:
    """The values of one tag and kind in one file, in file order. Arrays are read-only; they are views of the index.

    A series of kind "scalars" has `value`, every other one has `offset`, `length`, `position` and `field`; the other
    attributes raise AttributeError.
    """

    def __len__(self) -> int: ...
    @property
    def tag(self) -> str: ...
    @property
    def kind(self) -> str:
        """What the values are.

        "scalars", "histograms", "images", "audio", "text", "tensors", "pr_curves", "hparams", "meshes", "custom_scalars",
        "graphs", "meta_graphs", "run_metadata" or "log_messages". The plugin of the tag's first metadata says what a tensor
        is; of an unknown plugin it is a tensor; without a plugin it is a scalar if it is one number. Of the "scalars" plugin,
        what is not one number is a tensor.
        """
    @property
    def plugin(self) -> str:
        """The plugin's name in the tag's first metadata; "" without one."""
    @property
    def metadata(self) -> bytes:
        """The tag's first SummaryMetadata, serialised; b"" without one, and of one without fields."""
    @property
    def has_metadata(self) -> bool:
        """Whether a value of the tag has a SummaryMetadata, with fields or without."""
    @property
    def fields(self) -> tuple[int, ...]:
        """Which fields of Summary.Value hold the values: 2 simple_value, 4 image, 5 histo, 6 audio, 8 tensor, 0 none."""
    @property
    def step(self) -> npt.NDArray[np.int64]: ...
    @property
    def wall_time(self) -> npt.NDArray[np.float64]: ...
    @property
    def ordinal(self) -> npt.NDArray[np.uint32]:
        """Number of the event among the whole records of the file."""
    @property
    def value(self) -> npt.NDArray[np.float64]: ...
    @property
    def offset(self) -> npt.NDArray[np.int64]:
        """Where the record starts."""
    @property
    def length(self) -> npt.NDArray[np.int64]:
        """Bytes of the record's data, the Event."""
    @property
    def position(self) -> npt.NDArray[np.int32]:
        """Number of the value in the event's summary; -1: the event itself is the value (graphs and the like)."""
    @property
    def field(self) -> npt.NDArray[np.uint8]:
        """The field of Summary.Value that holds the value, as in `fields`."""
    @property
    def first_field(self) -> int:
        """The field of the first place; of numbers the lowest of `fields`."""
    @property
    def first_ordinal(self) -> int:
        """The ordinal of the first row."""

def scan_files(
    paths: Sequence[str | bytes],
    *,
    previous: Sequence[FileIndex | None] | None = None,
    tag_filter: Callable[[str], bool] | None = None,
    kinds: Collection[str] | None = None,
    steps: tuple[int, int] | None = None,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> list[FileIndex]:
    """Reads event files into indices, in the order of `paths`, on a pool of threads without the GIL.

    Args:
        paths: regular files. One that cannot be read has an index with an `error`; the others are not affected.
        previous: what earlier scans found. A file that has grown costs only what is new; one that was replaced, cut off or
            rewritten is scanned from its start.
        tag_filter: which tags to keep; called on the calling thread, as is `progress`.
        kinds: which kinds to keep.
        steps: first and last step to keep.
        threads: how many; 0: as many as this process may use processors. Large files are cut among them.
        progress: called with the bytes that were read and those in all, some 20 times a second.

    Raises:
        KeyboardInterrupt, and whatever else a signal handler, `tag_filter` or `progress` raises: within 50 ms or so.
    """

def read_record(path: str | bytes, offset: int, length: int) -> bytes:
    """The data of the record at `offset`, which has `length` bytes. ValueError if no such record is there; OSError."""

def event_folders(
    top: str | bytes, *, most_entries: int | None = None, most_folders: int | None = None
) -> list[tuple[str, list[str]]]:
    """The directories at and below `top` that have event files, and the names of these; in no order.

    Symbolic links are followed, but no link into a directory above itself. What cannot be read is passed over.

    Args:
        top: a directory.
        most_entries: ends once more names than this were looked at.
        most_folders: ends once so many of these directories were found.
    """

def is_event_file(name: str) -> bool:
    """Whether TensorBoard would take a file of this name for an event file with data."""

def live_series(
    files: Sequence[FileIndex], restarts: str
) -> list[tuple[int, str, str, Series, npt.NDArray[np.bool_] | None]]:
    """Every series of the files of one run, file by file: number of the file, kind, tag, series, which rows count (None: all).

    restarts: "as-tensorboard": a SessionLog START at step T (but for the run's first) voids what came before it from step T
        on; before any file version of 2 or more, a step that goes back voids its tags' rows from that step on. "newest": the
        first step that a file has for a tag voids earlier files' rows of that tag from that step on. "all": nothing is void.
    """

def latest(series: Sequence[Series], live: Sequence[npt.NDArray[np.bool_] | None]) -> tuple[int, float]:
    """The greatest step and the greatest wall time (NaN if there is one) of the rows that count; zeros without rows."""

def join_columns(
    series: Sequence[Series], live: Sequence[npt.NDArray[np.bool_] | None], name: str
) -> npt.NDArray[Any]:
    """One column of several series, one after the other: the rows that count.

    Args:
        series: all with numbers, or all with places.
        live: for each of them which rows count; None: all.
        name: "step", "wall_time", "ordinal"; "value" of numbers; "offset", "length", "position" or "field" of places.
    """

def extremes(values: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.intp]:
    """The numbers of at most `points` values, ascending: the first, the last, and the least and greatest of each stretch between.

    All if there are no more. One point is the last value, two or three are the first and the last, zero are none. NaN is
    neither least nor greatest.
    """

def scalars_response(
    runs: Sequence[
        tuple[
            str,
            Sequence[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]],
        ]
    ],
    points: int,
) -> bytes:
    """The message ReadScalarsResponse of TensorBoard's data provider, serialised.

    Args:
        runs: (name, tags) of each run; of each tag (tag, step, wall_time, value), one-dimensional and of one length.
        points: how many values of a tag at most; extremes() picks them. Values are stored as float32.

    Raises ValueError, TypeError if a column is of another form.
    """

@final
class ArrowStream:
    """Columns for whoever takes Arrow's PyCapsule interface; a fresh stream at every call, over the columns' own memory.

    Args:
        fields: (name, format, texts) of each column. Formats: "l" int64, "g" float64, "i" int32, "b" bool, "U" text, "Z"
            bytes, "+L" with one of these for lists, and "dict": int32 codes of `texts`, which is None otherwise.
        batches: (rows, columns). A column is a list of contiguous buffers, which are kept: None or a bitmap of what is
            valid; then the values; of texts, bytes and lists the offsets (int64, one more than rows) before them.

    Raises ValueError if a buffer is too short, a format unknown, or offsets go back.
    """

    def __init__(
        self,
        fields: Sequence[tuple[str, str, Sequence[str] | None]],
        batches: Sequence[tuple[int, Sequence[Sequence[Any]]]],
    ) -> None: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

# One class for each message that an event file holds, with protobuf's field names. All are read-only. A field that is not
# set is its zero, an empty list or an empty message; parts of a message are merged, groups and unknown fields skipped, as
# protobuf does. Fields are decoded when one of them is first asked for. Memory: at most 80 bytes for each byte of the message,
# if every field of every message in it is asked for; time in proportion to the bytes.

@type_check_only
class _Message:
    def __new__(cls, data: bytes = b"") -> Self:
        """Reads a message from its bytes. ValueError if protobuf would refuse them, at any depth."""
    def HasField(self, name: str) -> bool:  # noqa: N802  # protobuf's name
        """Whether a field is set, that is, whether the bytes hold it. ValueError if the message has no such field."""
    def WhichOneof(self, oneof: str) -> str | None:  # noqa: N802  # protobuf's name
        """The name of the field of a oneof that is set, or None."""
    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The bytes that the message was read from."""

@final
class Event(_Message):
    """One event of a file. Exactly one field of the oneof "what" is set, or none."""

    @property
    def wall_time(self) -> float: ...
    @property
    def step(self) -> int: ...
    @property
    def file_version(self) -> str: ...
    @property
    def graph_def(self) -> bytes: ...
    @property
    def summary(self) -> Summary: ...
    @property
    def log_message(self) -> LogMessage: ...
    @property
    def session_log(self) -> SessionLog: ...
    @property
    def tagged_run_metadata(self) -> TaggedRunMetadata: ...
    @property
    def meta_graph_def(self) -> bytes: ...
    @property
    def source_metadata(self) -> SourceMetadata: ...

@final
class Summary(_Message):
    """The values of one event."""

    @property
    def value(self) -> list[Value]: ...

@final
class Value(_Message):
    """One value of a Summary (protobuf calls it Summary.Value). Its kind is the field of the oneof "value" that is set."""

    @property
    def tag(self) -> str: ...
    @property
    def simple_value(self) -> float: ...
    @property
    def obsolete_old_style_histogram(self) -> bytes: ...
    @property
    def image(self) -> Image: ...
    @property
    def histo(self) -> HistogramProto: ...
    @property
    def audio(self) -> Audio: ...
    @property
    def node_name(self) -> str: ...
    @property
    def tensor(self) -> TensorProto: ...
    @property
    def metadata(self) -> SummaryMetadata: ...
    @property
    def plugin_name(self) -> str:
        """metadata.plugin_data.plugin_name."""
    @property
    def plugin_content(self) -> bytes:
        """metadata.plugin_data.content."""

@final
class Image(_Message):
    """An encoded image (protobuf calls it Summary.Image)."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def colorspace(self) -> int: ...
    @property
    def encoded_image_string(self) -> bytes: ...

@final
class Audio(_Message):
    """An encoded sound (protobuf calls it Summary.Audio)."""

    @property
    def sample_rate(self) -> float: ...
    @property
    def num_channels(self) -> int: ...
    @property
    def length_frames(self) -> int: ...
    @property
    def encoded_audio_string(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...

@final
class HistogramProto(_Message):
    @property
    def min(self) -> float: ...
    @property
    def max(self) -> float: ...
    @property
    def num(self) -> float: ...
    @property
    def sum(self) -> float: ...
    @property
    def sum_squares(self) -> float: ...
    @property
    def bucket_limit(self) -> list[float]: ...
    @property
    def bucket(self) -> list[float]: ...

@final
class SummaryMetadata(_Message):
    @property
    def plugin_data(self) -> PluginData: ...
    @property
    def display_name(self) -> str: ...
    @property
    def summary_description(self) -> str: ...
    @property
    def data_class(self) -> int: ...

@final
class PluginData(_Message):
    @property
    def plugin_name(self) -> str: ...
    @property
    def content(self) -> bytes: ...

@final
class TensorProto(_Message):
    @property
    def dtype(self) -> int: ...
    @property
    def tensor_shape(self) -> TensorShapeProto: ...
    @property
    def version_number(self) -> int: ...
    @property
    def tensor_content(self) -> bytes: ...
    @property
    def float_val(self) -> list[float]: ...
    @property
    def double_val(self) -> list[float]: ...
    @property
    def int_val(self) -> list[int]: ...
    @property
    def string_val(self) -> list[bytes]: ...
    @property
    def scomplex_val(self) -> list[float]: ...
    @property
    def int64_val(self) -> list[int]: ...
    @property
    def bool_val(self) -> list[bool]: ...
    @property
    def dcomplex_val(self) -> list[float]: ...
    @property
    def half_val(self) -> list[int]: ...
    @property
    def resource_handle_val(self) -> list[ResourceHandleProto]: ...
    @property
    def variant_val(self) -> list[VariantTensorDataProto]: ...
    @property
    def uint32_val(self) -> list[int]: ...
    @property
    def uint64_val(self) -> list[int]: ...
    @property
    def float8_val(self) -> bytes: ...

@final
class TensorShapeProto(_Message):
    @property
    def dim(self) -> list[Dim]: ...
    @property
    def unknown_rank(self) -> bool: ...

@final
class Dim(_Message):
    @property
    def size(self) -> int: ...
    @property
    def name(self) -> str: ...

@final
class ResourceHandleProto(_Message):
    @property
    def device(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def hash_code(self) -> int: ...
    @property
    def maybe_type_name(self) -> str: ...
    @property
    def dtypes_and_shapes(self) -> list[DtypeAndShape]: ...

@final
class DtypeAndShape(_Message):
    @property
    def dtype(self) -> int: ...
    @property
    def shape(self) -> TensorShapeProto: ...

@final
class VariantTensorDataProto(_Message):
    @property
    def type_name(self) -> str: ...
    @property
    def metadata(self) -> bytes: ...
    @property
    def tensors(self) -> list[TensorProto]: ...

@final
class SessionLog(_Message):
    @property
    def status(self) -> int: ...
    @property
    def checkpoint_path(self) -> str: ...
    @property
    def msg(self) -> str: ...

@final
class LogMessage(_Message):
    @property
    def level(self) -> int: ...
    @property
    def message(self) -> str: ...

@final
class TaggedRunMetadata(_Message):
    @property
    def tag(self) -> str: ...
    @property
    def run_metadata(self) -> bytes: ...

@final
class SourceMetadata(_Message):
    @property
    def writer(self) -> str: ...

# --- Recovery ----------------------------------------------------------------------------------------------------

def recover(
    under: str | bytes, dry_run: bool
) -> tuple[list[tuple[str, int, int, int, int, bool, dict[str, int], list[str]]], int]:
    """Recovers what dead processes left for files under the directory `under`; "" is everything.

    With `dry_run` nothing is changed and the numbers say what would be done. Returns one tuple for each ring (ring,
    process_id, events, events_lost, events_kept, is_removed, files, messages), see tickertape.RecoveryReport, and the
    number of rings of living processes. Raises OSError if there is no directory `under`.
    """

def discard_ring(ring: str | bytes) -> None:
    """Removes the ring of a dead process with everything in it, damaged or not. ValueError if `ring` is not one."""

def damaged_rings() -> list[str]:
    """The rings that recovery could read in part only; nothing looks at them again."""

def ring_directories() -> list[tuple[str, bool, str]]:
    """(path, is_there, problem) of each directory in which rings of this user may be; problem is "" if it is used."""

def passed_over_rings() -> list[tuple[str, int]]:
    """(problem, rings) of each of ring_directories() that is not used although files named like rings are in it."""

# --- The codecs, for tests, tools and features that use them directly -------------------------------------

def crc32c(data: bytes, crc: int = 0) -> int: ...
def masked_crc32c(data: bytes) -> int: ...
def histogram(
    values: npt.NDArray[Any], dtype: str, bins: int | npt.NDArray[np.float64] | None, max_bins: int | None
) -> tuple[float, float, float, float, float, npt.NDArray[np.float64], npt.NDArray[np.float64], int, int]:
    """(min, max, num, sum, sum_squares, bucket_limits, bucket_counts, nan_count, infinite_count)."""

def pr_curve(
    labels: npt.NDArray[Any],
    predictions: npt.NDArray[Any],
    num_thresholds: int,
    weights: npt.NDArray[Any] | None,
) -> npt.NDArray[np.float64]:
    """Six rows: tp, fp, tn, fn, precision, recall."""

def encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """HW or HWC (1 to 4 channels) uint8 pixels to a PNG file."""

def encode_gif(frames: npt.NDArray[np.uint8], fps: float) -> bytes:
    """THWC (1 or 3 channels) uint8 frames to a GIF file."""

def encode_wav(samples: npt.NDArray[Any], dtype: str, sample_rate: int) -> bytes:
    """[frames, channels] samples to a WAV file."""

def make_grid(
    images: npt.NDArray[Any], dtype: str, columns: int, padding: int, filling: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """NCHW images of any strides side by side in one, CHW; one channel becomes three.

    `filling` is one element of their type.
    """

def make_scaled_grid(
    images: npt.NDArray[Any],
    dtype: str,
    columns: int,
    padding: int,
    filling: float,
    value_range: tuple[float, float] | None,  # None: least and greatest value
    each: bool,  # of each image, not of all
) -> npt.NDArray[Any]:
    """The same, clipped to the range and scaled to 0..1; float64 for float64, otherwise float32."""

def make_pixels(
    pixels: npt.NDArray[Any], dtype: str, dataformats: str, picture: str = ""
) -> npt.NDArray[np.uint8]:
    """The HWC pixels that add_image encodes. If `picture` has a name, warns once of its NaN and of floats above 1.5."""

def integers_to_bytes(pixels: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint8]:
    """Bools or integers other than uint8 as pixels of the same shape: scaled by their range, as add_image does.

    Raises ValueError that names `name` if no scale is known.
    """

def disable_cpu_features(names: str) -> None:
    """Makes the core behave as if these instruction sets were missing: "avx2,sse42", "all"; "" undoes it. For tests."""
