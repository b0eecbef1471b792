"""Event files decoded by others: TensorBoard's loader, protobuf, Pillow and the PyPI crc32c. Nothing here is ours."""

import io
import os
import struct
import warnings
from pathlib import Path

import crc32c
import numpy as np
import PIL.Image
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import torch.utils.tensorboard as torch_tensorboard
    except ImportError:  # then what compares with it is skipped
        torch_tensorboard = None
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

import tickertape.writer

WALLTIME = 1234567890.125


def mask(crc):
    """TFRecord's masked CRC (tensorflow/core/lib/hash/crc32c.h)."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data):
    """`data` as one record."""
    length = struct.pack("<Q", len(data))
    return (
        length
        + struct.pack("<I", mask(crc32c.crc32c(length)))
        + data
        + struct.pack("<I", mask(crc32c.crc32c(data)))
    )


def raw_records(path):
    """The records of a file that must be whole: every length and CRC is checked."""
    blob = Path(path).read_bytes()
    records = []
    at = 0
    while at < len(blob):
        (size,) = struct.unpack_from("<Q", blob, at)
        record = blob[at + 12 : at + 12 + size]
        assert blob[at : at + 16 + size] == frame(record)
        records.append(record)
        at += 16 + size
    return records


def event_files(directory):
    """The event files of one directory, by name."""
    return sorted(path for path in Path(directory).iterdir() if "tfevents" in path.name)


def with_forks(directory):
    """The directory of a run and those of its forked children."""
    return [Path(directory), *sorted(Path(directory).glob("fork_*"))]


def only_file(directory):
    """The path of a directory's only event file."""
    (path,) = event_files(directory)
    return path


def load(path):
    """Every Event of a file, as TensorBoard's loader yields them; checked to be all that are in it."""
    events = list(LegacyEventFileLoader(str(path)).Load())
    assert [Event.FromString(record) for record in raw_records(path)] == events
    return events


def logged(directory):
    """The events of a directory's only event file, without the version event at its start."""
    first, *events = load(only_file(directory))
    assert first.file_version == "brain.Event:2"
    return events


def values(directory):
    """(tag, step, simple_value) of every scalar of a directory's event files."""
    return [
        (value.tag, event.step, value.simple_value)
        for path in event_files(directory)
        for event in load(path)
        for value in event.summary.value
    ]


def rows(log_dir, *tags):
    """(run, tag, step, simple_value) of these tags in all runs below a directory, sorted."""
    folders = {Path(top) for top, _, names in os.walk(log_dir) if any("tfevents" in name for name in names)}
    return sorted(
        (str(folder.relative_to(log_dir)), *value)
        for folder in folders
        for value in values(folder)
        if value[0] in tags
    )


def tree(directory):
    """Run (relative path) to the events of its only file, for everything below a directory."""
    folders = {Path(top) for top, _, names in os.walk(directory) if any("tfevents" in name for name in names)}
    return {str(folder.relative_to(directory)): logged(folder) for folder in sorted(folders)}


def both(tmp_path, calls, **options):
    """Makes the same calls on torch's writer and on ours; returns (torch's events, our events)."""
    if torch_tensorboard is None:
        pytest.skip("compares with torch")
    results = []
    for name, make in (("torch", torch_tensorboard.SummaryWriter), ("ours", tickertape.writer.SummaryWriter)):
        with make(tmp_path / name, **options) as writer:
            calls(writer)
        results.append(logged(tmp_path / name))
    return results


def only_value(events):
    """The one value of the one event."""
    (event,) = events
    (value,) = event.summary.value
    return value


def pixels(png):
    """A PNG's pixels, [H, W] or [H, W, C], decoded by Pillow; the file must be sound."""
    PIL.Image.open(io.BytesIO(png)).verify()
    with PIL.Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image)
