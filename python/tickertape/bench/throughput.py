"""Scalars a second from the call to the file, and how much memory that takes."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from tickertape.bench import svg, timing
from tickertape.bench.calls import TAG, VALUE
from tickertape.bench.contestants import OURS, TENSORBOARDX, TORCH, open_writer
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import NONE, Section, digits, ratio

if TYPE_CHECKING:
    from tickertape.bench.race import Plan


class FileLane(timing.ScalarLane):
    """A batch ends when its events are in the file."""

    def batch(self, count: int) -> int:
        """Makes `count` calls and a flush(); returns the nanoseconds that they took."""
        start = perf_counter_ns()
        super().batch(count)
        self.writer.flush()
        return perf_counter_ns() - start


def measure(plan: Plan) -> Section:
    """A million scalars of ours, fewer of the peers', in turns."""
    head = ["writer", "events", "events a second", "ours / it"]
    section = Section("throughput", "Throughput, one thread, call to file", head)
    counts = {
        name: plan.size(1_000_000, 20_000) if name == OURS else plan.size(20_000, 400)
        for name in plan.contestants
    }
    lanes: list[FileLane] = []
    for name in plan.contestants:
        log_dir = plan.fresh(f"throughput-{name}")
        lanes.append(_lane(name, open_writer(name, log_dir), log_dir))
    before = _reset_peak()
    results = timing.interleave(lanes, plan.size(5, 1), counts)
    grown = _peak_bytes() - before
    bars = []
    for lane in lanes:
        lane.writer.close()  # tensorboardX's flush() does not wait for its queue
        lane.check(lane.calls)
        rate = 1e9 / results[lane.name].median
        faster = NONE if lane.name == OURS else ratio(results[lane.name].median / results[OURS].median)
        section.rows.append([lane.name, f"{counts[lane.name]:,}", f"{rate:,.0f}", faster])
        best = 1e9 / results[lane.name].best
        section.data[lane.name] = {"events": lane.calls, "events_per_s": rate, "best_events_per_s": best}
        bars.append(svg.Bar(lane.name, rate, f"{digits(rate)} /s"))
    section.figure = svg.bars("Scalars a second, call to file", bars, log=TORCH in plan.contestants)
    if TENSORBOARDX in plan.contestants:
        section.notes.append(
            "tensorboardX's flush() returns before its queue is written: it has less in its time."
        )
    if before:
        section.notes.append(
            f"The process grew by {grown / 2**20:.0f} MiB at its peak: what waits has a budget (128 MiB)."
        )
        section.data["peak_growth_bytes"] = grown
    return section


def _lane(name: str, writer: Any, log_dir: Path) -> FileLane:
    return FileLane(name, writer, TAG, VALUE, lambda calls: check_scalars(log_dir, TAG, calls, VALUE))


def _reset_peak() -> int:
    """Forgets the peak of the resident memory (proc(5)); returns what it is now, or 0 where nobody says."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return 0
    return _peak_bytes()


def _peak_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return 0
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
