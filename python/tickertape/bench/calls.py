"""The time of each call, and the time until the result is in the file: the report's first table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.bench import arrays
from tickertape.bench.contestants import OURS, TENSORBOARDX, importable
from tickertape.bench.floor import load_floor
from tickertape.bench.race import Plan, Race, Workload
from tickertape.bench.timing import FlushLane, FlushNewLane, Lane, ScalarLane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tickertape.bench.section import Section

TAG = "loss/train"
VALUE = 0.5  # float32 holds it exactly
LIMIT = "limit"
STEP_SCALARS = 20  # as many as a trainer logs at one step


def measure(plan: Plan) -> Section:
    """The rows one after the other; each reads its events back."""
    race = Race(plan, "calls", "What a call costs the training thread")
    floor = load_floor(plan.floor) if plan.floor else None
    for group in GROUPS.values():
        for work in group(plan, floor):
            race.run(work)
    race.section.notes += [
        "The loop around the call is inside. limit: for scalars a C method that takes three arguments and reads the "
        "clock, for flush() one that does nothing, for a tensor float(tensor), for arrays one copy of the array into "
        "memory that is there already."
        if floor
        else f"The floor under add_scalar was not measured: {plan.no_floor}.",
        "“until a reader can see it” includes the flush() after which the result is in the file.",
    ]
    return race.section


class NoFlushLane(ScalarLane):
    """The floor's own loop; it has nothing to drain."""

    def __init__(self, floor: Any) -> None:
        super().__init__(LIMIT, floor, TAG, VALUE)
        self.drain = lambda: None


def scalars(plan: Plan, floor: Any) -> Iterator[Workload]:
    """add_scalar with the types that people pass to it."""

    def lane(name: str, writer: Any, log_dir: Path, value: Any = VALUE) -> ScalarLane:
        def check(calls: int) -> None:
            plan.readback.check_scalars(log_dir, TAG, calls, float(value))

        return ScalarLane(name, writer, TAG, value, check)

    size = plan.size
    calls = size(2000, 200)
    # In a row, torch's queue of 10 is full and its caller waits for its thread; in a burst of 10 it does not.
    limit = NoFlushLane(floor) if floor else None
    yield Workload(f"add_scalar, float, {calls:,} in a row", lane, size(25, 5), calls, limit)
    limit = NoFlushLane(floor) if floor else None
    yield Workload("add_scalar, float, burst of 10", lane, size(200, 20), 10, limit)
    given: dict[str, Any] = {"int": 3, "np.float32": np.float32(VALUE), "0-d ndarray": np.array(VALUE)}
    for what, value in given.items():
        yield Workload(f"add_scalar, {what}", partial(lane, value=value), size(7, 3), calls)
    if importable("torch"):
        import torch  # noqa: PLC0415  # if it is installed

        tensor = torch.tensor(VALUE)
        limit_lane = Lane(LIMIT, call=lambda _: float(tensor))
        work = partial(lane, value=tensor)
        yield Workload("add_scalar, 1-element CPU tensor", work, size(7, 3), calls, limit_lane)


def one_step(plan: Plan, _floor: Any) -> Iterator[Workload]:
    """Twenty numbers of one step: log() of a dict, for which peers need twenty calls; and add_scalars."""
    floats = {f"metrics/{index}": VALUE for index in range(STEP_SCALARS)}
    kinds: list[Callable[[int], Any]] = [float, int, np.float32, np.float64]
    mixed = {f"metrics/{index}": kinds[index % 4](index) for index in range(STEP_SCALARS)}
    size = plan.size
    row = f"{STEP_SCALARS} scalars of one step: log() here, {STEP_SCALARS} calls there"
    for suffix, numbers in (("", floats), (", ints and NumPy's among them", mixed)):
        yield Workload(row + suffix, partial(_step_lane, plan, numbers), size(7, 3), size(200, 20))
    curves = {f"key{key}": key / 4 for key in range(3)}

    def lane(name: str, writer: Any, log_dir: Path) -> Lane:
        def check(calls: int) -> None:
            for key, value in curves.items():
                plan.readback.check_scalars(curve_dir(name, log_dir, TAG, key), TAG, calls, value)

        return Lane(name, partial(writer.add_scalars, TAG, curves), writer.flush, check)

    yield Workload("add_scalars, 3 keys", lane, size(7, 3), size(200, 20))


def curve_dir(name: str, log_dir: Path, tag: str, key: str) -> Path:
    """The directory to which `name`'s add_scalars writes one curve."""
    if name == TENSORBOARDX:
        return log_dir / tag / key
    return log_dir / f"{tag.replace('/', '_')}_{key}"


def _step_lane(plan: Plan, numbers: dict[str, Any], name: str, writer: Any, log_dir: Path) -> Lane:
    def one_by_one(step: int) -> None:
        for tag, value in numbers.items():
            writer.add_scalar(tag, value, step)

    def check(calls: int) -> None:
        for tag, value in numbers.items():
            plan.readback.check_scalars(log_dir, tag, calls, float(value))

    call = partial(writer.log, numbers) if name == OURS else one_by_one
    return Lane(name, call, writer.flush, check)


def flushes(plan: Plan, floor: Any) -> Iterator[Workload]:
    """flush() with nothing to do, and after the scalars of one step of a trainer."""
    size = plan.size

    def idle(name: str, writer: Any, log_dir: Path) -> Lane:
        writer.add_scalar(TAG, VALUE, 0)
        return FlushLane(name, writer, lambda _: plan.readback.check_scalars(log_dir, TAG, 1, VALUE))

    def new(name: str, writer: Any, log_dir: Path) -> Lane:
        check = partial(plan.readback.check_scalars, log_dir, TAG, value=VALUE)
        return FlushNewLane(name, writer, TAG, STEP_SCALARS, check)

    limit = FlushLane(LIMIT, floor) if floor else None
    yield Workload("flush, nothing new", idle, size(9, 3), size(1000, 100), limit)
    yield Workload(f"flush, {STEP_SCALARS} new scalars", new, size(9, 3), size(50, 5))


GROUPS: dict[str, Callable[[Plan, Any], Iterator[Workload]]] = {
    "scalars": scalars,
    "one step": one_step,
    "flushes": flushes,
    "histograms": arrays.histograms,
    "images": arrays.images,
    "curves": arrays.curves,
    "media": arrays.media,
}
