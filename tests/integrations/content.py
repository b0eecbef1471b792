"""The content of a tree of event files, read by TensorBoard's own loader, in a form in which two runs can be compared."""

import os
import re
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

# Named after the time at which they were made: add_hparams' runs, accelerate's and Lightning's directories.
_TIME = re.compile(r"\d{10}\.\d+")


def read(directory):
    """Run to its entries, (tag, step, kind, value), in the order of the file; a run is a directory with event files."""
    runs = {}
    for top, _, names in os.walk(directory):
        entries = []
        for name in sorted(name for name in names if "tfevents" in name):
            for event in LegacyEventFileLoader(str(Path(top, name))).Load():
                entries += _entries(event)
        if any("tfevents" in name for name in names):
            runs[_TIME.sub("<time>", str(Path(top).relative_to(directory)))] = entries
    return runs


def scalars(directory):
    """(run, tag) to its [(step, value)]."""
    found = {}
    for run, entries in read(directory).items():
        for tag, step, kind, value in entries:
            if kind == "simple_value":
                found.setdefault((run, tag), []).append((step, value))
    return found


def _entries(event):
    what = event.WhichOneof("what")
    if what == "file_version":
        return []
    if what != "summary":
        return [(what, event.step, what, None)]
    return [
        (
            value.tag,
            event.step,
            value.WhichOneof("value") or value.metadata.plugin_data.plugin_name,
            _plain(value),
        )
        for value in event.summary.value
    ]


def _plain(value):
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return value.simple_value
    if kind == "histo":
        return (value.histo.num, round(value.histo.sum, 4), tuple(value.histo.bucket))
    if kind == "tensor":
        return tuple(value.tensor.string_val) or tuple(value.tensor.float_val) or value.tensor.tensor_content
    if kind == "image":
        return (value.image.height, value.image.width, value.image.colorspace)
    return None
