"""The table of docs/performance.md, section Serving: the numbers of bench_serve.py beside their goals."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from tickertape.bench.memory import megabytes
from tickertape.bench.section import NONE, Section, duration, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

# The contestants; here, so that the table needs no TensorBoard.
OURS, FAST, PLAIN, VIEW = "tickertape", "fast data server", "plain loader", "`tickertape view`"
_HEAD = ["what", PLAIN, FAST, "ours", VIEW, "fast / ours", "goal", "met"]
_LANES = (PLAIN, FAST, OURS, VIEW)


def table(numbers: dict[str, Any]) -> Section:
    """One row for each figure; a figure is the fastest round, a missing one was not reached in time."""
    section = Section("serve", "Serving", _HEAD)
    for name, caches in numbers["start"].items():
        section.rows += _started(name, caches)
    if "live" in numbers:
        section.rows += _live(numbers["live_runs"], numbers["live"])
    return section


def _started(name: str, caches: dict[str, Any]) -> Iterator[list[str]]:
    for cache, lanes in caches.items():
        head = f"{name}, {cache}: "
        alone = {
            lane.removesuffix(", alone"): rounds for lane, rounds in lanes.items() if lane.endswith("alone")
        }
        yield _row(f"{head}loaded, the data server alone", alone, "loaded_s", _secs, least=8)
        yield _row("… its processor time until then", alone, "processor_s", _secs)
        yield _row("… with TensorBoard around it", lanes, "loaded_s", _secs)
        yield _row("… until `tags` is right", lanes, "tags_s", _secs)
        yield _row("… of which TensorBoard's own start", lanes, "answers_s", _secs)
        if cache == "warm":
            is_goal = "images" in name
            yield _row("… memory of all processes", lanes, "memory_bytes", megabytes)
            yield _row(
                "… memory of the data server alone",
                alone,
                "memory_bytes",
                megabytes,
                least=4 if is_goal else None,
            )
            if _has(lanes, "idle_share"):
                yield _row("… processor while idle, of one core", lanes, "idle_share", _percent, most=0.02)
            if _has(lanes, "chart_s"):
                yield _row("… a chart of it", lanes, "chart_s", _secs)


def _live(runs: int, lanes: dict[str, Any]) -> Iterator[list[str]]:
    seen = {lane: [{"seen_s": median(found["seen_s"])}] for lane, found in lanes.items() if found}
    yield _row(f"{runs:,} live runs: a new point of all is listed after, median", seen, "seen_s", _secs)
    shares = {lane: [found] for lane, found in lanes.items() if found}
    yield _row("… processor while each grows once a second, of one core", shares, "share", _percent)


def _has(lanes: dict[str, list[dict[str, float]]], key: str) -> bool:
    return any(key in each for rounds in lanes.values() for each in rounds)


def _row(
    what: str,
    lanes: dict[str, list[dict[str, float]]],
    key: str,
    spell: Any,
    *,
    least: float | None = None,
    most: float | None = None,
) -> list[str]:
    """A row of the table.

    Args:
        what: its name.
        lanes: contestant to its rounds.
        key: which figure.
        spell: a figure as text.
        least: how many times less than the fast data server's ours should be.
        most: how much ours should be.
    """
    best = {
        lane: min(each[key] for each in lanes[lane] if key in each)
        for lane in _LANES
        if any(key in each for each in lanes.get(lane, ()))
    }
    times = best[FAST] / best[OURS] if FAST in best and best.get(OURS) else None
    goal, met = NONE, None
    if least is not None:
        goal, met = f"≥ {least:.0f} ×", times is not None and times >= least
    if most is not None:
        goal, met = f"≤ {_percent(most)}", best.get(OURS, most + 1) <= most
    cells = [spell(best[lane]) if lane in best else _missing(lanes.get(lane, []), key) for lane in _LANES]
    verdict = NONE if met is None else "yes" if met else "**no**"
    return [what, *cells, NONE if times is None else ratio(times), goal, verdict]


def _missing(rounds: list[dict[str, float]], key: str) -> str:
    """The cell of a figure that was not reached in time, or not measured."""
    limits = [each["gave_up_s"] for each in rounds if "gave_up_s" in each]
    return f"> {max(limits):.0f} s" if limits and key.endswith("_s") else NONE


def _secs(value: float) -> str:
    return duration(value * 1e9)


def _percent(value: float) -> str:
    return f"{value:.1%}"
