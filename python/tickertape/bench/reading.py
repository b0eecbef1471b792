"""Reading a large file of scalars back into columns, every CRC checked."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import reader
from tickertape.bench import data_server, timing
from tickertape.bench.contestants import OURS, importable, open_writer
from tickertape.bench.readback import WrongAnswerError
from tickertape.bench.section import NONE, Section, digits, duration, ratio

if TYPE_CHECKING:
    from pathlib import Path

    from tickertape.bench.race import Plan

TAGS = 10
_LOADER = "tensorboard.backend.event_processing.event_file_loader"
_TENSORBOARD = "tensorboard's loader"


class ReadLane(timing.Lane):
    """Reads the whole file once a call; keeps (tag, step, value) columns for the check."""

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

    def batch(self, count: int) -> int:
        """Starts `count` servers, one after the other."""
        total = 0
        for _ in range(count):
            taken, self.columns = self.read()
            total += taken
        return total


def measure(plan: Plan) -> Section:
    """Writes the file with our writer, then reads it with whatever is here."""
    events = plan.size(1_000_000, 20_000)
    log_dir = plan.fresh("reading")
    tags = [f"series/{tag}" for tag in range(TAGS)]
    with open_writer(OURS, log_dir) as writer:
        for step in range(events):
            writer.add_scalar(tags[step % TAGS], step % 1000, step)
    (path,) = reader.event_files(log_dir)
    lanes = [ReadLane(OURS, lambda: _ours(path), events)]
    if importable(_LOADER):
        lanes.append(ReadLane(_TENSORBOARD, lambda: _tensorboard(path), events))
    if data_server.is_here():
        lanes.append(DataServerLane(data_server.NAME, lambda: data_server.read(log_dir, events - 1), events))
    results = timing.interleave(lanes, plan.size(5, 1), 1)
    section = Section("reading", "Reading", ["reader", "time", "events a second", "its time / ours"])
    for lane in lanes:
        lane.verify()
        taken = results[lane.name].median
        slower = NONE if lane.name == OURS else ratio(results[lane.name].best / results[OURS].best)
        section.rows.append([lane.name, duration(taken), digits(events / taken * 1e9), slower])
        section.data[lane.name] = {"median_ns": taken, "best_ns": results[lane.name].best}
    size = path.stat().st_size
    section.notes.append(
        f"{events:,} scalars of {TAGS} tags, {size / 1e6:.0f} MB in the page cache, into columns of step and value; "
        f"the {data_server.NAME} only loads it (a process of its own, unsampled)."
    )
    return section


def _ours(path: Path) -> dict[str, tuple[Any, Any]]:
    return {tag: (columns.step, columns.value) for tag, columns in reader.read_scalars(path).items()}


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
