"""Real protobuf messages of events, of a package that has their classes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Packages that come with a generated Event class.
_MODULES = (
    "tensorboard.compat.proto.event_pb2",
    "tensorflow.core.util.event_pb2",
    "tensorboardX.proto.event_pb2",
)


def event_class() -> Any:
    """The protobuf class Event.

    Raises:
        ModuleNotFoundError: nothing installed has it.
    """
    for module in _MODULES:
        try:
            return import_module(module).Event
        except ModuleNotFoundError:  # noqa: PERF203  # three rounds
            continue
    raise ModuleNotFoundError(
        "as_protobuf: expected tensorboard, tensorflow or tensorboardX to be installed, for their message classes; "
        "pip install tensorboard"
    )
