"""Scalars a second from the call to the file, and the memory that this takes."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from tickertape.bench import memory, svg, timing
from tickertape.bench.calls import TAG, VALUE
from tickertape.bench.contestants import OURS, TENSORBOARDX, TORCH, open_writer
from tickertape.bench.section import NONE, Section, rate, rates, ratio, summary

if TYPE_CHECKING:
    from pathlib import Path

    from tickertape.bench.race import Plan


class FileLane(timing.ScalarLane):
    """A batch ends when its events are in the file; `grown_bytes` is the largest growth of the process in a batch."""

    grown_bytes = 0

    def batch(self, count: int) -> int:
        """Makes `count` calls and a flush(); returns the nanoseconds that they took."""
        has_peak = memory.reset_peak()
        before = memory.peak_bytes()
        start = perf_counter_ns()
        super().batch(count)
        self.writer.flush()
        taken = perf_counter_ns() - start
        if has_peak:
            self.grown_bytes = max(self.grown_bytes, memory.peak_bytes() - before)
        return taken


def lane(plan: Plan, name: str, writer: Any, log_dir: Path) -> FileLane:
    """One contestant's."""
    return FileLane(
        name, writer, TAG, VALUE, lambda calls: plan.readback.check_scalars(log_dir, TAG, calls, VALUE)
    )


def calls(plan: Plan) -> dict[str, int]:
    """A million scalars of ours, fewer of the peers'."""
    return {
        name: plan.size(1_000_000, 20_000) if name == OURS else plan.size(20_000, 400)
        for name in plan.contestants
    }


def measure(plan: Plan) -> Section:
    """All of them in turns."""
    return race(plan)[0]


def race(plan: Plan) -> tuple[Section, dict[str, timing.Result]]:
    """The table, and the rounds that it is made from."""
    head = ["writer", "events", "events a second", "ours / it", "memory at its peak"]
    section = Section("throughput", "Throughput, one thread, call to file", head)
    counts = calls(plan)
    lanes = []
    for name in plan.contestants:
        log_dir = plan.fresh(f"throughput-{name}")
        lanes.append(lane(plan, name, open_writer(name, log_dir), log_dir))
    results = timing.interleave(lanes, plan.size(5, 1), counts)
    bars = []
    for each in lanes:
        each.writer.close()  # tensorboardX's flush() does not wait for its queue
        each.check(each.calls)
        result = results[each.name]
        faster = NONE if each.name == OURS else ratio(result.best / results[OURS].best)
        grown = f"+{memory.megabytes(each.grown_bytes)}" if memory.peak_bytes() else NONE
        section.rows.append([each.name, f"{counts[each.name]:,}", rates(result), faster, grown])
        section.data[each.name] = {"events": each.calls, **summary(result), "grown_bytes": each.grown_bytes}
        bars.append(svg.Bar(each.name, 1e9 / result.best, f"{rate(1e9 / result.best)} /s"))
    section.figure = svg.bars("Scalars a second, call to file", bars, log=TORCH in plan.contestants)
    if TENSORBOARDX in plan.contestants:
        section.notes.append(
            "tensorboardX's flush() returns before its queue is written: it has less in its time."
        )
    section.notes.append(
        "Memory: what the process grew by at most while one of its rounds ran (VmHWM behind it less VmHWM reset before "
        "it); what waits in our ring has a budget of 134 MB (128 MiB)."
    )
    return section, results
