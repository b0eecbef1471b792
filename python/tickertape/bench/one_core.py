"""From the call to the page cache with every thread on one core: processor time an event, in a separate process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import process_time_ns
from typing import TYPE_CHECKING, Any

from tickertape import reader
from tickertape.bench import placed, timing
from tickertape.bench.calls import VALUE
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.floor import load_floor
from tickertape.bench.loop import TAGS
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import Section, summary, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.bench.race import Plan

CALLS, LOG = "add_scalar", f"log() of {len(TAGS)}, which is one Event, a scalar"
FLOOR, WRITE = "limit: the floor's call", "limit: write() of as many bytes"
_BLOCK = 256 << 10  # bytes of a write(), as csrc/drain/sequencer.h has it
_FLUSHED = 500  # steps between two flush(), so that the ring stays in memory that was touched before


def measure(plan: Plan) -> Section:
    """One placement."""
    section = Section("one-core", "One core: from the call to the page cache", ["what", "a scalar"])
    places = placed.places(section.notes)
    if "same" not in places:
        return section
    steps, rounds = plan.size(50_000, 1_000), plan.size(7, 2)
    arguments = {"floor": str(plan.floor or ""), "steps": steps, "rounds": rounds}
    for name, taken in placed.in_child("one_core", plan, "same", arguments).items():
        result = timing.Result(name, taken)
        section.rows.append([name, timed(result)])
        section.data[name] = summary(result)
    section.notes.append(
        f"A round is {steps * len(TAGS):,} scalars of {len(TAGS)} tags and a flush() after each {_FLUSHED * len(TAGS):,}. The clock is the processor time of "
        "the whole process, in the system too, so other programs on that core are not in it."
    )
    return section


# --- In the separate process -----------------------------------------------------------------------------------


def child(place: str, folder: str, floor: str, steps: int, rounds: int) -> dict[str, list[float]]:
    """Nanoseconds an event, one for each round; the limits take turns with ours."""
    if place == "same":
        placed.start_on_first_core()
    top = Path(folder)
    folders = {CALLS: top / "calls", LOG: top / "log"}
    writers = {name: open_writer(OURS, log_dir) for name, log_dir in folders.items()}
    runs: dict[str, Callable[[range], object]] = {
        CALLS: lambda of: _call(writers[CALLS], of),
        LOG: lambda of: _log(writers[LOG], of),
    }
    for run in runs.values():
        run(range(steps))
    if floor:
        empty = load_floor(Path(floor))
        runs[FLOOR] = lambda of: _call(empty, of)
    size = sum(Path(file).stat().st_size for file in reader.event_files(folders[CALLS]))
    runs[WRITE] = lambda _: _write(top / "bytes", size)
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(1, rounds + 1):
        for name, run in runs.items():
            start = process_time_ns()
            run(range(turn * steps, (turn + 1) * steps))
            taken[name].append((process_time_ns() - start) / (steps * len(TAGS)))
    for name, writer in writers.items():
        writer.close()
        for tag in TAGS:
            check_scalars(folders[name], tag, (rounds + 1) * steps, VALUE)
    return taken


def _call(target: Any, steps: range) -> None:
    for step in steps:
        for tag in TAGS:
            target.add_scalar(tag, VALUE, step)
        if step % _FLUSHED == 0:
            target.flush()
    target.flush()


def _log(writer: Any, steps: range) -> None:
    values = dict.fromkeys(TAGS, VALUE)
    for step in steps:
        writer.log(values, step)
        if step % _FLUSHED == 0:
            writer.flush()
    writer.flush()


def _write(path: Path, size: int) -> None:
    block = bytes(_BLOCK)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(size // _BLOCK + 1):
        os.write(descriptor, block)
    os.close(descriptor)
    path.unlink()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(**json.loads(sys.argv[1]))))
