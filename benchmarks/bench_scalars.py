"""Scalars: what a call costs its caller, its tails, `flush()`, and how many reach the file in a second."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from readback import assert_scalars
from tickertape.bench import timing
from tickertape.bench.contestants import OURS, TENSORBOARDX, TORCH
from tickertape.bench.section import duration
from tickertape.bench.throughput import FileLane
from tickertape.bench.timing import FlushLane, FlushNewLane, Lane, ScalarLane

if TYPE_CHECKING:
    from conftest import Race

TAG = "loss/train"
VALUE = 0.5  # float32 holds it exactly


def scalar_lane(name: str, writer: Any, log_dir: Path, value: Any = VALUE) -> ScalarLane:
    return ScalarLane(name, writer, TAG, value, lambda calls: assert_scalars(log_dir, TAG, calls, VALUE))


def test_add_scalar_float(race: Race) -> None:
    # In a row, torch's queue of 10 is full and its caller waits for its thread; in a burst of 10 it does not.
    race.run("add_scalar, float, 2,000 in a row", race.lanes(scalar_lane), rounds=9, calls=2000)
    race.run("add_scalar, float, burst of 10", race.lanes(scalar_lane), rounds=200, calls=10)


def test_add_scalar_tensor(race: Race) -> None:
    lanes = race.lanes(partial(scalar_lane, value=torch.tensor(VALUE)))
    race.run("add_scalar, 1-element CPU tensor", lanes, rounds=9, calls=2000)


def test_add_scalar_tails(race: Race) -> None:
    lanes = race.lanes(scalar_lane)
    taken: dict[str, list[int]] = {lane.name: [] for lane in lanes}
    for lane in lanes:
        lane.batch(1)
    for _ in range(race.rounds(10)):
        for lane in lanes:
            lane.settle()
            taken[lane.name] += lane.each(2000)
    race.check(lanes)
    tails = {name: timing.percentiles(each) for name, each in taken.items()}
    for part in ("p50", "p99", "p99.9", "worst"):
        cells = {name: duration(tail[part]) for name, tail in tails.items()}
        race.report.add(f"add_scalar, float, {part} of {len(taken[OURS]):,}", cells)
    race.report.notes.append(
        f"percentiles read the clock around every call; its own {duration(timing.clock_cost_ns())} are inside"
    )


def idle_flush_lane(name: str, writer: Any, log_dir: Path) -> Lane:
    """`flush()` where everything is in the file already; however often, the one event stands there once."""
    writer.add_scalar(TAG, VALUE, 0)
    return FlushLane(name, writer, lambda _: assert_scalars(log_dir, TAG, 1, VALUE))


def test_flush_idle(race: Race) -> None:
    race.run("flush, nothing new", race.lanes(idle_flush_lane), rounds=9, calls=1000)


def test_flush_new_events(race: Race) -> None:
    events = 20  # what a trainer logs at one step

    def lane(name: str, writer: Any, log_dir: Path) -> Lane:
        check = partial(assert_scalars, log_dir, TAG, expected=VALUE)
        return FlushNewLane(name, writer, TAG, events, check)

    race.run(f"flush, {events} new scalars", race.lanes(lane), rounds=9, calls=50)


def peak_rss_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def test_events_a_second(race: Race) -> None:
    def lane(name: str, writer: Any, log_dir: Path) -> Lane:
        return FileLane(name, writer, TAG, VALUE, lambda calls: assert_scalars(log_dir, TAG, calls, VALUE))

    million = 1_000_000
    calls = {TORCH: 20_000, TENSORBOARDX: 20_000, OURS: million}
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak (proc(5))
    before = peak_rss_bytes()
    lanes = race.lanes(lane)
    results = timing.interleave(lanes, 1, calls)
    grown = peak_rss_bytes() - before
    results = race.run(
        "scalars a second, call to file", lanes, rounds=3, calls=calls, show=lambda ns: f"{1e9 / ns:,.0f} /s"
    )
    race.report.notes.append(
        f"call to file: 1,000,000 scalars in {duration(results[OURS].median * million)} with tickertape, "
        f"peers measured with {calls[TORCH]:,}; the process grew by {grown / 2**20:.0f} MiB at its peak"
    )
