"""Tickertape: native event I/O for training loops, a drop-in SummaryWriter and a reader for the files it writes.

`from tickertape import SummaryWriter` is the whole change to a script that used torch.utils.tensorboard. Importing
this needs NumPy alone; the names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tickertape._core import __version__, stats

if TYPE_CHECKING:
    from tickertape._global_writer import GlobalSummaryWriter
    from tickertape._grids import make_grid
    from tickertape._install import install, uninstall
    from tickertape._recording import get_step, record_if, set_step
    from tickertape._recovery import RecoveryReport, recover
    from tickertape._scalar_buffer import ScalarBuffer
    from tickertape._watch import Watch, watch
    from tickertape.reader import DamageWarning, read_scalars, summary_iterator
    from tickertape.writer import FileWriter, SummaryWriter

__all__ = [
    "DamageWarning",
    "FileWriter",
    "GlobalSummaryWriter",
    "RecoveryReport",
    "ScalarBuffer",
    "SummaryWriter",
    "Watch",
    "__version__",
    "get_step",
    "install",
    "make_grid",
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
    "FileWriter": "tickertape.writer",
    "GlobalSummaryWriter": "tickertape._global_writer",
    "SummaryWriter": "tickertape.writer",
    "DamageWarning": "tickertape.reader",
    "Watch": "tickertape._watch",
    "get_step": "tickertape._recording",
    "make_grid": "tickertape._grids",
    "record_if": "tickertape._recording",
    "RecoveryReport": "tickertape._recovery",
    "ScalarBuffer": "tickertape._scalar_buffer",
    "recover": "tickertape._recovery",
    "set_step": "tickertape._recording",
    "watch": "tickertape._watch",
    "read_scalars": "tickertape.reader",
    "summary_iterator": "tickertape.reader",
    "install": "tickertape._install",
    "uninstall": "tickertape._install",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'tickertape' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
