"""The first screen of the report's page: what matters most, as a few bars beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape.bench.contestants import OURS, TENSORBOARDX, TORCH
from tickertape.bench.png import PHOTOGRAPHS, PILLOW
from tickertape.bench.section import digits, duration, rate
from tickertape.bench.svg import Bar, bars

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tickertape.bench.section import Section


def charts(sections: Iterable[Section]) -> list[str]:
    """Up to four plots, as SVG; those whose part of the report was not measured are missing."""
    data = {section.key: section.data for section in sections}
    plots = [_calls(data.get("calls", {})), _throughput(data.get("throughput", {}))]
    plots += [_pictures(data.get("png", {})), _loop(data.get("loop", {}))]
    return [plot for plot in plots if plot]


def _calls(data: dict[str, Any]) -> str:
    row: dict[str, Any] = next(
        (row for name, row in data.items() if name.startswith("add_scalar") and "in a row" in name), {}
    )
    found = [(name, row[name]["best_ns"]) for name in (TORCH, TENSORBOARDX, OURS) if name in row]
    return _plot(
        "One add_scalar: time of the training thread", [Bar(n, v, duration(v)) for n, v in found], log=True
    )


def _throughput(data: dict[str, Any]) -> str:
    found = [(name, 1e9 / data[name]["best_ns"]) for name in (TORCH, TENSORBOARDX, OURS) if name in data]
    return _plot(
        "Scalars a second, from the call to the file", [Bar(n, v, rate(v)) for n, v in found], log=True
    )


def _pictures(data: dict[str, Any]) -> str:
    rows = data.get(PHOTOGRAPHS, {})
    found = [(name, rows[name]["mb_per_s"]) for name in (PILLOW, OURS) if name in rows]
    short = [Bar(name.partition(",")[0], value, f"{digits(value)} MB/s") for name, value in found]
    return _plot("PNG of photographs: pixels encoded a second", short, log=False)


def _loop(data: dict[str, Any]) -> str:
    names = [(name, f"{name}, every step") for name in (TORCH, TENSORBOARDX, OURS)]
    found = [(name, data[row]["ratio"]["value"] - 1) for name, row in names if row in data]
    title = "What logging adds to a training step"
    return _plot(title, [Bar(name, max(lost, 0), f"{lost:.1%}") for name, lost in found], log=False)


def _plot(title: str, found: Sequence[Bar], *, log: bool) -> str:
    return bars(title, found, log=log, small=True) if found else ""
