"""Whether other packages see the ops of a file. `integrations` sets the function that finds out, when a file is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

# How the ops of one file reach it: (front, messages, op writer).
#   front: the object whose add_event and add_summary others have replaced: the FileWriter itself, or a substitute for it
#     on the same file; None if nobody has replaced them.
#   messages: the event_pb2 module that these methods use, or None.
#   op writer: its add_* methods take the ops.
Observation: TypeAlias = "tuple[Any, Any, Any]"


def nobody(file_writer: Any, _filename_suffix: str) -> Observation:
    """No observers."""
    return None, None, file_writer.event_writer


# Called with the FileWriter that was just opened, and its filename_suffix.
file_opened: Callable[[Any, str], Observation] = nobody
