"""Logging every step of a training loop that keeps a GPU busy: what it adds to the loop, and what a call costs.

python benchmarks/bench_device.py            needs a CUDA device, torch's and tensorboardX's writers
python benchmarks/bench_device.py --fake     what our calls cost their caller on a simulated device; no GPU

Each step is a chain of matrix products of about 5 ms, and 20 scalars that it leaves on the device. The contestants take
turns; the loop's time ends when the device has done everything. Then their files are read back and compared.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCALARS = 20
STEP_MS = 5.0
STEPS = 200
ROUNDS = 5
TAGS = [f"train/scalar{number:02}" for number in range(SCALARS)]


class Contestant:
    """Logs 20 scalars a step; `log(values, step)` is what is timed."""

    def __init__(self, name: str, writer: Any, log: Callable[[list[Any], int], None]) -> None:
        self.name, self.writer, self.log = name, writer, log
        self.loops: list[float] = []  # seconds a loop
        self.calls: list[float] = []  # seconds that the caller spent in `log`, a loop


def contestants(directory: Path) -> list[Contestant]:
    from tensorboardX import SummaryWriter as TensorboardXWriter
    from tickertape import SummaryWriter
    from torch.utils.tensorboard import SummaryWriter as TorchWriter

    def one_by_one(writer: Any) -> Callable[[list[Any], int], None]:
        def log(values: list[Any], step: int) -> None:
            for tag, value in zip(TAGS, values, strict=True):
                writer.add_scalar(tag, value, step)

        return log

    def together(writer: Any) -> Callable[[list[Any], int], None]:
        return lambda values, step: writer.log(dict(zip(TAGS, values, strict=True)), step)

    def batched(writer: Any) -> Callable[[list[Any], int], None]:
        import torch

        def log(values: list[Any], step: int) -> None:
            for tag, value in zip(TAGS, torch.stack(values).tolist(), strict=True):
                writer.add_scalar(tag, value, step)

        return log

    def ours(name: str) -> Any:
        return SummaryWriter(directory / name)

    made = [Contestant("no logging", None, lambda _values, _step: None)]
    for name, writer, way in (
        ("ours, add_scalar", ours("add_scalar"), one_by_one),
        ("ours, log", ours("log"), together),
        ("torch", TorchWriter(str(directory / "torch")), one_by_one),
        ("torch, one .tolist()", TorchWriter(str(directory / "batched")), batched),
        ("tensorboardX", TensorboardXWriter(str(directory / "tensorboardX")), one_by_one),
    ):
        made.append(Contestant(name, writer, way(writer)))
    return made


class Training:
    """A loop that keeps the device busy without ever waiting for it."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.matrix = torch.randn(4096, 4096, device="cuda") / 64
        self.products = 1
        while (taken := self._step_ms()) < STEP_MS and self.products < 10_000:
            self.products = max(self.products + 1, round(self.products * STEP_MS / taken))
        self.step_ms = self._step_ms()

    def _step_ms(self) -> float:
        cuda = self.torch.cuda
        start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
        self.step()
        start.record()
        for _ in range(10):
            self.step()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) / 10

    def step(self) -> list[Any]:
        result = self.matrix
        for _ in range(self.products):
            result = self.torch.mm(self.matrix, result)
        return list(result[0, :SCALARS].unbind())

    def run(self, contestant: Contestant, first_step: int) -> None:
        self.torch.cuda.synchronize()
        spent = 0.0
        begin = time.perf_counter()
        for step in range(first_step, first_step + STEPS):
            values = self.step()
            before = time.perf_counter()
            contestant.log(values, step)
            spent += time.perf_counter() - before
        self.torch.cuda.synchronize()
        contestant.loops.append(time.perf_counter() - begin)
        contestant.calls.append(spent)


def measure_on_gpu() -> None:
    import torch

    if not torch.cuda.is_available():
        sys.exit("bench_device: no CUDA device here: nothing was measured (--fake measures our calls alone)")
    with tempfile.TemporaryDirectory() as directory:
        training = Training()
        entered = contestants(Path(directory))
        for number in range(ROUNDS + 1):
            for contestant in entered:
                training.run(contestant, number * STEPS)
        for contestant in entered:
            if contestant.writer is not None:
                contestant.writer.close()
        compare(Path(directory))
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {platform.platform()}")
    print(
        f"{STEPS} steps of {training.step_ms:.2f} ms, {SCALARS} scalars a step, median of {ROUNDS} rounds\n"
    )
    print("| | loop | over no logging | caller, a scalar |\n|---|---|---|---|")
    base = median(entered[0].loops[1:])  # the first round warms up
    for contestant in entered:
        loop, calls = median(contestant.loops[1:]), median(contestant.calls[1:])
        a_scalar = f"{calls / STEPS / SCALARS * 1e6:.2f} us" if contestant.writer is not None else ""
        print(f"| {contestant.name} | {loop:.3f} s | {loop / base - 1:+.2%} | {a_scalar} |")


def compare(directory: Path) -> None:
    """Every contestant has written the same."""
    from readback import values

    written = {
        path.name: sorted((value.tag, step, value.simple_value) for step, value in values(path))
        for path in directory.iterdir()
    }
    expected = written["torch"]
    assert len(expected) == (ROUNDS + 1) * STEPS * SCALARS
    assert all(found == expected for found in written.values()), "the files differ"


def measure_on_fake() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from support import fake_device
    from tickertape import SummaryWriter

    device = fake_device.attach()
    values = [device.tensor(float(number)) for number in range(SCALARS)]
    print(
        "What a call costs its caller; the device is simulated, so torch's own copy and event are not in it.\n"
    )
    print("| | a scalar |\n|---|---|")
    with tempfile.TemporaryDirectory() as directory, SummaryWriter(directory) as writer:

        def add_scalars(step: int) -> None:
            for tag, value in zip(TAGS, values, strict=True):
                writer.add_scalar(tag, value, step)

        named = dict(zip(TAGS, values, strict=True))
        for name, log in (("add_scalar", add_scalars), ("log of 20", lambda step: writer.log(named, step))):
            taken = list(rounds(log, lambda: writer.flush(wait=True)))
            print(f"| {name} | {median(taken) / STEPS / SCALARS * 1e6:.2f} us |")


def rounds(log: Callable[[int], None], drain: Callable[[], None]) -> Iterator[float]:
    """Seconds of each round after the first."""
    for number in range(ROUNDS + 1):
        begin = time.perf_counter()
        for step in range(STEPS):
            log(step)
        if number:
            yield time.perf_counter() - begin
        drain()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--fake", action="store_true", help="a simulated device; no GPU")
    if arguments.parse_args().fake:
        measure_on_fake()
    else:
        measure_on_gpu()
