"""The `race` fixture: the package's own workloads, recorded by pytest-benchmark, read back by code that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import readback
from pytest_benchmark.fixture import BenchmarkFixture
from tickertape import bench
from tickertape.bench.race import Plan, Race
from tickertape.bench.section import CONVENTION, Section, machine, versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tickertape.bench.race import Workload
    from tickertape.bench.timing import Result

SECTIONS = pytest.StashKey[dict[str, Section]]()


class RecordedRace(Race):
    """A race whose rounds pytest-benchmark gets, and whose contestants' answers are held against each other."""

    def __init__(self, request: pytest.FixtureRequest, plan: Plan) -> None:
        super().__init__(plan, "calls", "What a call costs the training thread")
        sections = request.config.stash.setdefault(SECTIONS, {})
        self.section = sections.setdefault(self.section.title, self.section)
        self._request = request
        self._session = request.config._benchmarksession  # the plugin's own fixture finds its options there
        if self._session.skip:
            pytest.skip("--benchmark-skip")

    def run(self, work: Workload) -> dict[str, Result]:
        self.plan.readback.forget()
        results = super().run(work)
        self.plan.readback.compare()
        self.record(work.row, results, work.calls)
        return results

    def show(self, section: Section) -> None:
        """Prints another table at the end."""
        self._request.config.stash[SECTIONS][section.title] = section

    def record(self, row: str, results: dict[str, Result], calls: int | dict[str, int]) -> None:
        """Makes the rounds known to pytest-benchmark, so that its JSON, comparisons and history have them.

        Its fixture measures by itself and one contestant at a time; the way in for durations that were measured
        elsewhere is the private `_make_stats`, the same that its own modes use (pinned in tests/constraints.txt).
        """
        for name, result in results.items():
            fixture = BenchmarkFixture(
                self._request.node,
                add_stats=self._session.benchmarks.append,
                logger=self._session.logger,
                warner=self._request.node.warn,
                disabled=self._session.disabled,
                **self._session.options,
            )
            if fixture.disabled:
                continue
            fixture.name, fixture.group = f"{row} [{name}]", row
            count = calls if isinstance(calls, int) else calls[name]
            stats = fixture._make_stats(count)
            for nanoseconds in result.rounds:
                stats.update(nanoseconds * count / 1e9)


@pytest.fixture
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Plan:
    """Quick with --benchmark-disable, where only the answers are looked at."""
    plan = bench.make_plan(tmp_path, quick=request.config._benchmarksession.disabled)
    plan.readback = readback.Readback()
    return plan


@pytest.fixture
def race(request: pytest.FixtureRequest, plan: Plan) -> Iterator[RecordedRace]:
    race = RecordedRace(request, plan)
    yield race
    race.close()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    sections = config.stash.get(SECTIONS, {})
    lines = [line for section in sections.values() if section.rows for line in section.markdown()]
    if not lines:
        return
    terminalreporter.section("read ratios, not times")
    lines = [machine(), versions(), CONVENTION, "", *lines]
    for line in lines:
        terminalreporter.write_line(line)
    folder = config.rootpath / "build"
    folder.mkdir(exist_ok=True)
    (folder / "bench.md").write_text("\n".join(lines) + "\n")
