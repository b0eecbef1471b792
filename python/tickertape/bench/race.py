"""One row of the first table: every contestant does the same thing, is timed in turns, and is read back.

`tickertape bench` and benchmarks/ (pytest-benchmark, read back with other people's code) run the same workloads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tickertape.bench import readback, timing
from tickertape.bench.contestants import OURS, TORCH, open_writer
from tickertape.bench.deflaters import Deflaters
from tickertape.bench.section import NONE, Section, ratio, summary, timed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tickertape.bench.timing import Lane, Result


@dataclass
class Plan:
    """How to measure, and for how long.

    Attributes:
        folder: directory for event files and compiled helpers.
        quick: few rounds: every part runs, the figures are rough.
        contestants: names, ours last.
        floor: the compiled module of floor.c; None if it could not be built, for the reason in `no_floor`.
        compiler: the compiler that built it, and its version.
        deflaters: other people's, for the PNG table.
        readback: has check_scalars() and check_count(), which check the content of the files.
    """

    folder: Path
    quick: bool
    contestants: list[str]
    floor: Path | None = None
    no_floor: str = ""
    compiler: str = ""
    deflaters: Deflaters = field(default_factory=Deflaters)
    readback: Any = readback
    _opened: list[str] = field(default_factory=list)

    def size(self, full: int, quick: int) -> int:
        """`full` rounds, calls or elements, or as many as do in a hurry."""
        return quick if self.quick else full

    def fresh(self, name: str) -> Path:
        """A new directory for one writer."""
        self._opened.append(name)
        return self.folder / f"{len(self._opened):03}-{name}"


@dataclass
class Workload:
    """The work that every contestant of a row does.

    Attributes:
        row: its name in the table.
        lane: makes the lane of one contestant from (its name, its writer, its directory).
        rounds: how many.
        calls: in each of them.
        limit: work that is timed with it as a lower bound of the cost; None if there is no such bound.
        who: the contestants that can do it; None means all.
    """

    row: str
    lane: Callable[[str, Any, Path], Lane]
    rounds: int
    calls: int
    limit: Lane | None = None
    who: list[str] | None = None


class Race:
    """Fills a Section whose columns are the contestants, the limit and ratios."""

    def __init__(self, plan: Plan, key: str, title: str) -> None:
        self.plan = plan
        self._writers: list[Any] = []
        head = ["what", *plan.contestants, "limit"]
        if TORCH in plan.contestants:
            head.append("torch / ours")
        self.section = Section(key, title, [*head, "ours / limit"])

    def run(self, work: Workload) -> dict[str, Result]:
        """Opens the writers, measures, closes them, checks the answers and adds the row."""
        lanes = []
        for name in self.plan.contestants:
            if work.who is None or name in work.who:
                log_dir = self.plan.fresh(name)
                self._writers.append(open_writer(name, log_dir))
                lanes.append(work.lane(name, self._writers[-1], log_dir))
        everyone = [*lanes, work.limit] if work.limit else lanes
        try:
            results = timing.interleave(everyone, work.rounds, work.calls)
        finally:
            self.close()
        for lane in lanes:
            lane.check(lane.calls)
        self._add(work, results)
        return results

    def close(self) -> None:
        """Closes the writers: tensorboardX's flush() does not wait for its queue."""
        while self._writers:
            self._writers.pop().close()

    def _add(self, work: Workload, results: dict[str, Result]) -> None:
        ours = results[OURS].best
        limit = results[work.limit.name] if work.limit else None
        cells = [timed(results[name]) if name in results else NONE for name in self.plan.contestants]
        cells.append(timed(limit) if limit else NONE)
        if TORCH in self.plan.contestants:
            cells.append(ratio(results[TORCH].best / ours) if TORCH in results else NONE)
        cells.append(ratio(ours / limit.best) if limit else NONE)
        self.section.rows.append([work.row, *cells])
        self.section.data[work.row] = {name: summary(result) for name, result in results.items()}
