"""The caller's latency as a distribution: runs in a separate process.

In a separate process, because it sets the core of each thread. `python -m tickertape.bench.tails` is that
process; measure() starts it and makes the section.
"""

from __future__ import annotations

import json
import sys
from array import array
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.bench import contestants, placed, svg
from tickertape.bench.calls import TAG, VALUE
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.floor import load_floor
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import NONE, Section, digits, duration
from tickertape.bench.timing import ScalarLane, percentiles, wait_until_idle

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

CHUNKS = 20  # turns; in each, every contestant makes its share of its calls
CLOCK, FLOOR = "clock alone", "floor"
_LATE_NS = 50_000  # calls that take longer are reported one by one


def measure(plan: Plan) -> Section:
    """Runs both placements and draws them."""
    head = [
        "who",
        "calls",
        "p50",
        "p99",
        "p99.9",
        "worst",
        "above 2 µs",
        "above 50 µs",
        "preempted",
        "worst else",
    ]
    section = Section("tails", "add_scalar, each call timed", head)
    curves = []
    for place, words in placed.places(section.notes).items():
        arguments = {
            "floor": str(plan.floor or ""),
            "calls": plan.size(1_000_000, 20_000),
            "peer_calls": plan.size(20_000, 400),
        }
        found = placed.in_child("tails", plan, place, arguments)
        section.data[place] = found
        for name, tail in found.items():
            calls, late = tail["calls"], tail["late"]
            cells = [duration(tail[part]) for part in ("p50", "p99", "p99.9", "worst")]
            cells += [f"{tail['above_2us'] / calls:.4%}", f"{late['calls']:,}", f"{late['preempted']:,}"]
            cells.append(duration(late["worst_else_ns"]) if late["worst_else_ns"] else NONE)
            section.rows.append([f"{name}, backend on the {words}", f"{calls:,}", *cells])
            counts = tail["counts"]
            edges = [round(edge, 1) for edge in EDGES_NS.tolist()][1:]
            label = name if name != OURS else f"{name}, backend on the {words}"
            if place == "same" or name == OURS:
                curves.append(svg.Curve(label, edges, svg.share_above(counts), dashed=place == "other"))
    if curves:
        section.notes.append(
            f"“{CLOCK}” times nothing at all: two readings of the clock cost {digits(_clock(section))} ns, which are in "
            "every row, and its own tail is the machine's (other programs, interrupts)."
        )
        section.notes.append(
            "preempted: of the calls above 50 µs, those in which the scheduler took the core from the caller (getrusage); "
            "worst else: the longest of the others. With cores to itself ours is the growth of the ring, a MiB in 32,768 "
            "scalars where they come faster than they are written; on one core, a wait for the drainer to come by."
        )
        section.figure = svg.tails("Share of add_scalar calls slower than …", curves)
    return section


def _clock(section: Section) -> float:
    return min(float(found[CLOCK]["p50"]) for found in section.data.values())


# --- In the separate process -----------------------------------------------------------------------------------


class Watched(ScalarLane):
    """Times each call, and asks of the long ones whether the scheduler took the core away meanwhile."""

    def __init__(self, name: str, writer: Any) -> None:
        super().__init__(name, writer, TAG, VALUE)
        self.taken = array("q")
        self.late: list[tuple[int, bool]] = []  # nanoseconds, and whether it was preempted

    def each(self, count: int) -> array[int]:
        """Adds the nanoseconds of each of `count` calls to `taken`, the clock's own cost included."""
        writer, tag, value, steps = self.writer, self.tag, self.value, self.steps(count)
        taken = array("q", bytes(8 * count))  # written once already: no page fault falls into a measurement
        now, switches = perf_counter_ns, preemptions()
        for index, step in enumerate(steps):
            start = now()
            writer.add_scalar(tag, value, step)
            nanoseconds = now() - start
            taken[index] = nanoseconds
            if nanoseconds > _LATE_NS:
                switches = self._note(nanoseconds, switches)
        self.taken += taken
        return taken

    def _note(self, nanoseconds: int, before: int) -> int:
        switches = preemptions()
        self.late.append((nanoseconds, switches != before))
        return switches

    def summary(self) -> dict[str, Any]:
        """All calls, for JSON."""
        else_ns = [nanoseconds for nanoseconds, preempted in self.late if not preempted]
        late = {
            "calls": len(self.late),
            "preempted": len(self.late) - len(else_ns),
            "worst_else_ns": max(else_ns, default=0),
        }
        return {**distribution(self.taken), "late": late}


class Nothing(Watched):
    """Reads the clock around nothing."""

    def each(self, count: int) -> array[int]:
        """Nanoseconds between two readings of the clock, `count` times."""
        taken = array("q", bytes(8 * count))
        now, switches = perf_counter_ns, preemptions()
        for index, _ in enumerate(self.steps(count)):
            start = now()
            nanoseconds = now() - start
            taken[index] = nanoseconds
            if nanoseconds > _LATE_NS:
                switches = self._note(nanoseconds, switches)
        self.taken += taken
        return taken


def preemptions() -> int:
    """How often this thread lost its core though it had something to do."""
    import resource  # noqa: PLC0415  # not on Windows

    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


class Still:
    """A substitute for a writer."""

    def add_scalar(self) -> None:
        """Never called."""

    def flush(self) -> None:
        """Nothing to do."""


def child(place: str, folder: str, floor: str, calls: int, peer_calls: int) -> dict[str, Any]:
    """Measures with every thread on the core that `place` says, and reads the answers back."""
    cores = placed.start_on_first_core()
    top = Path(folder)
    lanes: list[Watched] = [Nothing(CLOCK, Still())]
    if floor:
        lanes.append(Watched(FLOOR, load_floor(Path(floor))))
    lanes += [Watched(name, open_writer(name, top / name)) for name in contestants.installed()]
    for lane in lanes[1:]:  # threads start
        lane.batch(1)
        lane.drain()
    if place == "other":
        placed.move_others_to(cores[1:])
    for turn in range(CHUNKS):
        for position in range(len(lanes)):
            lane = lanes[(turn + position) % len(lanes)]
            lane.drain()
            peer = lane.name in contestants.MODULES and lane.name != OURS
            lane.each((peer_calls if peer else calls) // CHUNKS)
            lane.drain()
            wait_until_idle()  # a peer's thread that still writes would hold the interpreter in the next one's calls
    for lane in lanes:
        if lane.name in contestants.MODULES:
            lane.writer.close()  # tensorboardX's flush() does not wait for its queue
            check_scalars(top / lane.name, TAG, lane.calls, VALUE)
    return {lane.name: lane.summary() for lane in lanes}


# 20 bins a factor of ten from 10 ns to 10 s.
EDGES_NS = np.geomspace(10, 1e10, 181)


def distribution(taken: array[int]) -> dict[str, Any]:
    """Percentiles, and counts over the bins."""
    each = np.frombuffer(taken, np.int64)
    counts, _ = np.histogram(np.clip(each, 10, 1e10), EDGES_NS)
    return {
        "calls": len(taken),
        **percentiles(taken),
        "above_2us": int((each > 2000).sum()),
        "counts": counts.tolist(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(**json.loads(sys.argv[1]))))
