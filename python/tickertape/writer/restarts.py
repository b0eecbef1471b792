"""SummaryWriter.restart: a run, or one series of it, starts over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import check, protobuf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tickertape.writer.file_writer import FileWriter

_START = 1  # tensorboard/compat/proto/event.proto, SessionLog.SessionStatus


def restart(
    get_writers: Callable[[], tuple[FileWriter, ...]], step: Any, tag: Any, *, is_on_disk: bool
) -> None:
    """See SummaryWriter.restart; `get_writers` returns the writers of all files."""
    number = check.step(step, "step")
    if tag is not None:
        check.string(tag, "tag")
    for writer in get_writers():
        if tag is None:
            _add_start(writer, number)
        elif is_on_disk:
            _reset_tag(writer, number, tag)


def _add_start(writer: FileWriter, step: int) -> None:
    """Adds a START, twice: TensorBoard's plugin_event_accumulator.py ignores the first START of a run.

    event.proto: wall_time 1, step 2, session_log 7 (status 1).
    """
    start = protobuf.double_field(1, time.time()) + protobuf.int_field(2, step)
    start += protobuf.bytes_field(7, protobuf.int_field(1, _START))
    writer.op_writer.add_event(start)
    writer.op_writer.add_event(start)


def _reset_tag(writer: FileWriter, step: int, tag: str) -> None:
    from pathlib import Path  # noqa: PLC0415  # nothing else of a writer needs it

    writer.flush()
    kept: list[tuple[int, bytes, bool]] = []  # (step, event, whether it lost values of the tag)
    for event in _events(Path(writer.get_logdir())):
        if event.session_log.status == _START:
            kept = [entry for entry in kept if entry[0] < event.step]
        elif event.HasField("summary") and event.step >= step:
            values = event.summary.value
            others = [value for value in values if value.tag != tag]
            kept.append((event.step, _with_values(event, others), len(others) != len(values)))
    if not any(lost for _, _, lost in kept):
        return
    _add_start(writer, step)
    for _, rest, _ in kept:
        if rest:
            writer.op_writer.add_event(rest)


def _events(directory: Path) -> Iterator[_core.Event]:
    """The events that the event files of a directory hold now, in the order in which TensorBoard reads the files."""
    paths = sorted(path for path in directory.iterdir() if "tfevents" in path.name and path.is_file())
    sizes = [path.stat().st_size for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        reader = _core.RecordReader(str(path))
        for record in reader:
            if reader.offset > size:
                break
            try:
                event = _core.Event(record)
            except ValueError:  # another program's record
                continue
            yield event


def _with_values(event: _core.Event, values: list[_core.Value]) -> bytes:
    """The event with these values alone; b"" if there are none.

    event.proto: wall_time 1, step 2, summary 5; summary.proto: value 1.
    """
    if not values:
        return b""
    summary = b"".join(protobuf.bytes_field(1, value.SerializeToString()) for value in values)
    when = protobuf.double_field(1, event.wall_time) + protobuf.int_field(2, event.step)
    return when + protobuf.bytes_field(5, summary)
