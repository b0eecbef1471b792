"""What add_scalars of many keys costs: threads and open files besides time."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING

from tickertape.bench.contestants import TENSORBOARDX, open_writer
from tickertape.bench.readback import check_scalars
from tickertape.bench.section import NONE, Section, duration

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

KEYS, TAG = 100, "metrics"


def measure(plan: Plan) -> Section:
    """The first call opens what the keys need; the fastest of the others is the caller's time."""
    head = ["writer", "threads", "open files", "a call"]
    section = Section("curves", f"add_scalars, {KEYS} keys", head)
    numbers = {f"key{key}": key / 128 for key in range(KEYS)}
    for name in plan.contestants:
        log_dir = plan.fresh(f"curves-{name}")
        writer = open_writer(name, log_dir)
        writer.add_scalar("loss", 0.5, 0)  # whatever is started once stands now
        before = _held()
        writer.add_scalars(TAG, numbers, 0)
        more = [after - earlier for after, earlier in zip(_held(), before, strict=True)]
        taken = []
        steps = plan.size(20, 5)
        for step in range(1, steps):
            start = perf_counter_ns()
            writer.add_scalars(TAG, numbers, step)
            taken.append(perf_counter_ns() - start)
        writer.close()
        for key, value in numbers.items():
            folder = log_dir / TAG / key if name == TENSORBOARDX else log_dir / f"{TAG}_{key}"
            check_scalars(folder, TAG, steps, value)
        cells = [f"{count:+d}" for count in more] if before else [NONE, NONE]
        section.rows.append([name, *cells, duration(min(taken))])
        section.data[name] = {"best_ns": min(taken)}
        if before:
            section.data[name] |= {"threads": more[0], "files": more[1]}
    return section


def _held() -> list[int]:
    """Threads and open files of this process; [] where the system does not say."""
    folders = [Path("/proc/self/task"), Path("/proc/self/fd")]
    return [len(list(folder.iterdir())) for folder in folders] if all(map(Path.is_dir, folders)) else []
