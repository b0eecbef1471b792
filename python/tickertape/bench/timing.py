"""Timing: one lane for each contestant, their rounds interleaved, medians and tails out.

Used by `tickertape bench` and by benchmarks/ (pytest-benchmark); knows nothing of tables.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from statistics import median
from time import monotonic, perf_counter_ns, process_time_ns, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class Lane:
    """One contestant of a row.

    `call(step)` is timed. `drain()` runs before each round and is not timed. `check(calls)` reads the answer back after
    the last round. With `timed_drain`, `drain()` is timed as the end of the call ("until a reader can see it").
    """

    name: str
    call: Callable[[int], object]
    drain: Callable[[], object] = lambda: None
    check: Callable[[int], object] = lambda _: None
    timed_drain: bool = False
    calls: int = 0

    def batch(self, count: int) -> int:
        """Makes `count` calls; returns the nanoseconds that they took."""
        call, steps = self.call, self.steps(count)
        if self.timed_drain:
            drain = self.drain
            start = perf_counter_ns()
            for step in steps:
                call(step)
                drain()
            return perf_counter_ns() - start
        start = perf_counter_ns()
        for step in steps:
            call(step)
        return perf_counter_ns() - start

    def steps(self, count: int) -> range:
        """The steps of the next `count` calls."""
        self.calls += count
        return range(self.calls - count, self.calls)


class ScalarLane(Lane):
    """`writer.add_scalar(tag, value, step)` as users write it: no function of ours around it."""

    def __init__(
        self, name: str, writer: Any, tag: str, value: Any, check: Callable[[int], object] = lambda _: None
    ) -> None:
        super().__init__(name, writer.add_scalar, writer.flush, check)
        self.writer, self.tag, self.value = writer, tag, value

    def batch(self, count: int) -> int:
        """Makes `count` calls; returns the nanoseconds that they took."""
        writer, tag, value, steps = self.writer, self.tag, self.value, self.steps(count)
        start = perf_counter_ns()
        for step in steps:
            writer.add_scalar(tag, value, step)
        return perf_counter_ns() - start

    def each(self, count: int) -> array[int]:
        """Nanoseconds of each of `count` calls, the clock's own cost included."""
        writer, tag, value, steps = self.writer, self.tag, self.value, self.steps(count)
        taken = array("q", bytes(8 * count))  # written once already: no page fault falls into a measurement
        now = perf_counter_ns
        for index, step in enumerate(steps):
            start = now()
            writer.add_scalar(tag, value, step)
            taken[index] = now() - start
        return taken


class FlushLane(Lane):
    """`writer.flush()` in a plain loop, with nothing new to write."""

    def __init__(self, name: str, writer: Any, check: Callable[[int], object] = lambda _: None) -> None:
        super().__init__(name, writer.flush, writer.flush, check)
        self.writer = writer

    def batch(self, count: int) -> int:
        """Makes `count` calls; returns the nanoseconds that they took."""
        writer, steps = self.writer, self.steps(count)
        start = perf_counter_ns()
        for _ in steps:
            writer.flush()
        return perf_counter_ns() - start


class FlushNewLane(Lane):
    """Times only the flush after `events` new scalars; `calls` counts the scalars."""

    def __init__(
        self, name: str, writer: Any, tag: str, events: int, check: Callable[[int], object] = lambda _: None
    ) -> None:
        super().__init__(name, call=lambda _: None, check=check)
        self.writer, self.tag, self.events = writer, tag, events

    def batch(self, count: int) -> int:
        """Makes `count` calls; returns the nanoseconds that they took."""
        taken = 0
        for _ in range(count):
            for step in self.steps(self.events):
                self.writer.add_scalar(self.tag, 0.5, step)
            start = perf_counter_ns()
            self.writer.flush()
            taken += perf_counter_ns() - start
        return taken


@dataclass
class Result:
    """The result of one lane: nanoseconds a call, one for each round."""

    name: str
    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle round."""
        return median(self.rounds)

    @property
    def best(self) -> float:
        """The fastest round: the cost of the code if nothing else runs."""
        return min(self.rounds)


def interleave(lanes: Sequence[Lane], rounds: int, calls: int | dict[str, int]) -> dict[str, Result]:
    """Runs `rounds` rounds of `calls` calls, every lane in every round, each time another one first."""
    counts = {lane.name: calls if isinstance(calls, int) else calls[lane.name] for lane in lanes}
    results = {lane.name: Result(lane.name) for lane in lanes}
    for lane in lanes:  # first calls import, allocate and start threads
        lane.batch(1)
    for turn in range(rounds):
        for position in range(len(lanes)):
            lane = lanes[(turn + position) % len(lanes)]
            lane.drain()
            results[lane.name].rounds.append(lane.batch(counts[lane.name]) / counts[lane.name])
            lane.drain()
            wait_until_idle()
    return results


def wait_until_idle() -> None:
    """Waits until the process's other threads are idle, half a second at most, so that no contestant pays for another.

    tensorboardX's flush() returns before its thread has finished. A Python thread that computes keeps the interpreter for
    up to 5 ms (sys.getswitchinterval()).
    """
    end = monotonic() + 0.5
    while monotonic() < end:
        before = process_time_ns()
        sleep(0.001)
        if process_time_ns() - before < 200_000:  # a fifth of the time; waking up takes a twentieth
            return


def percentiles(taken: Sequence[int]) -> dict[str, int]:
    """p50, p99, p99.9, p99.99 and the maximum of `taken`."""
    ordered = sorted(taken)
    last = len(ordered) - 1
    return {
        "p50": ordered[last // 2],
        "p99": ordered[last * 99 // 100],
        "p99.9": ordered[last * 999 // 1000],
        "p99.99": ordered[last * 9999 // 10_000],
        "worst": ordered[last],
    }


def clock_cost_ns() -> int:
    """The difference of two readings of the clock with nothing between them."""
    return min(-(perf_counter_ns() - perf_counter_ns()) for _ in range(1000))
