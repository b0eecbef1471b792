"""What each call costs its caller, and what it takes until the result is in the file: the report's first table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.bench.contestants import OURS, importable
from tickertape.bench.floor import load_floor
from tickertape.bench.pictures import picture
from tickertape.bench.race import Plan, Race
from tickertape.bench.readback import WrongAnswerError, check_count, check_scalars
from tickertape.bench.timing import FlushLane, FlushNewLane, Lane, ScalarLane

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tickertape.bench.section import Section

TAG = "loss/train"
VALUE = 0.5  # float32 holds it exactly
LIMIT = "limit"
STEP_SCALARS = 20  # what a trainer logs at one step


def measure(plan: Plan) -> Section:
    """The rows one after the other; each reads its events back."""
    race = Race(plan, "calls", "What a call costs its caller")
    floor = load_floor(plan.floor) if plan.floor else None
    scalars(race, floor)
    one_step(race)
    flushes(race, floor)
    arrays(race)
    race.section.notes += [
        "The loop around the call is inside. limit: for scalars a C method that takes three arguments and reads the clock, for flush() one that does "
        "nothing, for tensors float(tensor), for arrays one copy of the array."
        if floor
        else f"The floor under add_scalar was not measured: {plan.no_floor}.",
        "“in all” includes the flush() after which a reader sees the result.",
    ]
    return race.section


def scalar_lane(name: str, writer: Any, log_dir: Path, value: Any = VALUE) -> ScalarLane:
    """add_scalar in a plain loop."""
    return ScalarLane(name, writer, TAG, value, lambda calls: check_scalars(log_dir, TAG, calls, VALUE))


class NoFlushLane(ScalarLane):
    """The floor's own loop: there is nothing to settle."""

    def __init__(self, floor: Any) -> None:
        super().__init__(LIMIT, floor, TAG, VALUE)
        self.settle = lambda: None


def scalars(race: Race, floor: Any) -> None:
    """add_scalar with what people hand to it."""
    size = race.plan.size
    # In a row, torch's queue of 10 is full and its caller waits for its thread; in a burst of 10 it does not.
    for row, rounds, calls in (
        (f"add_scalar, float, {size(2000, 200):,} in a row", size(25, 5), size(2000, 200)),
        ("add_scalar, float, burst of 10", size(200, 20), 10),
    ):
        race.run(row, race.lanes(scalar_lane), rounds, calls, NoFlushLane(floor) if floor else None)
    zero_d = np.float32(VALUE)
    lanes = race.lanes(partial(scalar_lane, value=zero_d))
    race.run("add_scalar, np.float32", lanes, size(9, 3), size(2000, 200))
    if importable("torch"):
        import torch  # noqa: PLC0415  # where it is installed

        tensor = torch.tensor(VALUE)
        lanes = race.lanes(partial(scalar_lane, value=tensor))
        limit = Lane(LIMIT, call=lambda _: float(tensor))
        race.run("add_scalar, 1-element CPU tensor", lanes, size(9, 3), size(2000, 200), limit)


def one_step(race: Race) -> None:
    """Twenty numbers of one step: log() of a dict, where the peers take twenty calls."""
    numbers = {f"metrics/{index}": VALUE for index in range(STEP_SCALARS)}

    def lane(name: str, writer: Any, log_dir: Path) -> Lane:
        def one_by_one(step: int) -> None:
            for tag, value in numbers.items():
                writer.add_scalar(tag, value, step)

        def check(calls: int) -> None:
            for tag in numbers:
                check_scalars(log_dir, tag, calls, VALUE)

        if name == OURS:
            return Lane(name, partial(writer.log, numbers), writer.flush, check)
        return Lane(name, one_by_one, writer.flush, check)

    size = race.plan.size
    row = f"{STEP_SCALARS} scalars of one step: log() here, {STEP_SCALARS} calls there"
    race.run(row, race.lanes(lane), size(9, 3), size(200, 20))


def flushes(race: Race, floor: Any) -> None:
    """flush() with nothing to do, and behind what a trainer logs at one step."""
    size = race.plan.size

    def idle(name: str, writer: Any, log_dir: Path) -> Lane:
        writer.add_scalar(TAG, VALUE, 0)
        return FlushLane(name, writer, lambda _: check_scalars(log_dir, TAG, 1, VALUE))

    def new(name: str, writer: Any, log_dir: Path) -> Lane:
        check = partial(check_scalars, log_dir, TAG, value=VALUE)
        return FlushNewLane(name, writer, TAG, STEP_SCALARS, check)

    limit = FlushLane(LIMIT, floor) if floor else None
    race.run("flush, nothing new", race.lanes(idle), size(9, 3), size(1000, 100), limit)
    race.run(f"flush, {STEP_SCALARS} new scalars", race.lanes(new), size(9, 3), size(50, 5))


def arrays(race: Race) -> None:
    """Histograms, an image, a curve: what the caller waits for, and how long it is until they are in the file."""
    size, draw = race.plan.size, np.random.default_rng(0)
    few = draw.normal(0, 0.05, 1_000)
    many = draw.normal(0, 0.05, size(1_000_000, 100_000)).astype(np.float32)
    image = picture()
    labels = draw.integers(0, 2, 10_000)
    predictions = np.clip(labels * 0.3 + draw.random(10_000) * 0.7, 0, 1)
    each: list[tuple[str, Callable[[Any, int], object], list[Any], int]] = [
        ("add_histogram, 1,000 float64", lambda w, step: w.add_histogram(TAG, few, step), [few], 20),
        (
            f"add_histogram, {many.size:,} float32",
            lambda w, step: w.add_histogram(TAG, many, step),
            [many],
            2,
        ),
        (
            "add_image, {}×{}×{} uint8".format(*image.shape),
            lambda w, step: w.add_image(TAG, image, step, dataformats="HWC"),
            [image],
            1,
        ),
        (
            "add_pr_curve, 10,000",
            lambda w, step: w.add_pr_curve(TAG, labels, predictions, step),
            [labels, predictions],
            20,
        ),
    ]
    for row, log, copied, calls in each:
        for suffix, in_all in (("caller", False), ("in all", True)):
            lanes = race.lanes(partial(array_lane, log, in_all=in_all))
            limit = None if in_all else copy_lane(copied)
            race.run(f"{row}, {suffix}", lanes, size(15, 2), size(calls, 1), limit)


def array_lane(
    log: Callable[[Any, int], object], name: str, writer: Any, log_dir: Path, *, in_all: bool
) -> Lane:
    """One contestant logging one array again and again; every answer must be the same, as the array is."""

    def check(calls: int) -> None:
        found = check_count(log_dir, TAG, calls)
        if len({value.SerializeToString() for value in found}) != 1:
            raise WrongAnswerError(f"{log_dir}: {TAG} differs from call to call")

    return Lane(name, partial(log, writer), writer.flush, check, timed_settle=in_all)


def copy_lane(arrays: list[Any]) -> Lane:
    """What it costs to copy the arrays into memory that is there already."""
    targets = [np.empty_like(array) for array in arrays]

    def copy(_: int) -> None:
        for target, array in zip(targets, arrays, strict=True):
            np.copyto(target, array)

    return Lane(LIMIT, copy)
