"""The writers that are compared: torch's, tensorboardX's and ours, opened with their defaults."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TORCH, TENSORBOARDX, OURS = "torch", "tensorboardX", "tickertape"
MODULES = {TORCH: "torch.utils.tensorboard", TENSORBOARDX: "tensorboardX", OURS: "tickertape"}


def installed() -> list[str]:
    """The contestants that can be imported here, ours last."""
    return [name for name, module in MODULES.items() if name == OURS or importable(module)]


def importable(module: str) -> bool:
    """Whether `module` can be imported. It is tried, since a package that it needs may be missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peers' own dependencies warn while they are imported
            importlib.import_module(module)
    except ImportError:
        return False
    return True


def open_writer(name: str, log_dir: Path) -> Any:
    """A SummaryWriter of the contestant `name` on `log_dir`."""
    return importlib.import_module(MODULES[name]).SummaryWriter(str(log_dir))
