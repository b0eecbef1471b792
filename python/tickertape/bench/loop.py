"""Training loops with a model: what logging takes from a step, for each writer, beside one copy of the same arrays.

A share of the caller's time would hide what a writer's threads take from the model (cores, caches, memory). So blocks of
a few steps are timed with and without logging, in random order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.bench import paired, svg, timing
from tickertape.bench.contestants import OURS, importable, open_writer
from tickertape.bench.floor import load_floor
from tickertape.bench.loop_models import Model, NumpyPerceptron, TorchPerceptron, TorchTransformer, copier
from tickertape.bench.readback import WrongAnswerError, check_count
from tickertape.bench.section import NONE, Section, digits, duration, ratio, summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tickertape.bench.race import Plan

SCALARS = 20
TAGS = tuple(f"metrics/{index}" for index in range(SCALARS))
NOTHING, COPY, FLOOR = "no logging", "limit: one copy", "limit: 20 calls of the floor"
STEPS = 5  # of a block


@dataclass(frozen=True)
class Kind:
    """What is logged, and when.

    Attributes:
        words: its name in the table.
        logged: the steps of a block that log. The last does not: in it a writer's threads can finish.
        weight: the loss of a whole block times this is the loss of a loop that logs so for ever.
        has_arrays: whether histograms and images are logged, not only scalars.
    """

    words: str
    logged: range
    weight: float
    has_arrays: bool = True


EVERY = Kind("every step", range(STEPS - 1), STEPS / (STEPS - 1))
TENTH = Kind("every 10th step", range(1, 2), STEPS / 10)
ALONE = Kind("scalars alone, every step", range(STEPS - 1), STEPS / (STEPS - 1), has_arrays=False)
KINDS = (EVERY, TENTH, ALONE)


@dataclass
class Lane:
    """One contestant, or a limit, in blocks of steps of the same model."""

    name: str
    kind: Kind
    model: Model
    log: Callable[[float, int], object] = lambda *_: None
    flush: Callable[[], object] = lambda: None
    steps: int = 0
    logged: int = 0
    logging_ns: list[float] = field(default_factory=list)

    def run(self) -> None:
        """One block; the flush() that makes its last step visible is in its time."""
        logging = 0
        for index in range(STEPS):
            loss = self.model.step()
            self.steps += 1
            if index in self.kind.logged:
                before = perf_counter_ns()
                self.log(loss, self.steps)
                logging += perf_counter_ns() - before
                self.logged += 1
        before = perf_counter_ns()
        self.flush()
        self.logging_ns.append((logging + perf_counter_ns() - before) / STEPS)

    def check(self, log_dir: Path) -> None:
        """Checks that everything that was logged is in the file.

        Raises:
            WrongAnswerError: something is missing, or no step was logged, so that nothing was measured.
        """
        if self.logged == 0:
            raise WrongAnswerError(f"{self.name}: expected a logged step, got {self.steps} steps without one")
        arrays = (*self.model.arrays(), *self.model.images()) if self.kind.has_arrays else ()
        for tag in (*TAGS, *arrays):
            check_count(log_dir, tag, self.logged)


def writer_lane(name: str, writer: Any, kind: Kind, model: Model) -> Lane:
    """One contestant's."""

    def log(loss: float, step: int) -> None:
        for tag in TAGS:
            writer.add_scalar(tag, loss, step)
        if kind.has_arrays:
            for tag, array in model.arrays().items():
                writer.add_histogram(tag, array, step)
            for tag, images in model.images().items():
                writer.add_images(tag, images, step)

    return Lane(name, kind, model, log, writer.flush)


def _limit(plan: Plan, kind: Kind, model: Model) -> Lane:
    """What no writer can avoid: a copy of the arrays, or the calls."""
    if kind.has_arrays:
        copy = copier(model)
        return Lane(COPY, kind, model, lambda *_: copy())
    floor = load_floor(plan.floor) if plan.floor else _EmptyCalls()

    def call(loss: float, step: int) -> None:
        for tag in TAGS:
            floor.add_scalar(tag, loss, step)

    return Lane(FLOOR, kind, model, call)


class _EmptyCalls:
    """Instead of the floor, if it could not be compiled."""

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """Does nothing."""


def measure(plan: Plan) -> Section:
    """The perceptron, whose step is short."""
    model: Model = TorchPerceptron() if importable("torch") else NumpyPerceptron()
    return _measure(plan, "loop", model, turns=plan.size(600, 1), peers_one_in=plan.size(30, 1))


def measure_transformer(plan: Plan) -> Section:
    """The transformer, if torch is installed."""
    if not importable("torch"):
        section = Section("transformer", "Training loop of a transformer", [])
        section.notes.append("torch is not installed here; nothing was measured.")
        return section
    return _measure(
        plan, "transformer", TorchTransformer(), turns=plan.size(150, 1), peers_one_in=plan.size(25, 1)
    )


def _measure(plan: Plan, key: str, model: Model, turns: int, peers_one_in: int) -> Section:
    nothing = Lane(NOTHING, ALONE, model)
    lanes, opened = [nothing], []
    for kind in KINDS:
        lanes.append(_limit(plan, kind, model))
        for name in plan.contestants:
            log_dir = plan.fresh(f"{key}-{name}")
            writer = open_writer(name, log_dir)
            lanes.append(writer_lane(name, writer, kind, model))
            opened.append((lanes[-1], writer, log_dir))
    peers = {name for name in plan.contestants if name != OURS}
    blocks = [
        paired.Block(each.name, each.run, one_in=peers_one_in if each.name in peers else 1) for each in lanes
    ]
    for lane in lanes:  # the first block allocates and starts threads
        lane.run()
        lane.logging_ns.clear()
    paired.take_turns(blocks, turns, model.step)
    for lane, writer, log_dir in opened:
        writer.close()
        lane.check(log_dir)
    section = _report(key, lanes, blocks)
    numbers = sum(int(np.prod(array.shape)) for array in model.arrays().values())
    section.title = f"Training loop: {SCALARS} scalars and {len(model.arrays())} histograms" + (
        f" and {len(model.images())} grid of images" if model.images() else ""
    )
    section.notes.append(
        f"{model.words[0].upper()}{model.words[1:]}; {numbers:,} values in {len(model.arrays())} histograms."
    )
    section.notes.append(
        f"A block is {STEPS} steps of which the last does not log, and a flush(). “step with / without” is the median of the "
        f"blocks' times over those of the block without logging in the same turn, for a loop that goes on like this, with its "
        f"{paired.CONFIDENCE:.0%} interval (sign test; {turns:,} turns, of which the peers take part in one in {peers_one_in}). "
        "“share”: the time inside the logging calls; what a writer's threads take from the model is not in it."
    )
    return section


def _report(key: str, lanes: list[Lane], blocks: list[paired.Block]) -> Section:
    head = ["writer", "logs", "step with / without", "95 % interval", "it loses / the limit", "share"]
    section = Section(key, "", head)
    bars = []
    limit: paired.Estimate | None = None
    alone = timing.Result("", [taken / STEPS for taken in blocks[0].taken_ns.values()])
    section.data[NOTHING] = {"step": summary(alone)}
    section.notes.append(f"A step without logging takes {duration(alone.median)}.")
    for lane, block in zip(lanes[1:], blocks[1:], strict=True):
        weight = lane.kind.weight
        found = paired.estimate([1 + (each - 1) * weight for each in paired.ratios(block, blocks[0])])
        is_limit = lane.name in (COPY, FLOOR)
        limit = found if is_limit else limit
        # A quotient of losses says something only if both intervals say that something is lost.
        is_clear = limit is not None and not is_limit and limit.low > 1 and found.low > 1
        times = (found.value - 1) / (limit.value - 1) if limit is not None and is_clear else None
        step = timing.Result("", [taken / STEPS for taken in block.taken_ns.values()])
        logging = timing.Result("", lane.logging_ns)
        share = logging.best / step.best
        row = f"{lane.name}, {lane.kind.words}"
        cells = [f"{found.value:.4f}", f"{found.low:.4f} to {found.high:.4f}"]
        more = NONE if times is None else ratio(times)
        section.rows.append([lane.name, lane.kind.words, *cells, more, f"{share:.1%}"])
        section.data[row] = {
            "step": summary(step),
            "logging": summary(logging),
            "share": share,
            "ratio": {"value": found.value, "low": found.low, "high": found.high},
            "times_limit": times,
        }
        if lane.kind is not ALONE:
            bars.append(svg.Bar(row, max(100 * (found.value - 1), 0), f"{digits(100 * (found.value - 1))} %"))
    section.figure = svg.bars("What a training step takes longer because of logging, %", bars, log=False)
    return section
