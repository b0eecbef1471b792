"""Time to import, each in an interpreter of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tickertape.bench import timing
from tickertape.bench.contestants import MODULES
from tickertape.bench.race import Plan, Race

if TYPE_CHECKING:
    from tickertape.bench.section import Section

_NUMPY = "NumPy alone"
_SCRIPT = """
import sys, json
from time import perf_counter_ns
start = perf_counter_ns()
{statement}
print(json.dumps(perf_counter_ns() - start))
"""


class ImportLane(timing.Lane):
    """A batch is so many interpreters, each timing one import statement from the inside."""

    def __init__(self, name: str, statement: str) -> None:
        super().__init__(name, call=lambda _: None)
        self.source = _SCRIPT.format(statement=statement)

    def batch(self, count: int) -> int:
        """Starts `count` interpreters; returns the nanoseconds that their imports took."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        total = 0
        for _ in range(count):
            done = subprocess.run(  # noqa: S603  # this interpreter, on the script above
                [sys.executable, "-W", "ignore", "-c", self.source],
                check=True,
                capture_output=True,
                text=True,
                env=environment,
            )
            total += int(json.loads(done.stdout.splitlines()[-1]))
        return total


def measure(plan: Plan) -> Section:
    """`from … import SummaryWriter`; the limit is NumPy's own import."""
    race = Race(plan, "imports", "Import")
    lanes: list[timing.Lane] = [
        ImportLane(name, f"from {MODULES[name]} import SummaryWriter") for name in plan.contestants
    ]
    limit = ImportLane(_NUMPY, "import numpy")
    results = race.run("import of SummaryWriter", lanes, plan.size(7, 1), 1, limit)
    ours = results["tickertape"].best - results[_NUMPY].best
    race.section.notes.append(
        f"limit: NumPy alone; ours adds {ours / 1e6:.1f} ms to it (difference of the fastest)."
    )
    return race.section
