"""What `tickertape verify` looks for in the event files of a run."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tickertape import _core
from tickertape.cli import event_bytes, paths, records, terminal
from tickertape.reader import event_names
from tickertape.reader.compressed import Unpacked
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_START = 1  # SessionLog.START
_FLOATS = {
    1: "<f4",
    2: "<f8",
    19: "<f2",
}  # DT_FLOAT, DT_DOUBLE, DT_HALF of tensorflow/core/framework/types.proto


class Problem(NamedTuple):
    """A kind of trouble with a file or with a tag in it.

    Attributes:
        run: the run.
        file: the path.
        offset: the first place, in bytes.
        cause: one of a few words, for scripts.
        tag: the tag, or "".
        times: how often it is there.
        message: what is there first.
    """

    run: str
    file: str
    offset: int
    cause: str
    tag: str
    times: int
    message: str


class _Series:
    """What is known of a tag so far."""

    __slots__ = ("kind", "step", "wall_time")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.step: int | None = None  # the largest that counts
        self.wall_time = -math.inf


class RunChecks:
    """The checks of one run; check() takes its files one by one, in order.

    Attributes:
        problems: what was found.
        events: how many events were read.
    """

    def __init__(self, run: str, is_written: Callable[[str], bool]) -> None:
        self.problems: list[Problem] = []
        self.events = 0
        self._run = run
        self._unpacked = Unpacked()  # the files that are there in slices
        self._is_written = is_written
        self._series: dict[str, _Series] = {}
        self._known: dict[
            tuple[str, str], int
        ] = {}  # (cause, tag) of the present file to its place in `problems`
        self._file = ""

    def names(self, files: Sequence[str]) -> None:
        """Checks that the files sort in the order in which they were made."""
        by_name = sorted(files, key=os.path.basename)
        by_making = sorted(files, key=lambda file: event_names.order(os.path.basename(file)))  # noqa: PTH119
        for name, made in zip(by_name, by_making, strict=True):
            if name != made:
                self._begin(name)
                self._note(
                    0,
                    "order",
                    "",
                    f"its name sorts before that of {os.path.basename(made)}, which was made earlier",  # noqa: PTH119
                )
                return

    def check(self, file: str, progress: Callable[[int, int], object]) -> None:
        """Checks one file."""
        self._begin(file)
        try:
            readable = self._opened(file)
            why = paths.other_format(readable)
        except OSError as error:  # the other files are checked nevertheless
            why = f"cannot be read: {error.strerror or error}"
        if why:
            self._note(0, "format", "", why)
            return
        total = os.path.getsize(readable)  # noqa: PTH202
        reader = _core.RecordReader(readable)
        is_first = True
        for record in reader:
            offset = reader.offset - len(record) - records.OVERHEAD_BYTES
            try:
                event = _core.Event(record)
            except ValueError as error:
                self._undecodable(offset, record, error)
            else:
                self.events += 1
                if is_first and not event.HasField("file_version"):
                    self._note(offset, "version", "", "the first event has no file_version")
                self._event(offset, event)
            is_first = False
            progress(reader.offset, total)
        for offset, length in reader.damage:
            self._note(offset, "damage", "", f"{terminal.counted(length, 'byte')} of no record")
        if reader.tail_bytes and not self._is_written(readable):
            self._note(
                reader.offset,
                "cut",
                "",
                f"the last record is cut off after {terminal.counted(reader.tail_bytes, 'byte')}",
            )
        if total == 0:
            self._note(0, "empty", "", "the file is empty")

    def _opened(self, file: str) -> str:
        """What to read for a file: the file, or its slices put together. Notes what no slice has."""
        readable = self._unpacked.readable(file)[0] if file.endswith(slices.ALL) else file
        for name, offset, length in self._unpacked.gaps(file):
            missing = terminal.counted(length, "byte")
            self.problems.append(
                Problem(self._run, name, offset, "gap", "", 1, f"no slice has {missing} of the file")
            )
        return readable

    def _begin(self, file: str) -> None:
        self._file = file
        self._known = {}

    def _note(self, offset: int, cause: str, tag: str, message: str) -> None:
        place = self._known.get((cause, tag))
        if place is None:
            self._known[cause, tag] = len(self.problems)
            found = self._unpacked.origin(self._file, offset)
            self.problems.append(Problem(self._run, *found, cause, tag, 1, message))
        else:
            self.problems[place] = self.problems[place]._replace(times=self.problems[place].times + 1)

    def _undecodable(self, offset: int, record: bytes, error: ValueError) -> None:
        try:
            broken = [tag for tag in event_bytes.tags(record) if not _is_utf8(tag)]
        except ValueError:
            broken = []
        if broken:
            self._note(offset, "tag", broken[0], "the tag is not UTF-8, so TensorBoard reads no further")
        else:
            self._note(offset, "undecodable", "", f"a record is no event: {error}")

    def _event(self, offset: int, event: _core.Event) -> None:
        what = event.WhichOneof("what")
        if what == "session_log":
            if event.session_log.status == _START:
                for series in self._series.values():
                    if series.step is not None and series.step >= event.step:
                        series.step, series.wall_time = None, -math.inf
            return
        if what != "summary":
            return
        for value in event.summary.value:
            self._value(offset, event.step, event.wall_time, value)

    def _value(self, offset: int, step: int, wall_time: float, value: _core.Value) -> None:
        tag = value.tag
        series = self._series.get(tag)
        if series is None:
            series = self._series[tag] = _Series(_kind(value))
            if not tag:
                self._note(offset, "tag", tag, "the tag is empty")
            elif not tag.isprintable():
                self._note(offset, "tag", tag, "the tag has characters that cannot be shown")
        elif _kind(value) not in {series.kind, ""} and value.WhichOneof("value") != "tensor":
            self._note(
                offset,
                "kind",
                tag,
                f"{_kind(value)} under a tag that began as {series.kind}; only one is shown",
            )
            return  # its steps are not those of the series
        self._place(offset, step, wall_time, tag, series)
        series.step = step if series.step is None else max(step, series.step)
        series.wall_time = max(wall_time, series.wall_time)
        if series.kind in {"simple_value", "scalars"}:
            number = _number(value)
            if not math.isfinite(number):
                self._note(offset, "value", tag, f"{number} at step {step}")

    def _place(self, offset: int, step: int, wall_time: float, tag: str, series: _Series) -> None:
        """Checks a value's place in its series."""
        if series.step is None:
            return
        if step < series.step:
            self._note(
                offset, "step", tag, f"the step goes back from {series.step} to {step}, without a marker"
            )
        elif step == series.step:
            self._note(offset, "duplicate", tag, f"step {step} is there more than once")
        if wall_time < series.wall_time:
            back = series.wall_time - wall_time
            self._note(offset, "time", tag, f"the wall time goes back by {back:.6g} s at step {step}")


def _kind(value: _core.Value) -> str:
    """The plugin that shows a value, or the field that it is in; "" if it has none."""
    return value.metadata.plugin_data.plugin_name or value.WhichOneof("value") or ""


def _number(value: _core.Value) -> float:
    """The number of a scalar of either style; 0 if it is none that could be non-finite."""
    if value.WhichOneof("value") == "simple_value":
        return value.simple_value
    tensor = value.tensor
    numbers = tensor.float_val or tensor.double_val
    if numbers:
        return float(numbers[0])
    dtype = _FLOATS.get(tensor.dtype)
    if dtype is None:
        return 0.0
    if tensor.half_val:
        return float(np.array(tensor.half_val[:1], "<u2").view("<f2")[0])
    content = tensor.tensor_content[: np.dtype(dtype).itemsize]
    return float(np.frombuffer(content, dtype)[0]) if len(content) == np.dtype(dtype).itemsize else 0.0


def _is_utf8(tag: str) -> bool:
    try:
        tag.encode()
    except UnicodeEncodeError:
        return False
    return True
