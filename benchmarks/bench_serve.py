"""TensorBoard on our reader beside TensorBoard's own two: how soon it shows a directory, what it holds, what it costs.

    python benchmarks/bench_serve.py --quick
    python benchmarks/bench_serve.py --json docs/serve-report.json && python benchmarks/fill_docs.py

Each contestant is `tensorboard --logdir DIR` with one reader or another; ours is the same command with
TENSORBOARD_DATA_SERVER_BINARY set, and `tickertape view`. They take turns. A time starts with the process. "Tags right":
`/data/plugin/scalars/tags` lists exactly the runs and tags of the directory. "Loaded": every series has its last step.
"Cold": the directory's files were dropped from the page cache; TensorBoard's own files were not. A data server is also
measured without TensorBoard, whose own start is the same for all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import serve_goals
from serve_data import Directory, Growing, made
from serve_lanes import FAST, LANES, OURS, PLAIN, Board, TimedOutError, alone
from tickertape.bench.section import machine, versions

if TYPE_CHECKING:
    from collections.abc import Callable

_CHARTS = 9  # requests of one chart
_LIVE_STEPS = 10


class Plan:
    """How much is measured.

    Attributes:
        rounds: turns of each contestant; the plain loader has one, with the cache warm.
        limit_secs: after which a contestant is given up.
        watch_secs: how long idle processes are watched.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.rounds: int = options.rounds or (1 if options.quick else 3)
        self.limit_secs: float = options.limit
        self.watch_secs = 3.0 if options.quick else 15.0
        self.only: list[str] = options.only or []

    def wants(self, what: str) -> bool:
        return not self.only or any(part in what for part in self.only)


def measure_start(plan: Plan, directory: Directory, found: dict[str, Any]) -> None:
    """Start to loaded, in turns, and once what an idle TensorBoard costs."""
    for number in range(plan.rounds):
        for cache in ("warm", "cold"):
            for lane in LANES.values():
                if lane.name == PLAIN and (number or cache == "cold"):
                    continue
                _prepare(directory, cache)
                round_ = found.setdefault(cache, {}).setdefault(lane.name, [])
                is_watched = number == 0 and cache == "warm" and directory.plugin == "scalars"
                round_.append(_one_start(plan, lane.name, directory, is_watched=is_watched))
                _say(f"{cache}, {lane.name}: {round_[-1]}")
            for name in (OURS, FAST):
                _prepare(directory, cache)
                round_ = found[cache].setdefault(f"{name}, alone", [])
                try:
                    round_.append(alone(name, directory, plan.limit_secs))
                except TimedOutError:
                    round_.append({"gave_up_s": plan.limit_secs})
                _say(f"{cache}, {name}, alone: {round_[-1]}")


def _one_start(plan: Plan, name: str, directory: Directory, *, is_watched: bool) -> dict[str, float]:
    """The figures of one start; without those that it did not reach in time."""
    taken: dict[str, float] = {}
    try:
        with Board(LANES[name], directory, plan.limit_secs) as board:
            taken["answers_s"] = board.answers_secs
            board.until(board.has_tags)
            taken["tags_s"] = board.taken()
            board.load()
            taken["loaded_s"] = board.taken()
            taken["processor_s"] = board.processor_secs()
            taken["memory_bytes"] = board.memory_bytes()
            if list(directory.tags.values()) == [["loss"]]:
                taken["chart_s"] = median(board.chart() for _ in range(_CHARTS))
            if is_watched:
                taken["idle_share"] = _watch(board, plan.watch_secs)
    except TimedOutError:
        taken["gave_up_s"] = plan.limit_secs
    return taken


def _prepare(directory: Directory, cache: str) -> None:
    if cache == "warm":
        directory.read_pages()
    else:
        directory.forget_pages()


def _watch(board: Board, secs: float) -> float:
    """The share of one core that all processes take while nothing is asked."""
    start, before = time.perf_counter(), board.processor_secs()
    time.sleep(secs)
    return (board.processor_secs() - before) / (time.perf_counter() - start)


def measure_live(plan: Plan, top: Path, runs: int) -> dict[str, Any]:
    """How soon a new point of every run is shown, and what following them costs."""
    found = {}
    for lane in LANES.values():
        growing = Growing(top / lane.name.strip("`").replace(" ", "-"), runs)
        try:
            with Board(lane, growing.directory, plan.limit_secs) as board:
                board.until(board.has_tags)
                board.load()
                found[lane.name] = _follow(board, growing)
        except TimedOutError:
            found[lane.name] = {}
        finally:
            growing.close()
        _say(f"live, {lane.name}: {found[lane.name]}")
    return found


def _follow(board: Board, growing: Growing) -> dict[str, Any]:
    seen = []
    for _ in range(_LIVE_STEPS):
        board.directory = board.directory._replace(last_step=growing.grow())
        board.renew_limit()
        start = time.perf_counter()
        board.load()
        seen.append(time.perf_counter() - start)
        time.sleep(0.3)  # so that the points do not keep step with a reader's clock
    start, before = time.perf_counter(), board.processor_secs()
    for _ in range(_LIVE_STEPS):
        growing.grow()
        time.sleep(1)
    return {
        "seen_s": seen,
        "share": (board.processor_secs() - before) / (time.perf_counter() - start),
        "memory_bytes": board.memory_bytes(),
    }


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def measure(plan: Plan, shrink: int) -> dict[str, Any]:
    about = [machine(), versions()]
    numbers: dict[str, Any] = {"about": about, "directories": {}, "start": {}}
    with tempfile.TemporaryDirectory(prefix="tickertape-") as folder:
        for name, make in made(Path(folder), shrink).items():
            if plan.wants(name):
                _one_directory(plan, name, make, numbers)
        if plan.wants("live"):
            numbers["live_runs"] = 500 // shrink
            numbers["live"] = measure_live(plan, Path(folder) / "live", numbers["live_runs"])
    about.append(f"load {machine().rpartition('load ')[2]} at the end")
    return numbers


def _one_directory(plan: Plan, name: str, make: Callable[[], Directory], numbers: dict[str, Any]) -> None:
    directory = make()
    numbers["directories"][name] = {"points": directory.points, "bytes": directory.bytes()}
    _say(f"{name}: {directory.bytes() / 1e6:,.0f} MB")
    measure_start(plan, directory, numbers["start"].setdefault(name, {}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round of a twentieth of the sizes")
    parser.add_argument("--shrink", type=int, help="divide the sizes by this number")
    parser.add_argument("--rounds", type=int, help="turns of each contestant (default: 3)")
    parser.add_argument("--limit", type=float, default=180, help="seconds until a contestant is given up")
    parser.add_argument(
        "--only", action="append", help="a part of a directory's name, or live; may be repeated"
    )
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    options = parser.parse_args()
    numbers = measure(Plan(options), options.shrink or (20 if options.quick else 1))
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n")
    print("\n".join([*numbers["about"], "", *serve_goals.table(numbers).markdown()]))


if __name__ == "__main__":
    main()
