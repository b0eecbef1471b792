"""The runs of a log directory and the event files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.convert import paths

if TYPE_CHECKING:
    import os


def find_runs(log_dir: str | os.PathLike[str]) -> dict[str, list[Path]]:
    """The runs in and below a directory: name as TensorBoard shows it ("." for the top) to its event files."""
    top = Path(paths.text(log_dir))
    folders = sorted({file.parent for file in top.rglob("*tfevents*") if file.is_file()})
    return {str(folder.relative_to(top)): event_files(folder) for folder in folders}


def event_files(folder: Path) -> list[Path]:
    """The event files of one run, in the order of their names, which is the order in which they were opened."""
    return sorted(file for file in folder.glob("*tfevents*") if file.is_file())
