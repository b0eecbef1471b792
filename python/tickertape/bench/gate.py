"""Calls before and after a null writer, record_if, set_step and use_metadata: none of them may leave anything behind."""

from __future__ import annotations

import importlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape.bench import placed, timing
from tickertape.bench.calls import STEP_SCALARS, TAG, VALUE
from tickertape.bench.contestants import MODULES, OURS, open_writer
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import Section, ratio, summary, timed

if TYPE_CHECKING:
    from tickertape.bench.race import Plan


def measure(plan: Plan) -> Section:
    """Both, in a process of their own: whatever is left behind would slow down the parts that follow."""
    section = Section(
        "gate",
        "After a null writer, record_if, set_step and use_metadata",
        ["what", "before", "after", "after / before"],
    )
    arguments = {"rounds": plan.size(25, 5), "calls": plan.size(2000, 200)}
    for what, rounds in placed.in_child("gate", plan, "after", arguments).items():
        before, after = (timing.Result("", nanoseconds) for nanoseconds in rounds)
        section.rows.append([what, timed(before), timed(after), ratio(after.best / before.best)])
        section.data[what] = {"before": summary(before), "after": summary(after)}
    section.notes.append(
        "Between the two a writer with write_to_disk=False, a block of record_if, set_step and a block of use_metadata were "
        "used and ended. The instructions of the same calls are counted in the table of instructions."
    )
    return section


# --- In the process of its own -----------------------------------------------------------------------------------


def child(place: str, folder: str, rounds: int, calls: int) -> dict[str, tuple[list[float], list[float]]]:
    """Nanoseconds a call, one for each round, before and after; `place` is what placed.in_child() passes on."""
    log_dir = Path(folder) / place
    writer = open_writer(OURS, log_dir)
    numbers = {f"metrics/{index}": VALUE for index in range(STEP_SCALARS)}
    lanes = [
        timing.ScalarLane("add_scalar, float", writer, TAG, VALUE),
        timing.Lane(f"log() of {STEP_SCALARS} scalars", partial(writer.log, numbers), writer.flush),
        timing.FlushLane("flush, nothing new", writer),
    ]
    timing.interleave(lanes, 1, calls)  # what only the first calls pay for is in neither
    before = timing.interleave(lanes, rounds, calls)
    use_and_end(writer, str(log_dir))
    after = timing.interleave(lanes, rounds, calls)
    writer.close()
    check_scalars(log_dir, TAG, lanes[0].calls, VALUE)
    return {name: (before[name].rounds, after[name].rounds) for name in before}


def use_and_end(writer: Any, log_dir: str) -> None:
    """Everything that closes the gate or does without a file, used once and ended. Writes to another tag."""
    tickertape = importlib.import_module(MODULES[OURS])
    with tickertape.SummaryWriter(log_dir + "/null", write_to_disk=False) as null:
        null.add_scalar(TAG, VALUE, 0)
    with tickertape.record_if(lambda: True):
        writer.add_scalar("other", VALUE)
    tickertape.set_step(1)
    writer.add_scalar("other", VALUE)
    tickertape.set_step(None)
    with writer.use_metadata(global_step=2):
        writer.add_scalar("other", VALUE)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(**json.loads(sys.argv[1]))))
