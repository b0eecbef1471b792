"""One row of the first table: every contestant does the same thing, is timed in turns, and is read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tickertape.bench import timing
from tickertape.bench.contestants import OURS, TORCH, open_writer
from tickertape.bench.section import NONE, Section, duration, ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tickertape.bench.timing import Lane, Result


@dataclass
class Plan:
    """What to measure with, and how long.

    Attributes:
        folder: where event files and compiled helpers go.
        quick: few rounds: every part runs, the figures are rough.
        contestants: names, ours last.
        floor: the compiled module of floor.c; None where it could not be built, for the reason in `no_floor`.
    """

    folder: Path
    quick: bool
    contestants: list[str]
    floor: Path | None = None
    no_floor: str = ""
    _opened: list[str] = field(default_factory=list)

    def size(self, full: int, quick: int) -> int:
        """`full` rounds, calls or elements, or as many as do in a hurry."""
        return quick if self.quick else full

    def fresh(self, name: str) -> Path:
        """A directory of its own for one writer."""
        self._opened.append(name)
        return self.folder / f"{len(self._opened):03}-{name}"


class Race:
    """Fills a Section whose columns are the contestants, our fastest round, the limit measured beside it, and ratios."""

    def __init__(self, plan: Plan, key: str, title: str) -> None:
        self.plan = plan
        self._writers: list[Any] = []
        head = ["what", *plan.contestants, "fastest", "limit"]
        if TORCH in plan.contestants:
            head.append("torch / ours")
        self.section = Section(key, title, [*head, "ours / limit"])
        self.section.notes.append(
            "Medians over rounds in which all contestants take turns; “fastest” is the fastest round of ours. Both ratios "
            "are of fastest rounds, because what else runs on the machine only ever adds."
        )

    def lanes(self, make: Callable[[str, Any, Path], Lane]) -> list[Lane]:
        """Opens a writer for each contestant and asks `make(name, writer, log_dir)` for its lane."""
        lanes = []
        for name in self.plan.contestants:
            log_dir = self.plan.fresh(name)
            self._writers.append(open_writer(name, log_dir))
            lanes.append(make(name, self._writers[-1], log_dir))
        return lanes

    def run(
        self, row: str, lanes: list[Lane], rounds: int, calls: int | dict[str, int], limit: Lane | None = None
    ) -> dict[str, Result]:
        """Measures, closes the writers, checks the answers and adds the row."""
        everyone = [*lanes, limit] if limit else lanes
        if limit and isinstance(calls, dict):
            calls = {**calls, limit.name: calls[OURS]}
        results = timing.interleave(everyone, rounds, calls)
        while self._writers:
            self._writers.pop().close()  # tensorboardX's flush() does not wait for its queue
        for lane in lanes:
            lane.check(lane.calls)
        self.add(row, results, limit.name if limit else None)
        return results

    def add(self, row: str, results: dict[str, Result], limit: str | None = None) -> None:
        """Adds a row."""
        ours = results[OURS].best
        cells = [
            duration(results[name].median) if name in results else NONE for name in self.plan.contestants
        ]
        cells += [duration(ours), duration(results[limit].best) if limit else NONE]
        if TORCH in self.plan.contestants:
            cells.append(ratio(results[TORCH].best / ours) if TORCH in results else NONE)
        cells.append(ratio(ours / results[limit].best) if limit else NONE)
        self.section.rows.append([row, *cells])
        self.section.data[row] = {
            name: {"median_ns": result.median, "best_ns": result.best, "rounds_ns": result.rounds}
            for name, result in results.items()
        }
