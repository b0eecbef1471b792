"""Reading event files: events one by one as TensorFlow's summary_iterator returns them, or scalars as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _lazy

if TYPE_CHECKING:
    from tickertape.reader.events import DamageWarning, Event, Summary, Value, summary_iterator
    from tickertape.reader.runs import event_files, find_runs
    from tickertape.reader.scalars import Scalars, read_scalars

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
    "Scalars": "tickertape.reader.scalars",
    "Summary": "tickertape.reader.events",
    "Value": "tickertape.reader.events",
    "event_files": "tickertape.reader.runs",
    "find_runs": "tickertape.reader.runs",
    "read_scalars": "tickertape.reader.scalars",
    "summary_iterator": "tickertape.reader.events",
}
__getattr__, __dir__ = _lazy.names(__name__, _HOMES)
