"""Tickertape: native event I/O for training loops, a drop-in SummaryWriter and a reader for the files it writes.

`from tickertape import SummaryWriter` is the whole change to a script that used torch.utils.tensorboard. Importing
this needs NumPy alone; the names below are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _lazy
from tickertape._core import UnsupportedType, UnsupportedValue, __version__
from tickertape.writer import observation

if TYPE_CHECKING:
    from tickertape import reader as reader
    from tickertape.devices.scalar_buffer import ScalarBuffer
    from tickertape.integrations.install import install, uninstall
    from tickertape.integrations.watch import Watch, watch
    from tickertape.reader.damage import DamageWarning
    from tickertape.reader.events import summary_iterator
    from tickertape.reader.follower import follow
    from tickertape.reader.runs import Run, Runs, read
    from tickertape.reader.scalars import read_scalars
    from tickertape.writer.counters import stats
    from tickertape.writer.file_writer import FileWriter
    from tickertape.writer.global_writer import GlobalSummaryWriter
    from tickertape.writer.grids import make_grid
    from tickertape.writer.recording import get_step, record_if, set_step
    from tickertape.writer.recovery import RecoveryReport, recover
    from tickertape.writer.summary_writer import SummaryWriter

__all__ = [
    "DamageWarning",
    "FileWriter",
    "GlobalSummaryWriter",
    "RecoveryReport",
    "Run",
    "Runs",
    "ScalarBuffer",
    "SummaryWriter",
    "UnsupportedType",
    "UnsupportedValue",
    "Watch",
    "__version__",
    "follow",
    "get_step",
    "install",
    "make_grid",
    "read",
    "read_scalars",
    "record_if",
    "recover",
    "set_step",
    "stats",
    "summary_iterator",
    "uninstall",
    "watch",
]

_HOMES = {
    "DamageWarning": "tickertape.reader.damage",
    "FileWriter": "tickertape.writer.file_writer",
    "follow": "tickertape.reader.follower",
    "get_step": "tickertape.writer.recording",
    "GlobalSummaryWriter": "tickertape.writer.global_writer",
    "install": "tickertape.integrations.install",
    "make_grid": "tickertape.writer.grids",
    "read": "tickertape.reader.runs",
    "read_scalars": "tickertape.reader.scalars",
    "record_if": "tickertape.writer.recording",
    "recover": "tickertape.writer.recovery",
    "RecoveryReport": "tickertape.writer.recovery",
    "Run": "tickertape.reader.runs",
    "Runs": "tickertape.reader.runs",
    "ScalarBuffer": "tickertape.devices.scalar_buffer",
    "set_step": "tickertape.writer.recording",
    "stats": "tickertape.writer.counters",
    "summary_iterator": "tickertape.reader.events",
    "SummaryWriter": "tickertape.writer.summary_writer",
    "uninstall": "tickertape.integrations.install",
    "Watch": "tickertape.integrations.watch",
    "watch": "tickertape.integrations.watch",
}
__getattr__, __dir__ = _lazy.names(__name__, _HOMES, packages=("reader",))


def _file_opened(file_writer: FileWriter, filename_suffix: str) -> observation.Observation:
    from tickertape.integrations import observers  # noqa: PLC0415  # for the first file

    return observers.file_opened(file_writer, filename_suffix)


observation.file_opened = _file_opened
