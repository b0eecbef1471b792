"""Instructions a call, counted by valgrind. Unlike times, the counts repeat.

A process under callgrind runs the loops below; a dump before and after each (callgrind dumps when libc's getppid is
entered) counts what the calling thread executed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.bench.section import NONE, Section

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

CALLS = 2000
WARM_UP = 200  # the interpreter adapts its bytecode within tens of turns
LOOP, FLOOR = "the loop alone", "floor"
AFTER = ", after a null writer, record_if, set_step and use_metadata"
_NAMES = [
    LOOP,
    FLOOR,
    "add_scalar, float",
    "add_scalar, 0-d ndarray",
    "log() of 20 scalars",
    "flush(), nothing new",
    "add_histogram, 1,000 float64",
    f"add_scalar, float{AFTER}",
    f"log() of 20 scalars{AFTER}",
    f"flush(), nothing new{AFTER}",
]

# Runs under callgrind, which is 50 times slower.
_SCRIPT = """
import json, os, sys
arguments = json.loads(sys.argv[1])
sys.path[:0] = arguments["path"]
import numpy
from tickertape import SummaryWriter, record_if, set_step
writer = SummaryWriter(arguments["log_dir"])
numbers = {f"metrics/{i}": 0.5 for i in range(20)}
zero_d = numpy.array(0.5)
values = numpy.linspace(-1, 1, 1000)
floor = writer
if arguments["floor"]:
    import importlib.machinery
    loader = importlib.machinery.ExtensionFileLoader("_tickertape_floor", arguments["floor"])
    import importlib.util
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    floor = module.Floor()
def empty(steps):
    for step in steps: pass
def base(steps):
    for step in steps: floor.add_scalar("loss", 0.5, step)
def add_scalar(steps):
    for step in steps: writer.add_scalar("loss", 0.5, step)
def add_zero_d(steps):
    for step in steps: writer.add_scalar("loss", zero_d, step)
def log(steps):
    for step in steps: writer.log(numbers, step)
def flush(steps):
    for step in steps: writer.flush()
def add_histogram(steps):
    for step in steps: writer.add_histogram("weights", values, step)
def use_and_end(steps):
    with SummaryWriter(arguments["log_dir"], write_to_disk=False) as null, record_if(lambda: True):
        null.add_scalar("loss", 0.5)
    set_step(1)
    set_step(None)
    with writer.use_metadata(global_step=2):
        writer.add_scalar("other", 0.5)
for loop in (empty, base, add_scalar, add_zero_d, log, flush, add_histogram, use_and_end, add_scalar, log, flush):
    loop(range(arguments["warm_up"]))
    if loop is use_and_end: continue
    writer.flush()
    os.getppid()
    loop(range(arguments["calls"]))
    os.getppid()
writer.close()
"""


def measure(plan: Plan) -> Section:
    """Counts the instructions, or notes why they cannot be counted."""
    section = Section(
        "instructions", "Instructions a call", ["what", "instructions", "without the loop", "× floor"]
    )
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        section.notes.append("valgrind is not installed here; nothing was counted.")
        return section
    try:
        counts = _count(plan, valgrind)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        section.notes.append(f"callgrind could not count: {error}.")
        return section
    loop = counts[LOOP]
    floor = counts[FLOOR] - loop if plan.floor else None
    for name, count in counts.items():
        if name == FLOOR and floor is None:
            continue
        bare = count - loop
        relative = f"{bare / floor:.2f} ×" if floor and name != LOOP else NONE
        section.rows.append([name, f"{count:,.0f}", f"{bare:,.0f}" if bare else NONE, relative])
        section.data[name] = count
    section.notes.append(
        f"callgrind, {CALLS:,} calls of the calling thread, bytecode of the loop inside; the clock is a system call under "
        "valgrind, of which only the entry counts."
    )
    return section


def _count(plan: Plan, valgrind: str) -> dict[str, float]:
    folder = plan.fresh("callgrind").absolute()
    folder.mkdir(parents=True)
    arguments = {
        "path": [str(Path(path).absolute()) for path in sys.path if path],
        "log_dir": str(folder / "events"),
        "floor": str(plan.floor.absolute()) if plan.floor else "",
        "calls": CALLS,
        "warm_up": WARM_UP,
    }
    command = [
        valgrind,
        "--tool=callgrind",
        "--separate-threads=yes",
        "--dump-before=getppid",
        f"--callgrind-out-file={folder / 'out'}",
        sys.executable,
        "-I",
        "-S",
        "-c",
        _SCRIPT,
        json.dumps(arguments),
    ]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(  # noqa: S603  # valgrind on this interpreter
        command, capture_output=True, text=True, check=False, env=environment, timeout=300
    )
    if done.returncode != 0:
        raise ValueError((done.stderr.strip().splitlines() or ["no output"])[-1])
    return {name: parts / CALLS for name, parts in zip(_NAMES, _parts(folder), strict=True)}


def _parts(folder: Path) -> list[int]:
    """Instructions of the first thread in every second part, which is one loop."""
    totals = []
    for number in range(2, 2 * len(_NAMES) + 1, 2):
        text = (folder / f"out.{number}-01").read_text("utf-8", "replace")
        found = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"part {number} has no total")
        totals.append(int(found[1]))
    return totals
