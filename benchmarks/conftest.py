"""The `race` fixture: interleaves the contestants, hands each round to pytest-benchmark, adds a row to the report."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from report import Report
from tickertape.bench import timing
from tickertape.bench.contestants import MODULES, OURS, TORCH, open_writer
from tickertape.bench.section import duration, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tickertape.bench.timing import Lane, Result

REPORT = pytest.StashKey[Report]()


class Race:
    """The contestants of one test, their writers and directories, and the rows that they fill."""

    def __init__(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        self.report = request.config.stash.setdefault(REPORT, Report())
        self.tmp_path = tmp_path
        self._request = request
        self._session = request.config._benchmarksession  # the plugin's own fixture finds its options there
        self._writers: list[Any] = []
        self._opened = 0
        if self._session.skip:
            pytest.skip("--benchmark-skip")

    def lanes(self, make: Callable[[str, Any, Path], Lane]) -> list[Lane]:
        """Opens a writer for each contestant and asks `make(name, writer, log_dir)` for its lane."""
        lanes = []
        for name in MODULES:
            self._opened += 1
            log_dir = self.tmp_path / f"{self._opened}-{name}"
            writer = open_writer(name, log_dir)
            self._writers.append(writer)
            lanes.append(make(name, writer, log_dir))
        return lanes

    def rounds(self, wanted: int) -> int:
        """1 with --benchmark-disable, where only the answers are looked at."""
        return 1 if self._session.disabled else wanted

    def run(
        self,
        row: str,
        lanes: Sequence[Lane],
        rounds: int,
        calls: int | dict[str, int],
        show: Callable[[float], str] = duration,
    ) -> dict[str, Result]:
        """Measures, checks the answers and adds the row; `show` makes a cell of the median nanoseconds a call."""
        results = timing.interleave(lanes, self.rounds(rounds), calls)
        self.check(lanes)
        for lane in lanes:
            self._record(row, results[lane.name], calls if isinstance(calls, int) else calls[lane.name])
        cells = {name: show(result.median) for name, result in results.items()}
        self.report.add(row, cells, ratio(results[TORCH].median / results[OURS].median))
        return results

    def check(self, lanes: Sequence[Lane]) -> None:
        """Closes every writer, then has each lane's answer read back."""
        self.close()
        for lane in lanes:
            lane.check(lane.calls)

    def close(self) -> None:
        while self._writers:
            self._writers.pop().close()

    def _record(self, row: str, result: Result, calls: int) -> None:
        """Makes the rounds known to pytest-benchmark, so that its JSON, comparisons and history have them.

        Its fixture measures by itself and one contestant at a time; the way in for durations that were measured
        elsewhere is the private `_make_stats`, the same that its own modes use (pinned in tests/constraints.txt).
        """
        fixture = BenchmarkFixture(
            self._request.node,
            add_stats=self._session.benchmarks.append,
            logger=self._session.logger,
            warner=self._request.node.warn,
            disabled=self._session.disabled,
            **self._session.options,
        )
        if fixture.disabled:
            return
        fixture.name, fixture.group = f"{row} [{result.name}]", row
        stats = fixture._make_stats(calls)
        for nanoseconds in result.rounds:
            stats.update(nanoseconds * calls / 1e9)


@pytest.fixture
def race(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Race]:
    race = Race(request, tmp_path)
    yield race
    race.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scalars first: the table is read from the top."""
    items.sort(key=lambda item: item.path.name != "bench_scalars.py")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash.get(REPORT, None)
    if report is None or not report.rows:
        return
    lines = report.lines()
    terminalreporter.section("medians; read ratios, not times")
    for line in lines:
        terminalreporter.write_line(line)
    folder = config.rootpath / "build"
    folder.mkdir(exist_ok=True)
    (folder / "bench.md").write_text("\n".join(lines) + "\n")
    (folder / "bench-report.json").write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False))
