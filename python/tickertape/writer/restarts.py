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
        _, at, what, payload = _core.decode_event(event)
        if what == "session_log" and protobuf.int_field(1, _START) in payload:
            kept = [entry for entry in kept if entry[0] < at]
        elif what == "summary" and at >= step:
            rest = _without(event, tag)
            kept.append((at, rest, rest != event))
    if not any(lost for _, _, lost in kept):
        return
    _add_start(writer, step)
    for _, event, _ in kept:
        if event:
            writer.op_writer.add_event(event)


def _events(directory: Path) -> Iterator[bytes]:
    """The records that are now in the event files of a directory, in the order in which TensorBoard reads the files."""
    paths = sorted(path for path in directory.iterdir() if "tfevents" in path.name)
    sizes = [path.stat().st_size for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        reader = _core.RecordReader(str(path))
        for record in reader:
            if reader.offset > size:
                break
            yield record


def _without(event: bytes, tag: str) -> bytes:
    """An Event without the values of a tag; b"" if none is left. event.proto: summary 5; summary.proto: value 1, tag 1."""
    out, left = b"", False
    for number, wire_type, value in protobuf.fields(event):
        if number != 5 or not isinstance(value, bytes):
            out += _field(number, wire_type, value)
            continue
        values = [one for field, _, one in protobuf.fields(value) if field == 1 and isinstance(one, bytes)]
        rest = [one for one in values if _tag(one) != tag]
        left = left or bool(rest)
        out += protobuf.bytes_field(5, b"".join(protobuf.bytes_field(1, one) for one in rest))
    return out if left else b""


def _tag(value: bytes) -> str:
    for number, _, text in protobuf.fields(value):
        if number == 1 and isinstance(text, bytes):
            return text.decode("utf-8", "replace")
    return ""


def _field(number: int, wire_type: int, value: int | bytes) -> bytes:
    """A field, encoded as it was read."""
    key = protobuf.varint(number << 3 | wire_type)
    if isinstance(value, int):
        return key + protobuf.varint(value)
    return key + (protobuf.varint(len(value)) if wire_type == protobuf.BYTES else b"") + value
