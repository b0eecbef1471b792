"""What only a process of its own shows: the time to import, and the threads and files that `add_scalars` costs."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, Any

from readback import event_files, values
from tickertape.bench.contestants import MODULES, OURS, TENSORBOARDX, TORCH
from tickertape.bench.section import duration, ratio
from tickertape.bench.timing import Lane

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Race

IMPORT = """
import sys
from time import perf_counter_ns
start = perf_counter_ns()
{statement}
taken = perf_counter_ns() - start
import json
print(json.dumps([taken, [name for name in sys.modules if "." not in name or name == "google.protobuf"]]))
"""
HEAVY = {
    "torch",
    "tensorboard",
    "tensorboardX",
    "tensorflow",
    "google.protobuf",
    "matplotlib",
    "PIL",
    "pandas",
}

ADD_SCALARS = """
import json, os, sys
from pathlib import Path
from time import perf_counter_ns
from tickertape.bench.contestants import open_writer

def held():
    return [len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))]

values = {{f"key{{key}}": key / 128 for key in range({keys})}}
writer = open_writer({name!r}, Path({log_dir!r}))
writer.add_scalar("loss", 0.5, 0)  # whatever is started once stands now
before = held()
writer.add_scalars("metrics", values, 0)
after = held()
writer.flush()
taken = []
for step in range(1, {steps}):
    start = perf_counter_ns()
    writer.add_scalars("metrics", values, step)
    taken.append(perf_counter_ns() - start)
writer.close()
print(json.dumps([after[0] - before[0], after[1] - before[1], taken]))
"""


def python(source: str, cwd: Path) -> Any:
    """Runs `source` in a fresh interpreter; returns what it printed as JSON."""
    done = subprocess.run([sys.executable, "-c", source], cwd=cwd, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


class ImportLane(Lane):
    """A batch is so many interpreters, each timing one import statement from the inside."""

    def __init__(self, name: str, statement: str, cwd: Path) -> None:
        super().__init__(name, call=lambda _: None)
        self.source, self.cwd = IMPORT.format(statement=statement), cwd
        self.loaded: set[str] = set()

    def batch(self, count: int) -> int:
        total = 0
        for _ in range(count):
            taken, loaded = python(self.source, self.cwd)
            self.loaded.update(loaded)
            total += taken
        return total


def test_import(race: Race, tmp_path: Path) -> None:
    lanes = [
        ImportLane(name, f"from {module} import SummaryWriter", tmp_path) for name, module in MODULES.items()
    ]
    lanes.append(ImportLane("numpy", "import numpy", tmp_path))
    results = race.run("import of SummaryWriter", lanes, rounds=5, calls=1)
    ours = next(lane for lane in lanes if lane.name == OURS)
    assert "tickertape" in ours.loaded
    assert not ours.loaded & HEAVY
    race.report.notes.append(f"import: NumPy by itself {duration(results['numpy'].median)}")


def test_add_scalars(race: Race, tmp_path: Path) -> None:
    keys, steps = 100, 20
    threads, files, caller = {}, {}, {}
    medians = {}
    for name in MODULES:
        log_dir = tmp_path / name
        source = ADD_SCALARS.format(name=name, log_dir=str(log_dir), keys=keys, steps=steps)
        more_threads, more_files, taken = python(source, tmp_path)
        threads[name], files[name] = f"+{more_threads}", f"+{more_files}"
        medians[name] = median(taken)
        caller[name] = duration(medians[name])
        for key in range(keys):
            folder = log_dir / (f"metrics/key{key}" if name == TENSORBOARDX else f"metrics_key{key}")
            assert [(step, value.simple_value) for step, value in values(folder)] == [
                (step, key / 128) for step in range(steps)
            ]
        assert len(event_files(log_dir)) == keys + 1
    race.report.add(f"add_scalars, {keys} keys: threads", threads)
    race.report.add(f"add_scalars, {keys} keys: open files", files)
    race.report.add(f"add_scalars, {keys} keys: caller", caller, ratio(medians[TORCH] / medians[OURS]))
