"""The rate of one core of the backend, from ring to page cache: processor time of its thread, in a separate process."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.bench import placed, timing
from tickertape.bench.calls import TAG, VALUE
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import Section, rates, summary, timed

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

_THREAD = "tickertape-io"  # csrc/drain/backend.cc


def measure(plan: Plan) -> Section:
    """Both placements."""
    head = ["the backend's thread", "events a second of its processor time", "the caller's time a call"]
    section = Section("backend", "The backend alone: from the ring to the page cache", head)
    for place, words in placed.places(section.notes).items():
        arguments = {"events": plan.size(1_000_000, 20_000), "rounds": plan.size(5, 2)}
        found = placed.in_child("backend", plan, place, arguments)
        backend, caller = (timing.Result("", found[key]) for key in ("backend_ns", "caller_ns"))
        section.rows.append([f"on the {words}", rates(backend), timed(caller)])
        section.data[place] = {"backend": summary(backend), "caller": summary(caller)}
    section.notes.append(
        "A million scalars a round, without a flush() that would help. The clock is that of the backend's thread, so what else "
        "runs on its core is not in it. The caller's time has what it waits for the core, or for cache lines."
    )
    return section


# --- In the separate process -----------------------------------------------------------------------------------


def child(place: str, folder: str, events: int, rounds: int) -> dict[str, Any]:
    """Nanoseconds an event, one for each round."""
    cores = placed.start_on_first_core()
    writer = open_writer(OURS, Path(folder))
    writer.add_scalar(TAG, VALUE, 0)
    writer.flush()
    clock = _thread_clock(_THREAD)
    if place == "other":
        placed.move_others_to(cores[1:])
    backend, caller, step = [], [], 1
    for _ in range(rounds):
        before, start = time.clock_gettime_ns(clock), perf_counter_ns()
        for step in range(step, step + events):  # noqa: B020  # goes on where it was
            writer.add_scalar(TAG, VALUE, step)
        caller.append((perf_counter_ns() - start) / events)
        step += 1
        while _core.stats()["bytes_queued"]:
            time.sleep(0.001)
        backend.append((time.clock_gettime_ns(clock) - before) / events)
    writer.close()
    check_scalars(Path(folder), TAG, step, VALUE)
    return {"backend_ns": backend, "caller_ns": caller}


def _thread_clock(name: str) -> int:
    """The processor-time clock of the thread of that name."""
    while True:  # the thread names itself
        for task in Path("/proc/self/task").iterdir():
            if (task / "comm").read_text().strip() == name:
                # CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED of linux/posix-timers.h, as pthread_getcpuclockid() has it
                return (~int(task.name) << 3) | 6
        time.sleep(0.001)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(**json.loads(sys.argv[1]))))
