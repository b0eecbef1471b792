"""The tail of add_scalar in a training loop while every core is busy, beside that of doing nothing; a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape.bench import placed
from tickertape.bench.calls import TAG, VALUE
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.loop_models import NumpyPerceptron
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import NONE, Section, duration, ratio
from tickertape.bench.tails import CLOCK, Nothing, Still, Watched

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

CALLS = 40  # of each lane after a step
_SPIN = "while True: pass"


def measure(plan: Plan) -> Section:
    """One row a lane; the last column is the ratio of the p99.99."""
    head = ["who", "calls", "p50", "p99", "p99.9", "p99.99", "worst", "preempted", "p99.99 / nothing"]
    section = Section("busy", "add_scalar in a training loop, every core busy", head)
    found = placed.in_child("busy", plan, "any", {"steps": plan.size(2_500, 5)})
    nothing = found[CLOCK]["p99.99"]
    for name, tail in found.items():
        cells = [duration(tail[part]) for part in ("p50", "p99", "p99.9", "p99.99", "worst")]
        times = NONE if name == CLOCK else ratio(tail["p99.99"] / nothing)
        section.rows.append([name, f"{tail['calls']:,}", *cells, f"{tail['late']['preempted']:,}", times])
    section.data = found
    section.notes.append(
        f"After each step of a perceptron in NumPy, {CALLS} calls are timed and {CALLS} times nothing, each first in turn, so that "
        "both meet the caches as the step left them. As many other processes as there are cores count without end."
    )
    return section


# --- In the separate process -----------------------------------------------------------------------------------


def child(place: str, folder: str, steps: int) -> dict[str, Any]:
    """The distributions; `place` is "any": no thread is bound to a core."""
    assert place == "any"  # noqa: S101  # nothing else is measured
    writer = open_writer(OURS, Path(folder))
    lanes = [Nothing(CLOCK, Still()), Watched(OURS, writer)]
    model = NumpyPerceptron()
    spin = [sys.executable, "-c", _SPIN]
    spinning = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]  # noqa: S603  # this interpreter
    try:
        for turn in range(steps):
            model.step()
            for lane in lanes if turn % 2 else reversed(lanes):
                lane.each(CALLS)
    finally:
        for process in spinning:
            process.kill()
            process.wait()
    writer.close()
    check_scalars(Path(folder), TAG, lanes[1].calls, VALUE)
    return {lane.name: lane.summary() for lane in lanes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(**json.loads(sys.argv[1]))))
