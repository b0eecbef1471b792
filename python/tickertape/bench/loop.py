"""A training loop with a real model: the share of logging, for each writer, at every step and at every tenth."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tickertape.bench import svg, timing
from tickertape.bench.contestants import OURS, importable, open_writer
from tickertape.bench.readback import WrongAnswerError, check_count
from tickertape.bench.section import NONE, Section, digits, ratio, summary, timed
from tickertape.demo import model as demo_model

if TYPE_CHECKING:
    from pathlib import Path

    from tickertape.bench.race import Plan

SCALARS, HISTOGRAMS = 20, 10
_LAYERS = (784, 256, 256, 128, 64, 10)  # 5 weights and 5 biases: 10 histograms, 308,554 elements
_BATCH = 128


class Model(Protocol):
    """The model that a loop trains."""

    def step(self) -> float:
        """One step of the optimiser; the loss."""

    def tensors(self) -> dict[str, Any]:
        """Its ten parameters by name."""


@dataclass
class Runner:
    """One writer in the loop, at every `every`-th step; `writer` None trains alone."""

    name: str
    every: int
    log_dir: Path
    writer: Any = None
    steps: int = 0
    logged: int = 0
    loop_ns: list[float] = field(default_factory=list)
    logging_ns: list[float] = field(default_factory=list)

    def run(self, model: Model, steps: int) -> None:
        """Trains `steps` steps; the flush() that makes the last of them visible is inside the time."""
        logging = 0
        start = perf_counter_ns()
        for _ in range(steps):
            loss = model.step()
            self.steps += 1
            if self.writer is not None and self.steps % self.every == 0:
                before = perf_counter_ns()
                self.log(model, loss)
                logging += perf_counter_ns() - before
        if self.writer is not None:
            before = perf_counter_ns()
            self.writer.flush()
            logging += perf_counter_ns() - before
        self.loop_ns.append((perf_counter_ns() - start) / steps)
        self.logging_ns.append(logging / steps)

    def log(self, model: Model, loss: float) -> None:
        """Logs one step of a training that logs a lot."""
        writer, step = self.writer, self.steps
        for index in range(SCALARS):
            writer.add_scalar(f"metrics/{index}", loss, step)
        for name, tensor in model.tensors().items():
            writer.add_histogram(name, tensor, step)
        self.logged += 1

    def check(self, names: list[str]) -> None:
        """Checks that every scalar and histogram is in the file.

        Raises:
            WrongAnswerError: one is missing, or no step was logged, so that nothing was measured.
        """
        if self.logged == 0:
            raise WrongAnswerError(f"{self.name}: expected a logged step, got {self.steps} steps without one")
        for tag in [*(f"metrics/{index}" for index in range(SCALARS)), *names]:
            check_count(self.log_dir, tag, self.logged)


class NumpyModel:
    """The perceptron of the demo, if torch is missing."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.model = demo_model.Perceptron(_LAYERS, rng)
        self.optimizer = demo_model.Adam(self.model.parameters, 1e-3)
        self.x = rng.random((_BATCH, _LAYERS[0]))
        self.y = rng.integers(0, _LAYERS[-1], _BATCH)

    def step(self) -> float:
        """One step of Adam on one batch."""
        probabilities, activations = self.model.forward(self.x)
        self.optimizer.step(self.model.gradients(probabilities, activations, self.y))
        return float(demo_model.cross_entropy(probabilities, self.y))

    def tensors(self) -> dict[str, Any]:
        """float64 arrays."""
        return dict(self.model.parameters)


class TorchModel:
    """The same perceptron in torch, on the CPU."""

    def __init__(self) -> None:
        import torch  # noqa: PLC0415  # if it is installed

        torch.manual_seed(0)
        torch.set_num_threads(
            1
        )  # idle threads of torch spin, so others on the machine would change the result
        layers: list[Any] = []
        for inputs, outputs in pairwise(_LAYERS):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        self.loss = torch.nn.CrossEntropyLoss()
        self.x, self.y = torch.rand(_BATCH, _LAYERS[0]), torch.randint(0, _LAYERS[-1], (_BATCH,))

    def step(self) -> float:
        """One step of Adam on one batch."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def tensors(self) -> dict[str, Any]:
        """float32 parameters."""
        return dict(self.model.named_parameters())


def measure(plan: Plan) -> Section:
    """All runners train in turns, each in its own loop over the same model."""
    with_torch = importable("torch")
    model: Model = TorchModel() if with_torch else NumpyModel()
    title = f"Training loop: {SCALARS} scalars and {HISTOGRAMS} histograms a step"
    head = ["writer", "logs", "a step", "of it logging", "share", "its share / ours"]
    section = Section("loop", title, head)
    runners = [Runner("no logging", 1, plan.folder)]
    for every in (1, 10):
        for name in plan.contestants:
            log_dir = plan.fresh(f"loop-{name}")
            runners.append(Runner(name, every, log_dir, open_writer(name, log_dir)))
    train(runners, model, rounds=plan.size(5, 1), steps=plan.size(40, 10))
    for runner in runners[1:]:
        runner.writer.close()
        runner.check(list(model.tensors()))
    _report(section, runners)
    weights = sum(int(np.prod(tensor.shape)) for tensor in model.tensors().values())
    where = "torch on the CPU, one thread" if with_torch else "NumPy"
    section.notes.append(
        f"A perceptron of {weights:,} parameters in {where}, batches of {_BATCH}; "
        "the histograms are of all its parameters. Logging includes a flush() at the end of each round of steps; what a "
        "writer's threads take from the model shows in “a step”."
    )
    return section


def train(runners: list[Runner], model: Model, rounds: int, steps: int) -> None:
    """A round is `steps` steps of each runner; another one starts each time."""
    runners[0].run(model, steps)  # the first steps allocate
    runners[0].loop_ns.clear()
    runners[0].logging_ns.clear()
    for turn in range(rounds):
        for position in range(len(runners)):
            runners[(turn + position) % len(runners)].run(model, steps)


def _report(section: Section, runners: list[Runner]) -> None:
    bars = []
    ours = {each.every: _share(each) for each in runners if each.name == OURS}
    for runner in runners:
        step, logging = timing.Result("", runner.loop_ns), timing.Result("", runner.logging_ns)
        every = NONE if runner.writer is None else "every step" if runner.every == 1 else "every 10th step"
        share = _share(runner)
        cells = [NONE, NONE, NONE]
        if runner.writer is not None:
            more = NONE if runner.name == OURS else ratio(share / ours[runner.every])
            cells = [timed(logging), f"{share:.1%}", more]
        section.rows.append([runner.name, every, timed(step), *cells])
        key = f"{runner.name}, {every}" if runner.writer is not None else runner.name
        section.data[key] = {"step": summary(step), "logging": summary(logging), "share": share}
        if runner.writer is not None:
            bars.append(svg.Bar(key, 100 * share, f"{digits(100 * share)} %"))
    section.figure = svg.bars("Share of the training loop spent in logging, %", bars, log=False)


def _share(runner: Runner) -> float:
    return min(runner.logging_ns) / min(runner.loop_ns)
