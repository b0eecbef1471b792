"""Event files cut into slices at record boundaries, by the format's own definition; nothing here is ours."""

import struct
from pathlib import Path


def ends(content):
    """Where each record of an event file ends."""
    found, at = [], 0
    while at < len(content):
        at += 16 + struct.unpack_from("<Q", content, at)[0]
        found.append(at)
    return found


def cuts(content, count):
    """Offsets of about `count` slices of nearly equal size, each at a record's beginning, the first at 0."""
    boundaries = [0, *ends(content)[:-1]]
    step = max(1, len(boundaries) // count)
    return boundaries[::step]


def pieces(content, offsets):
    """Name's end and bytes of the slices that begin at these offsets."""
    stops = [*offsets[1:], len(content)]
    return {f".at-{begin:016d}": content[begin:end] for begin, end in zip(offsets, stops, strict=True)}


def write(path, offsets=None, count=5):
    """Replaces an event file by its slices. Returns their paths, in order."""
    path = Path(path)
    content = path.read_bytes()
    made = []
    for ending, data in pieces(content, offsets or cuts(content, count)).items():
        made.append(path.with_name(path.name + ending))
        made[-1].write_bytes(data)
    path.unlink()
    return made
