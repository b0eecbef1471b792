"""The caller's latency as a distribution, and what one core of the backend does: runs in a process of its own.

A process of its own, because it says on which core each thread runs. `python -m tickertape.bench.tails` is that
process; measure() starts it and makes the section.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from array import array
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape.bench import contestants, svg
from tickertape.bench.calls import TAG, VALUE
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.floor import load_floor
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import Section, digits, duration
from tickertape.bench.timing import ScalarLane, percentiles

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

CHUNKS = 20  # turns; in each, every contestant makes its share of its calls
CLOCK, FLOOR = "clock alone", "floor"
_PLACES = {"other": "backend on the other core", "same": "all on one core"}


def measure(plan: Plan) -> Section:
    """Runs both placements and draws them."""
    section = Section(
        "tails", "add_scalar, each call timed", ["who", "calls", "p50", "p99", "p99.9", "worst", "above 2 µs"]
    )
    curves = []
    for place, words in _PLACES.items():
        if not hasattr(os, "sched_setaffinity"):
            section.notes.append("This system cannot pin threads; nothing was measured.")
            return section
        if place == "other" and len(os.sched_getaffinity(0)) < 2:
            section.notes.append("One core only: the backend cannot have another one.")
            continue
        found = _in_child(plan, place)
        section.data[place] = found
        for name, tail in found["latency"].items():
            calls = tail["calls"]
            cells = [duration(tail[part]) for part in ("p50", "p99", "p99.9", "worst")]
            above = f"{tail['above_2us'] / calls:.4%}"
            section.rows.append([f"{name}, {words}", f"{calls:,}", *cells, above])
            edges, counts = tail["edges_ns"], tail["counts"]
            label = name if name != OURS else f"{name}, {words}"
            if place == "same" or name == OURS:
                curves.append(svg.Curve(label, edges[1:], svg.share_above(counts), dashed=place == "other"))
        section.notes.append(_backend_words(words, found["backend"]))
    section.notes.append(
        f"“{CLOCK}” times nothing at all: two readings of the clock cost {digits(_clock(section))} ns, which are in every "
        "row, and its own tail is the machine's (other programs, interrupts)."
    )
    section.figure = svg.tails("Share of add_scalar calls slower than …", curves)
    return section


def _clock(section: Section) -> float:
    return min(float(found["latency"][CLOCK]["p50"]) for found in section.data.values())


def _backend_words(words: str, backend: dict[str, float]) -> str:
    return (
        f"{OURS}, {words}: {backend['events']:,.0f} scalars took {duration(backend['wall_ns'])} from the first call to the "
        f"file and {duration(backend['backend_cpu_ns'])} of the backend's processor time: "
        f"{backend['events'] / backend['backend_cpu_ns'] * 1e3:.3g} M events a second on one core."
    )


def _in_child(plan: Plan, place: str) -> dict[str, Any]:
    folder = plan.fresh(f"tails-{place}")
    folder.mkdir(parents=True)
    arguments = {
        "place": place,
        "folder": str(folder),
        "floor": str(plan.floor or ""),
        "calls": plan.size(1_000_000, 20_000),
        "peer_calls": plan.size(20_000, 400),
    }
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(  # noqa: S603  # this interpreter, on this module
        [sys.executable, "-W", "ignore", "-m", "tickertape.bench.tails", json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{done.args}: exit status {done.returncode}\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- In the process of its own -----------------------------------------------------------------------------------


class Nothing(ScalarLane):
    """Reads the clock around nothing."""

    def each(self, count: int) -> array[int]:
        """Nanoseconds between two readings of the clock, `count` times."""
        taken = array("q", bytes(8 * count))
        now = perf_counter_ns
        for index, _ in enumerate(self.steps(count)):
            start = now()
            taken[index] = now() - start
        return taken


class _Still:
    """Stands in for a writer."""

    def add_scalar(self) -> None:
        """Never called."""

    def flush(self) -> None:
        """Nothing to do."""


def child(place: str, folder: str, floor: str, calls: int, peer_calls: int) -> dict[str, Any]:
    """Measures with every thread where `place` says; the answers are read back."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])  # threads that are started from here on inherit it
    top = Path(folder)
    lanes: list[ScalarLane] = [Nothing(CLOCK, _Still(), TAG, VALUE)]
    if floor:
        lanes.append(ScalarLane(FLOOR, load_floor(Path(floor)), TAG, VALUE))
    lanes += [ScalarLane(name, open_writer(name, top / name), TAG, VALUE) for name in contestants.installed()]
    for lane in lanes[1:]:  # threads start
        lane.batch(1)
        lane.settle()
    if place == "other":
        move_others_to(cores[1:])
    taken: dict[str, array[int]] = {lane.name: array("q") for lane in lanes}
    for turn in range(CHUNKS):
        for position in range(len(lanes)):
            lane = lanes[(turn + position) % len(lanes)]
            lane.settle()
            peer = lane.name in contestants.MODULES and lane.name != OURS
            taken[lane.name] += lane.each((peer_calls if peer else calls) // CHUNKS)
    for lane in lanes:
        if lane.name in contestants.MODULES:
            lane.writer.close()  # tensorboardX's flush() does not wait for its queue
            check_scalars(top / lane.name, TAG, lane.calls, VALUE)
    latency = {name: summary(each) for name, each in taken.items()}
    return {"latency": latency, "backend": backend_rate(top / "rate", calls, place, cores)}


def move_others_to(cores: list[int]) -> None:
    """Every thread of the process but this one runs there from now on."""
    own = threading.get_native_id()
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) != own:
            os.sched_setaffinity(int(task.name), cores)


def summary(taken: array[int]) -> dict[str, Any]:
    """Percentiles, and counts over 20 bins a factor of ten from 10 ns to 10 s."""
    each = np.frombuffer(taken, np.int64)
    edges = np.geomspace(10, 1e10, 181)
    counts, _ = np.histogram(np.clip(each, 10, 1e10), edges)
    return {
        "calls": len(taken),
        **percentiles(taken),
        "above_2us": int((each > 2000).sum()),
        "edges_ns": [round(edge, 1) for edge in edges.tolist()],
        "counts": counts.tolist(),
    }


def backend_rate(log_dir: Path, events: int, place: str, cores: list[int]) -> dict[str, float]:
    """Ring to page cache without a flush() that would help: processor time of all threads but this one."""
    writer = open_writer(OURS, log_dir)
    writer.add_scalar(TAG, VALUE, 0)
    writer.flush()
    if place == "other":
        move_others_to(cores[1:])
    before, own_before, start = time.process_time_ns(), time.thread_time_ns(), perf_counter_ns()
    for step in range(1, events):
        writer.add_scalar(TAG, VALUE, step)
    while _core.stats()["bytes_queued"]:
        time.sleep(0.001)
    wall = perf_counter_ns() - start
    others = (time.process_time_ns() - before) - (time.thread_time_ns() - own_before)
    writer.close()
    check_scalars(log_dir, TAG, events, VALUE)
    return {"events": events - 1, "wall_ns": wall, "backend_cpu_ns": max(others, 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(**json.loads(sys.argv[1]))))
