"""What a measurement hands back: one table, notes, a figure, and the numbers themselves; and how figures are spelled."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

NONE = "–"


@dataclass
class Section:
    """One part of the report.

    Attributes:
        key: its name in the JSON and after --only.
        title: its heading.
        head: the columns.
        rows: the cells, one list a row, as long as `head`.
        notes: sentences below the table.
        data: what JSON holds; nanoseconds, bytes and shares as they were measured.
        figure: an SVG element, or "".
    """

    key: str
    title: str
    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    figure: str = ""

    def markdown(self) -> list[str]:
        """The table in lines, padded so that it reads in a terminal, and the notes."""
        widths = [
            max(len(line[column]) for line in [self.head, *self.rows]) for column in range(len(self.head))
        ]
        rule = ["-" * width for width in widths]
        table = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in [self.head, rule, *self.rows]
        ]
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return [f"### {self.title}", "", *(table if self.rows else []), *notes, ""]


def duration(nanoseconds: float) -> str:
    """Three significant digits and a unit: 75.2 µs."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size * 0.9995:  # what rounds to 1 of the unit
            return f"{digits(nanoseconds / size)} {unit}"
    return f"{digits(nanoseconds)} ns"


def digits(value: float) -> str:
    """Three significant digits, never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio(value: float) -> str:
    """How many times."""
    return f"{digits(value)} ×"


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
    """Python's, ours and those of the peers that are installed."""
    names = ("tickertape", "torch", "tensorboardX", "tensorboard", "protobuf", "numpy", "pillow")
    found = ((name, _version(name)) for name in names)
    return f"Python {platform.python_version()}, " + ", ".join(f"{n} {v}" for n, v in found if v)


def _version(name: str) -> str:
    if name == "tickertape":
        from tickertape import __version__  # noqa: PLC0415  # right beside the sources too

        return __version__
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
