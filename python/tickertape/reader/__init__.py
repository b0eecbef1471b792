"""Reading event files: one by one as TensorFlow's summary_iterator returns events, or scalars as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _lazy

if TYPE_CHECKING:
    from tickertape.reader.events import (
        DamageWarning,
        Event,
        Scalars,
        Summary,
        Value,
        event_files,
        find_runs,
        read_scalars,
        summary_iterator,
    )

__all__ = [
    "DamageWarning",
    "Event",
    "Scalars",
    "Summary",
    "Value",
    "event_files",
    "find_runs",
    "read_scalars",
    "summary_iterator",
]

_HOMES = {
    "DamageWarning": "tickertape.reader.events",
    "Event": "tickertape.reader.events",
    "Scalars": "tickertape.reader.events",
    "Summary": "tickertape.reader.events",
    "Value": "tickertape.reader.events",
    "event_files": "tickertape.reader.events",
    "find_runs": "tickertape.reader.events",
    "read_scalars": "tickertape.reader.events",
    "summary_iterator": "tickertape.reader.events",
}
__getattr__, __dir__ = _lazy.names(__name__, _HOMES)
