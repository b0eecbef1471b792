"""Time to import, each in a new interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tickertape.bench import timing
from tickertape.bench.contestants import MODULES, OURS
from tickertape.bench.section import NONE, Section, ratio, summary, timed

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

NUMPY = "NumPy alone"
# NumPy comes first, so that what a writer takes over it is measured and not the difference of two measurements.
_SCRIPT = """
import sys, json
from time import perf_counter_ns
start = perf_counter_ns()
import numpy
with_numpy = perf_counter_ns()
{statement}
print(json.dumps([with_numpy - start, perf_counter_ns() - with_numpy]))
"""


class ImportLane(timing.Lane):
    """A batch is so many interpreters, each timing NumPy's import and then one import statement from the inside.

    Attributes:
        over_numpy_ns: what the statement took in each interpreter.
    """

    def __init__(self, name: str, statement: str) -> None:
        super().__init__(name, call=lambda _: None)
        self.source = _SCRIPT.format(statement=statement)
        self.over_numpy_ns: list[int] = []

    def batch(self, count: int) -> int:
        """Starts `count` interpreters; returns the nanoseconds that their imports took."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the first interpreter compiles, as pip does
        total = 0
        for _ in range(count):
            done = subprocess.run(  # noqa: S603  # this interpreter, on the script above
                [sys.executable, "-W", "ignore", "-c", self.source],
                check=True,
                capture_output=True,
                text=True,
                env=environment,
            )
            numpy_ns, over_ns = json.loads(done.stdout.splitlines()[-1])
            self.over_numpy_ns.append(over_ns)
            total += numpy_ns + over_ns
        return total


def measure(plan: Plan) -> Section:
    """`from … import SummaryWriter`, beside NumPy's own import."""
    lanes = {
        name: ImportLane(name, f"from {MODULES[name]} import SummaryWriter") for name in plan.contestants
    }
    alone = ImportLane(NUMPY, "import numpy")
    # Imports that take milliseconds are measured often, in turns; those of the peers take seconds.
    results = timing.interleave([alone, lanes[OURS]], plan.size(25, 1), 1)
    peers = [lane for name, lane in lanes.items() if name != OURS]
    if peers:
        results |= timing.interleave(peers, plan.size(3, 1), 1)
    section = Section("imports", "Import of SummaryWriter", ["what", "time", "over NumPy alone", "it / ours"])
    for lane in [alone, *lanes.values()]:
        result = results[lane.name]
        over_ns = min(lane.over_numpy_ns)
        over = NONE if lane is alone else f"{over_ns / 1e6:.1f} ms"
        slower = NONE if lane.name == OURS else ratio(result.best / results[OURS].best)
        section.rows.append([lane.name, timed(result), over, slower])
        section.data[lane.name] = summary(result) | {"over_numpy_ns": over_ns}
    section.notes.append(
        "Each in an interpreter of its own, timed from the inside, bytecode compiled before; over NumPy alone: the import "
        "after NumPy's, the fastest."
    )
    return section
