"""The contestants: torch's writer, tensorboardX's and ours, opened with their defaults."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TORCH, TENSORBOARDX, OURS = "torch", "tensorboardX", "tickertape"
MODULES = {TORCH: "torch.utils.tensorboard", TENSORBOARDX: "tensorboardX", OURS: "tickertape"}


def open_writer(name: str, log_dir: Path) -> Any:
    """A SummaryWriter of the contestant `name` on `log_dir`."""
    return importlib.import_module(MODULES[name]).SummaryWriter(str(log_dir))
