"""Paired blocks: what a lane adds to a loop, measured beside the same loop without it, in random order.

Used by the training loops of `tickertape bench`; knows nothing of writers or tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb
from random import Random
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING

from tickertape.bench.timing import wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONFIDENCE = 0.95


@dataclass
class Block:
    """One lane: what it does in a block of steps.

    Attributes:
        name: of the lane.
        run: all of a block; timed.
        drain: what is left of it; not timed, before the next block.
        one_in: it takes part in one of so many turns, if it is slow.
        taken_ns: the nanoseconds of its block by turn.
    """

    name: str
    run: Callable[[], object]
    drain: Callable[[], object] = lambda: None
    one_in: int = 1
    taken_ns: dict[int, int] = field(default_factory=dict)


@dataclass
class Estimate:
    """A median and the interval that has the true one with a probability of CONFIDENCE."""

    value: float
    low: float
    high: float


def take_turns(blocks: Sequence[Block], turns: int, before: Callable[[], object]) -> None:
    """Runs a block of each lane in each turn, in random order; `before` runs before each block and is not timed."""
    order = Random(0)  # noqa: S311  # no secret
    for turn in range(turns):
        there = [block for block in blocks if turn % block.one_in == 0]
        order.shuffle(there)
        for block in there:
            before()
            start = perf_counter_ns()
            block.run()
            block.taken_ns[turn] = perf_counter_ns() - start
            block.drain()
            wait_until_idle()


def ratios(block: Block, other: Block) -> list[float]:
    """The times of `block` over those of `other` in the same turn."""
    return [taken / other.taken_ns[turn] for turn, taken in block.taken_ns.items()]


def estimate(values: Sequence[float]) -> Estimate:
    """The median with the interval of the sign test, which assumes nothing about how the values are distributed."""
    ordered, size = sorted(values), len(values)
    outside, rank = 0.0, 0  # the true median is below ordered[rank] with this probability
    for index in range(size // 2):
        outside += comb(size, index) / 2**size
        if outside > (1 - CONFIDENCE) / 2:
            break
        rank = index
    return Estimate(median(ordered), ordered[rank], ordered[size - 1 - rank])
