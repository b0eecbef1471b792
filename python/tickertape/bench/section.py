"""The result of a measurement: a table, notes, a figure and the numbers; and the format of figures."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickertape.bench.timing import Result

NONE = "–"
CONVENTION = (
    "A figure is the median round and, in brackets, the fastest one; every ratio is of the fastest rounds, because other "
    "load on the machine can only add time. Percentiles are of single calls."
)
# Packages that take part if they are installed, by their names in the package index.
_PACKAGES = (
    *(
        "tickertape",
        "torch",
        "tensorboardX",
        "tensorboard",
        "tensorboard-data-server",
        "protobuf",
        "numpy",
        "pillow",
    ),
    *("scikit-image", "scikit-learn", "matplotlib"),
    *("tensorflow", "tensorflow-cpu", "tbparse", "pandas", "polars", "pyarrow"),
)


@dataclass
class Section:
    """One part of the report.

    Attributes:
        key: its name in the JSON and after --only.
        title: its heading.
        head: the columns.
        rows: the cells, one list a row, as long as `head`.
        notes: sentences below the table.
        data: the numbers for JSON: nanoseconds, bytes and shares, as measured.
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
        if nanoseconds >= size * 0.9995:  # values that round to 1 of the unit
            return f"{digits(nanoseconds / size)} {unit}"
    return f"{digits(nanoseconds)} ns"


def digits(value: float) -> str:
    """Three significant digits, never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def rate(value: float) -> str:
    """How many a second: 7.51 M."""
    return f"{digits(value / 1e6)} M" if value >= 1e6 else digits(value)


def with_best(median: str, best: str) -> str:
    """52.1 µs (39.4); the unit is written once if both have the same."""
    number, _, unit = median.partition(" ")
    best_number, _, best_unit = best.partition(" ")
    return f"{number} {unit} ({best_number if best_unit == unit else best})".replace("  ", " ")


def timed(result: Result) -> str:
    """The median round and the fastest one."""
    return with_best(duration(result.median), duration(result.best))


def rates(result: Result, per_round: float = 1) -> str:
    """The same as a rate a second; `per_round` is the number of things in the time of one figure."""
    return with_best(rate(per_round / result.median * 1e9), rate(per_round / result.best * 1e9))


def summary(result: Result) -> dict[str, float]:
    """A result for JSON."""
    return {"median_ns": result.median, "best_ns": result.best}


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


def versions(more: Iterable[tuple[str, str]] = ()) -> str:
    """Versions of Python, of Tickertape and of all that take part; `more` has (name, version) of those without a package."""
    packages = ((name, _version(name)) for name in _PACKAGES)
    found = [*packages, *more, ("valgrind", _tool("valgrind"))]
    return f"Python {platform.python_version()}, " + ", ".join(f"{n} {v}" for n, v in found if v)


def _tool(name: str) -> str:
    """The last word of the first line of `name --version`; "" if it is not installed."""
    path = shutil.which(name)
    if path is None:
        return ""
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    words = (done.stdout.splitlines() or [""])[0].split()
    return words[-1].removeprefix(f"{name}-") if words else ""


def _version(name: str) -> str:
    if name == "tickertape":
        from tickertape._core import __version__  # noqa: PLC0415  # right beside the sources too

        return __version__
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
