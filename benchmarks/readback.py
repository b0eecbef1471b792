"""What stands in the event files, read by code that is not ours.

Framing is checked here with the `crc32c` package, messages are parsed by protobuf with tensorboard's schema.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import crc32c
from tensorboard.compat.proto.event_pb2 import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tensorboard.compat.proto.summary_pb2 import Summary

# TFRecord: length, masked CRC of the length, data, masked CRC of the data (tensorflow/core/lib/io/record_writer.h).
HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
MASK_DELTA = 0xA282EAD8


def masked(data: bytes) -> int:
    crc = crc32c.crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & 0xFFFFFFFF


def records(path: Path) -> Iterator[bytes]:
    """Every record of the file; raises AssertionError at the first byte that does not belong."""
    content = path.read_bytes()
    offset = 0
    while offset < len(content):
        length, length_crc = HEADER.unpack_from(content, offset)
        assert length_crc == masked(content[offset : offset + 8]), f"{path}: length CRC at byte {offset}"
        start = offset + HEADER.size
        data = content[start : start + length]
        assert len(data) == length, f"{path}: cut off at byte {offset}"
        (data_crc,) = FOOTER.unpack_from(content, start + length)
        assert data_crc == masked(data), f"{path}: data CRC at byte {offset}"
        yield data
        offset = start + length + FOOTER.size


def event_files(log_dir: Path) -> list[Path]:
    return sorted(path for path in log_dir.rglob("*tfevents*") if path.is_file())


def values(log_dir: Path) -> Iterator[tuple[int, Summary.Value]]:
    """(step, Value) of each summary under `log_dir`, in file order."""
    for path in event_files(log_dir):
        for data in records(path):
            event = Event.FromString(data)
            for value in event.summary.value:
                yield event.step, value


def assert_steps(log_dir: Path, tag: str, count: int) -> list[Summary.Value]:
    """Asserts that `tag` has the steps 0 … count - 1 in order and nothing else is there; returns its Values."""
    found = list(values(log_dir))
    assert [step for step, _ in found] == list(range(count)), (
        f"{log_dir}: {len(found)} of {count} events of {tag}"
    )
    assert {value.tag for _, value in found} <= {tag}
    return [value for _, value in found]


def assert_scalars(log_dir: Path, tag: str, count: int, expected: float) -> None:
    """The same for `count` scalars of one value, without keeping them."""
    step = -1
    for step, value in values(log_dir):  # noqa: B007 the last step is looked at below
        count -= 1
        assert value.tag == tag
        assert value.WhichOneof("value") == "simple_value"
        assert value.simple_value == expected
    assert count == 0, f"{log_dir}: {count} events of {tag} are missing, the last step is {step}"
