"""SummaryWriter.restart and stats: starting a series over at any time, and what a writer has done so far. Cold."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import check, protobuf
from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tickertape.writer.file_writer import FileWriter

_START = 1  # tensorboard/compat/proto/event.proto, SessionLog.SessionStatus


class RestartMethods(WriterPart):
    """Starting over, and counters."""

    def restart(self, step: Any = 0, tag: str | None = None) -> None:
        """Starts over from `step`: TensorBoard hides what was logged before at this step and later.

        What `purge_step` does when a writer is opened this does at any time, in the run's directory and in those that
        add_scalars has opened. Nothing is taken out of the files; TensorBoard's fast loader, which does not know
        restarts, hides a tag's later steps as soon as an earlier one is logged.

        Args:
            step: the first step to hide.
            tag: hide this tag alone. TensorBoard has no such thing, so whatever else the restart hides is copied behind
                it, out of the directory's event files: their size grows by that much.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
            OSError: an event file cannot be read.
        """
        number = check.step(step, "step")
        if tag is not None:
            check.string(tag, "tag")
        self._get_file_writer()
        for writer in tuple((self.all_writers or {}).values()):
            if tag is None:
                _add_start(writer, number)
            elif self.write_to_disk:
                _reset_tag(writer, number, tag)

    def stats(self) -> dict[str, int]:
        """Counters of the process, see `tickertape.stats`, and how many `files` this writer has open, of what `file_bytes`.

        Bytes are those that have been written; flush() first to count what is queued.
        """
        sizes = [_size(writer.event_writer.path) for writer in tuple((self.all_writers or {}).values())]
        files = [size for size in sizes if size is not None]
        return {**_core.stats(), "files": len(files), "file_bytes": sum(files)}


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116  # a str, "" for none
    except OSError:
        return None


def _add_start(writer: FileWriter, step: int) -> None:
    """Twice: TensorBoard's plugin_event_accumulator.py takes a run's first START for the beginning of the run.

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
    """The records that the event files of a directory hold now, in the order in which TensorBoard reads the files."""
    paths = sorted(path for path in directory.iterdir() if "tfevents" in path.name)
    sizes = [path.stat().st_size for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        reader = _core.RecordReader(str(path))
        for record in reader:
            if reader.offset > size:
                break
            yield record


def _without(event: bytes, tag: str) -> bytes:
    """An Event without the values of a tag; b"" when none is left. event.proto: summary 5; summary.proto: value 1, tag 1."""
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
    """A field as it was read."""
    key = protobuf.varint(number << 3 | wire_type)
    if isinstance(value, int):
        return key + protobuf.varint(value)
    return key + (protobuf.varint(len(value)) if wire_type == protobuf.BYTES else b"") + value
