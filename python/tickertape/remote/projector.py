"""The projector's configuration: the one file of a log directory that several processes add to."""

from __future__ import annotations

import posixpath
import re

_NAME = "projector_config.pbtxt"  # tensorboard/plugins/projector/metadata.py
_ENTRY_END = re.compile(rb"(?<=^\}\n)", re.MULTILINE)


def is_config(name: str) -> bool:
    """Whether an object of this name is a configuration."""
    return posixpath.basename(name) == _NAME


def merged(there: bytes, ours: bytes) -> bytes:
    """`there`, and the entries of `ours` that it does not have. In the text format messages are joined by appending."""
    if there and not there.endswith(b"\n"):
        there += b"\n"
    for entry in _ENTRY_END.split(ours):
        if entry not in there:
            there += entry
    return there
