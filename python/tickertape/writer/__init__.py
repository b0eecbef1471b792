"""Writing event files. `SummaryWriter` is the whole public API; each topic's work is in a module of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _lazy

if TYPE_CHECKING:
    from tickertape.writer.file_writer import FileWriter
    from tickertape.writer.summary_writer import SummaryWriter

__all__ = [
    "FileWriter",
    "SummaryWriter",
]

_HOMES = {
    "FileWriter": "tickertape.writer.file_writer",
    "SummaryWriter": "tickertape.writer.summary_writer",
}
__getattr__, __dir__ = _lazy.names(__name__, _HOMES)
