"""The cost of add_scalars with many keys: time, threads and open files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape.bench import timing
from tickertape.bench.calls import curve_dir
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.section import NONE, Section, ratio, summary, timed

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

KEYS, TAG = 100, "metrics"


def measure(plan: Plan) -> Section:
    """The first call opens the files of the keys; the others are timed."""
    head = ["writer", "threads", "open files", "a call", "it / ours"]
    section = Section("curves", f"add_scalars, {KEYS} keys", head)
    numbers = {f"key{key}": key / 128 for key in range(KEYS)}
    lanes, more, writers = [], {}, []
    for name in plan.contestants:
        log_dir = plan.fresh(f"curves-{name}")
        writer = open_writer(name, log_dir)
        writers.append(writer)
        writer.add_scalar("loss", 0.5, 0)  # everything that is started once is started now
        before = held()
        call = partial(writer.add_scalars, TAG, numbers)
        lane = timing.Lane(name, call, writer.flush, partial(_check, plan, name, log_dir, numbers))
        lane.batch(1)
        more[name] = [after - earlier for after, earlier in zip(held(), before, strict=True)]
        lanes.append(lane)
    results = timing.interleave(lanes, plan.size(10, 2), 2)
    while writers:
        writers.pop().close()
    for lane in lanes:
        lane.check(lane.calls)
        cells = [f"{count:+d}" for count in more[lane.name]] or [NONE, NONE]
        result = results[lane.name]
        slower = NONE if lane.name == OURS else ratio(result.best / results[OURS].best)
        section.rows.append([lane.name, *cells, timed(result), slower])
        section.data[lane.name] = summary(result)
        if more[lane.name]:
            section.data[lane.name] |= {"threads": more[lane.name][0], "files": more[lane.name][1]}
    return section


def _check(plan: Plan, name: str, log_dir: Path, numbers: dict[str, Any], calls: int) -> None:
    for key, value in numbers.items():
        plan.readback.check_scalars(curve_dir(name, log_dir, TAG, key), TAG, calls, value)


def held() -> list[int]:
    """Numbers of threads and open files of this process; [] if the system does not tell."""
    folders = [Path("/proc/self/task"), Path("/proc/self/fd")]
    return [len(list(folder.iterdir())) for folder in folders] if all(map(Path.is_dir, folders)) else []
