"""Reading a large file of scalars into columns, with every CRC checked: time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core, reader
from tickertape.bench import data_server, memory, timing
from tickertape.bench.contestants import OURS, importable, open_writer
from tickertape.bench.readback import WrongAnswerError
from tickertape.bench.section import NONE, Section, ratio, summary, timed, with_best
from tickertape.bench.section import rate as per_second

if TYPE_CHECKING:
    from pathlib import Path

    from tickertape.bench.race import Plan

TAGS = 10
_LOADER = "tensorboard.backend.event_processing.event_file_loader"
_TENSORBOARD = "tensorboard's loader"
_ONE_THREAD = f"{OURS}, one thread"
# A process that reads and does nothing else; it does not import this package, which has more in it.
_MEMORY = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from tickertape import reader
def peak():
    try:
        return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        return 0
imported = peak()
columns = reader.read_scalars(sys.argv[2])
assert sum(len(each.step) for each in columns.values()) == int(sys.argv[3])
print(json.dumps([imported, peak()]))
"""


class ReadLane(timing.Lane):
    """Reads the whole file once a call; keeps (step, value) columns for the check."""

    def __init__(self, name: str, read: Any, events: int) -> None:
        super().__init__(name, call=lambda _: None)
        self.read, self.events = read, events
        self.columns: dict[str, tuple[Any, Any]] = {}

    def batch(self, count: int) -> int:
        """Reads `count` times; returns the nanoseconds that it took."""
        start = perf_counter_ns()
        for _ in range(count):
            self.columns = self.read()
        return perf_counter_ns() - start

    def verify(self) -> None:
        """Every tag has its steps and values."""
        for tag in range(TAGS):
            step, value = self.columns[f"series/{tag}"]
            expected = np.arange(tag, self.events, TAGS)
            if not (np.array_equal(step, expected) and np.array_equal(value, expected % 1000)):
                raise WrongAnswerError(f"{self.name}: series/{tag} is not what was written")


class DataServerLane(ReadLane):
    """The same by the fast data server: from its start until it has loaded the file."""

    peak_bytes = 0

    def batch(self, count: int) -> int:
        """Starts `count` servers, one after the other."""
        total = 0
        for _ in range(count):
            taken, peak, self.columns = self.read()
            self.peak_bytes = max(self.peak_bytes, peak)
            total += taken
        return total


def measure(plan: Plan) -> Section:
    """Writes the files with our writer, then reads them with whatever is here."""
    head = ["reader", "events", "time", "events a second", "its time an event / ours", "memory at its peak"]
    section = Section("reading", "Reading", head)
    events = plan.size(1_000_000, 20_000)
    log_dir = _write(plan, events)
    (path,) = reader.event_files(log_dir)
    lanes = [
        ReadLane(OURS, lambda: _ours(path), events),
        ReadLane(_ONE_THREAD, lambda: _in_one_thread(path), events),
    ]
    if data_server.is_here():
        lanes.append(DataServerLane(data_server.NAME, lambda: data_server.read(log_dir, events - 1), events))
    results = timing.interleave(lanes, plan.size(5, 1), 1)
    if importable(_LOADER):  # a hundred times slower: a tenth of the events
        few = events // 10
        (short,) = reader.event_files(_write(plan, few))
        slow = ReadLane(_TENSORBOARD, lambda: _tensorboard(short), few)
        results |= timing.interleave([slow], plan.size(3, 1), 1)
        lanes.append(slow)
    peaks = {lane.name: lane.peak_bytes for lane in lanes if isinstance(lane, DataServerLane)}
    imported, peaks[OURS] = _memory(path, events)
    ours = results[OURS].best / events
    for lane in lanes:
        lane.verify()
        result = results[lane.name]
        rates = with_best(*(per_second(lane.events / each * 1e9) for each in (result.median, result.best)))
        slower = NONE if lane.name == OURS else ratio(result.best / lane.events / ours)
        peak = memory.megabytes(peaks[lane.name]) if peaks.get(lane.name) else NONE
        section.rows.append([lane.name, f"{lane.events:,}", timed(result), rates, slower, peak])
        section.data[lane.name] = {
            "events": lane.events,
            **summary(result),
            "peak_bytes": peaks.get(lane.name, 0),
        }
    section.data[OURS]["imported_bytes"] = imported
    size = path.stat().st_size
    section.notes.append(
        f"Scalars of {TAGS} tags, {size / 1e6:.0f} MB for {events:,} of them in the page cache, into columns of step and "
        f"value; the {data_server.NAME} only loads them (a process of its own, unsampled)."
    )
    section.notes.append(
        "Memory: VmHWM of a process that does nothing else, the interpreter, NumPy and the columns included; "
        f"ours has {memory.megabytes(imported)} of it once it is imported."
    )
    return section


def _write(plan: Plan, events: int) -> Path:
    log_dir = plan.fresh("reading")
    tags = [f"series/{tag}" for tag in range(TAGS)]
    with open_writer(OURS, log_dir) as writer:
        for step in range(events):
            writer.add_scalar(tags[step % TAGS], step % 1000, step)
    return log_dir


def _memory(path: Path, events: int) -> tuple[int, int]:
    """Peak of a process that reads `path`: once it is imported, and at its end."""
    found = [str(each) for each in sys.path if each]
    done = subprocess.run(  # noqa: S603  # this interpreter, on the script above
        [sys.executable, "-W", "ignore", "-c", _MEMORY, json.dumps(found), str(path), str(events)],
        check=True,
        capture_output=True,
        text=True,
    )
    imported, peak = json.loads(done.stdout)
    return imported, peak


def _ours(path: Path) -> dict[str, tuple[Any, Any]]:
    return {tag: (columns.step, columns.value) for tag, columns in reader.read_scalars(path).items()}


def _in_one_thread(path: Path) -> dict[str, tuple[Any, Any]]:
    (index,) = _core.scan_files([str(path)], threads=1)
    return {series.tag: (series.step, series.value) for series in index.series}


def _tensorboard(path: Path) -> dict[str, tuple[Any, Any]]:
    import importlib  # noqa: PLC0415  # beside its only use

    loader = importlib.import_module(_LOADER).LegacyEventFileLoader(str(path))
    steps: dict[str, list[int]] = {}
    numbers: dict[str, list[float]] = {}
    for event in loader.Load():
        for value in event.summary.value:
            steps.setdefault(value.tag, []).append(event.step)
            numbers.setdefault(value.tag, []).append(value.simple_value)
    return {tag: (np.array(steps[tag]), np.array(numbers[tag])) for tag in steps}
