"""The table that `make bench` prints: a row a measurement, a column a contestant, and the machine above it.

Fed by the Race fixture in conftest.py; the same table goes to build/bench.md.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from peers import OURS, TENSORBOARDX, TORCH

COLUMNS = (TORCH, TENSORBOARDX, OURS)
NONE = "–"


def duration(nanoseconds: float) -> str:
    """Three significant digits and a unit: 75.2 µs."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def ratio(value: float) -> str:
    return f"{value:,.0f} ×" if value >= 100 else f"{value:.3g} ×"


@dataclass
class Row:
    """One line: a cell a contestant, and torch's figure over ours in `ratio`."""

    name: str
    cells: dict[str, str]
    ratio: str = NONE


@dataclass
class Report:
    """Rows and notes in the order in which they were measured."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, cells: dict[str, str], ratio: str = NONE) -> None:
        self.rows.append(Row(name, cells, ratio))

    def lines(self) -> list[str]:
        """Markdown, padded so that it reads in a terminal."""
        head = ["what", *COLUMNS, "torch / ours"]
        body = [[row.name, *(row.cells.get(name, NONE) for name in COLUMNS), row.ratio] for row in self.rows]
        widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
        rule = ["-" * width for width in widths]
        table = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in [head, rule, *body]
        ]
        return [machine(), versions(), "", *table, "", *(f"- {note}" for note in self.notes)]


def machine() -> str:
    """Processor, cores, system and date; how busy it was, because the figures depend on it."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*:\s*(.*)", info.read_text())):
        cpu = found[1]
    today = datetime.now(timezone.utc).date()
    load = os.getloadavg()[0]
    return (
        f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {today}, load {load:.1f}"
    )


def versions() -> str:
    names = ("tickertape", "torch", "tensorboardX", "tensorboard", "protobuf", "numpy", "pillow")
    return f"Python {platform.python_version()}, " + ", ".join(f"{name} {_version(name)}" for name in names)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"
