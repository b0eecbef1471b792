"""The content of the event files, read by code that is not ours.

Framing is checked here with the `crc32c` package, messages are parsed by protobuf with tensorboard's schema.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import crc32c
import numpy as np
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.util.tensor_util import make_ndarray

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


class Readback:
    """Stands in for tickertape.bench.readback: the same questions, answered by protobuf and crc32c.

    What the contestants of one row left is compared at its end; torch's is what it should be.
    """

    def __init__(self) -> None:
        self._answers: list[Summary.Value] = []

    def check_scalars(self, log_dir: Path, tag: str, calls: int, value: float) -> None:
        """Asserts that `tag` has the steps 0 … calls - 1 in order, each with `value`."""
        steps = []
        for step, found in values(log_dir):
            if found.tag == tag:
                steps.append(step)
                assert found.WhichOneof("value") == "simple_value"
                assert found.simple_value == value
        assert steps == list(range(calls)), f"{log_dir}: {len(steps)} of {calls} events of {tag}"

    def check_count(self, log_dir: Path, tag: str, calls: int) -> list[Summary.Value]:
        """Asserts that `tag` has the steps 0 … calls - 1 in order and nothing else is there; returns its Values."""
        found = list(values(log_dir))
        assert [step for step, _ in found] == list(range(calls)), (
            f"{log_dir}: {len(found)} of {calls} events of {tag}"
        )
        assert len({value.tag.removesuffix("/image") for _, value in found}) == 1
        self._answers.append(found[0][1])
        return [value for _, value in found]

    def forget(self) -> None:
        """A new row begins."""
        self._answers.clear()

    def compare(self) -> None:
        """Asserts that every contestant has logged the same."""
        for answer in self._answers[1:]:
            assert_same(answer, self._answers[0])


def assert_same(ours: Summary.Value, theirs: Summary.Value) -> None:
    """Numbers and pixels, not bytes."""
    kind = theirs.WhichOneof("value")
    assert ours.WhichOneof("value") == kind
    if kind == "histo":
        a, b = ours.histo, theirs.histo
        assert (a.min, a.max, a.num) == (b.min, b.max, b.num)
        np.testing.assert_allclose([a.sum, a.sum_squares], [b.sum, b.sum_squares], rtol=1e-5)
        np.testing.assert_array_equal(a.bucket_limit, b.bucket_limit)
        np.testing.assert_array_equal(a.bucket, b.bucket)
    elif kind == "image":
        assert (ours.image.height, ours.image.width) == (theirs.image.height, theirs.image.width)
        np.testing.assert_array_equal(pixels(ours), pixels(theirs))
    elif kind == "tensor":
        np.testing.assert_allclose(make_ndarray(ours.tensor), make_ndarray(theirs.tensor), rtol=1e-6)


def pixels(value: Summary.Value) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(value.image.encoded_image_string)) as image:
        return np.asarray(image)
