"""Whether other packages see what is written to a file. `integrations` sets how to find out; asked when a file is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Observation(NamedTuple):
    """Who sees the ops of one file.

    Attributes:
        front: whose add_event and add_summary others have replaced: the FileWriter itself, a stand-in for it on the same
            file, or None if nobody has.
        messages: the event_pb2 module that these methods work with, or None.
        op_writer: has the add_* methods that ops are to be passed to.
    """

    front: Any
    messages: Any
    op_writer: Any


def _nobody(file_writer: Any, _filename_suffix: str) -> Observation:
    return Observation(None, None, file_writer.event_writer)


# Takes the FileWriter that was just opened, and its filename_suffix.
file_opened: Callable[[Any, str], Observation] = _nobody
