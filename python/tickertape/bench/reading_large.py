"""Large log directories beside the peers: many runs, many images, every event, polars, Parquet. Some minutes: only if it is named."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape.bench import data_server, memory, reading_tasks
from tickertape.bench.contestants import OURS, importable, open_writer
from tickertape.bench.readback import WrongAnswerError
from tickertape.bench.section import NONE, Section, ratio, summary, timed
from tickertape.bench.timing import Result

if TYPE_CHECKING:
    from pathlib import Path

    from tickertape.bench.race import Plan

_TAGS = [f"series/{tag}" for tag in range(10)]
_PATH = """
import json, runpy, sys
sys.path[:0] = json.loads(sys.argv[1])
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_CODE_BYTES = (
    8  # of a row: polars makes codes of its own of run and tag; step, wall time and value are 24 more
)
_POLARS_BYTES = 16 << 20  # of polars' own, measured with a table of no rows: 5 MB


class _Task(NamedTuple):
    """A row for each reader.

    Attributes:
        key: of reading_tasks.TASKS.
        what: in words.
        size: how many things.
        directory: with the files.
        expected: the answer, as far as it is known without reading.
        rounds: of ours and of quick peers; slow ones do one.
        slow: reader to (its directory, its size, its answer): it does a part, and its time is scaled.
    """

    key: str
    what: str
    size: int
    directory: Path
    expected: list[float]
    rounds: int
    slow: dict[str, tuple[Path, int, list[float]]]


def measure(plan: Plan) -> Section:
    """Writes the directories with our writer, then each reader reads them in a process of its own."""
    head = ["what", "reader", "size", "time", "its time / ours", "memory above the interpreter"]
    section = Section("reading-large", "Reading large log directories", head)
    for task in (_runs(plan), _images(plan), _events(plan), *_ten_million(plan)):
        _add(section, task)
    section.notes.append(
        "Each reader is a process of its own that has imported what it needs before the time begins; memory is VmHWM above "
        "that. The files are in the page cache. Every reader's answer (counts and sums) is compared with what was written."
    )
    section.notes.append(
        f"{data_server.NAME}: from its start until it has loaded everything. Rows with a smaller size are of slow readers; "
        "their ratio is for the same size."
    )
    section.notes.append(
        "polars: only DataFrame(runs.scalars) is timed; the memory is what that needs, the columns were read before. A "
        f"copy of them would be 24 bytes a row; polars makes {_CODE_BYTES} bytes of codes of run and tag."
    )
    return section


def _add(section: Section, task: _Task) -> None:
    results: dict[str, tuple[Result, int, int]] = {}
    for name, (_, modules) in reading_tasks.TASKS[task.key].items():
        if not all(importable(module) for module in modules):
            continue
        directory, count, expected = task.slow.get(name, (task.directory, task.size, task.expected))
        rounds = 1 if name in task.slow or name in ("tbparse", "EventAccumulator") else task.rounds
        found = _run(task.key, name, directory, rounds)
        _check(name, task, found["answer"], expected)
        results[name] = Result(name, [float(each) for each in found["rounds"]]), found["memory"], count
    if task.key == "runs" and data_server.is_here():
        results[data_server.NAME] = _data_server(task)
    ours = results[OURS][0].best / results[OURS][2]
    for name, (result, grown, count) in results.items():
        slower = NONE if name == OURS else ratio(result.best / count / ours)
        section.rows.append(
            [task.what, name, f"{count:,}", timed(result), slower, memory.megabytes(grown) if grown else NONE]
        )
        section.data.setdefault(task.key, {})[name] = {
            **summary(result),
            "count": count,
            "memory_bytes": grown,
        }
    most = task.size * _CODE_BYTES + _POLARS_BYTES
    if task.key == "polars" and results[OURS][1] > most:
        raise WrongAnswerError(f"polars: the columns were copied: {memory.megabytes(results[OURS][1])}")


def _run(key: str, name: str, directory: Path, rounds: int) -> Any:
    path = json.dumps([str(each) for each in sys.path if each])
    arguments = [reading_tasks.__file__, key, name, str(directory), str(rounds)]
    done = subprocess.run(  # noqa: S603  # this interpreter, on a script of ours
        [sys.executable, "-W", "ignore", "-c", _PATH, path, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise WrongAnswerError(f"{key}, {name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _check(name: str, task: _Task, answer: list[float], expected: list[float]) -> None:
    if answer != expected:
        raise WrongAnswerError(f"{task.key}, {name}: expected {expected}, got {answer}")


def _data_server(task: _Task) -> tuple[Result, int, int]:
    result, peak = Result(data_server.NAME), 0
    runs = int(task.expected[0])
    points = task.size // runs
    for _ in range(task.rounds):
        taken, peak, found = data_server.read_runs(task.directory, runs, points - 1)
        sums = [
            sum(float(column.sum()) for tags in found.values() for column in (tags[_TAGS[0]][i],))
            for i in (0, 1)
        ]
        rows = sum(len(tags[_TAGS[0]][0]) for tags in found.values())
        _check(data_server.NAME, task, [len(found), rows, *sums], task.expected)
        result.rounds.append(float(taken))
    return result, peak, task.size


def _write(directory: Path, steps: int, tags: list[str]) -> None:
    """`steps` scalars of each tag; values are integers, so that sums are exact."""
    with open_writer(OURS, directory) as writer:
        for step in range(steps):
            for tag in tags:
                writer.add_scalar(tag, step % 1000, step)


def _sums(runs: int, steps: int) -> list[float]:
    """Rows, the sum of steps and the sum of values of `runs` series as _write() writes them."""
    step = np.arange(steps, dtype=np.float64)
    return [float(runs * steps), runs * float(step.sum()), runs * float((step % 1000).sum())]


def _runs(plan: Plan) -> _Task:
    runs, points = plan.size(2_000, 20), plan.size(500, 50)
    directory = plan.fresh("runs")
    for run in range(runs):
        _write(directory / f"run{run:05}", points, _TAGS[:1])
    expected = [float(runs), *_sums(runs, points)]
    what = f"{runs:,} runs of {points} points into columns"
    return _Task("runs", what, runs * points, directory, expected, plan.size(5, 1), {})


def _images(plan: Plan) -> _Task:
    count = plan.size(10_000, 50)
    directory = plan.fresh("images")
    noise = np.random.default_rng(0).integers(
        0, 256, (183, 183, 3), dtype=np.uint8
    )  # 100 kB: noise cannot be compressed
    chosen = list(range(0, count, count // 10))[:10]
    total = 0.0
    with open_writer(OURS, directory) as writer:
        for step in range(count):
            pixels = np.roll(noise, step % 183, axis=0)
            pixels[0, 0, 0] = step % 256
            total += float(pixels.sum()) if step in chosen else 0.0
            writer.add_image("image", pixels, step, dataformats="HWC")
    what = f"{count:,} images of 100 kB: list, decode 10"
    return _Task("images", what, count, directory, [float(count), total], plan.size(3, 1), {})


def _events(plan: Plan) -> _Task:
    count = plan.size(200_000, 2_000)
    directory = plan.fresh("events")
    _write(directory, count, _TAGS[:1])
    expected = [*_sums(1, count), float(count * len(_TAGS[0]))]
    what = "summary_iterator, every field read"
    return _Task("events", what, count, directory, expected, plan.size(5, 1), {})


def _ten_million(plan: Plan) -> list[_Task]:
    """One directory for polars and for Parquet; the slow peer exports one of its ten runs."""
    steps = plan.size(100_000, 100)
    directory = plan.fresh("points")
    for run in range(10):
        _write(directory / f"run{run}", steps, _TAGS)
    count = 10 * len(_TAGS) * steps
    expected = _sums(100, steps)
    task = partial(_Task, size=count, directory=directory, expected=expected, rounds=plan.size(3, 1))
    part = directory / "run0", count // 10, _sums(10, steps)
    return [
        task("polars", "polars.DataFrame(runs.scalars)", slow={}),
        task("export", "directory to Parquet", slow={"tbparse + pandas": part}),
    ]
