"""Histograms, pictures, curves, clips, tensors: the time of the call, and the time until they are in the file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.bench.contestants import OURS, TENSORBOARDX, TORCH, importable
from tickertape.bench.pictures import picture
from tickertape.bench.race import Plan, Workload
from tickertape.bench.readback import WrongAnswerError
from tickertape.bench.timing import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAG = "layer1/weight"
CALL, VISIBLE = "the call alone", "until a reader can see it"


@dataclass
class Logged:
    """One thing that is logged again and again.

    Attributes:
        row: its name in the table.
        log: logs it with a writer at a step.
        copied: the NumPy arrays that any writer must copy.
        calls: in a round.
        who: the contestants that can do it; None means all.
    """

    row: str
    log: Callable[[Any, int], object]
    copied: list[Any]
    calls: int
    who: list[str] | None = None


def _workloads(plan: Plan, each: list[Logged]) -> Iterator[Workload]:
    for logged in each:
        for suffix, in_all in ((CALL, False), (VISIBLE, True)):
            limit = None if in_all else _copy_lane(logged.copied)
            lane = partial(_lane, plan, logged.log, in_all=in_all)
            calls = plan.size(logged.calls, 1)
            yield Workload(f"{logged.row}, {suffix}", lane, plan.size(11, 2), calls, limit, logged.who)


def _lane(
    plan: Plan, log: Callable[[Any, int], object], name: str, writer: Any, log_dir: Path, *, in_all: bool
) -> Lane:
    """One contestant logging one array again and again; every answer must be the same, as the array is."""

    def check(calls: int) -> None:
        found = plan.readback.check_count(log_dir, TAG, calls)
        if len({value.SerializeToString() for value in found}) != 1:
            raise WrongAnswerError(f"{log_dir}: {TAG} differs from call to call")

    return Lane(name, partial(log, writer), writer.flush, check, timed_drain=in_all)


def _copy_lane(arrays: list[Any]) -> Lane:
    """The cost of copying the arrays into memory that is allocated already."""
    targets = [np.empty_like(array) for array in arrays]

    def copy(_: int) -> None:
        for target, array in zip(targets, arrays, strict=True):
            np.copyto(target, array)

    return Lane("limit", copy)


def histograms(plan: Plan, _floor: Any) -> Iterator[Workload]:
    """NumPy arrays, and torch tensors if torch is installed."""
    draw = np.random.default_rng(0)
    few = draw.normal(0, 0.05, 1_000)
    many = draw.normal(0, 0.05, plan.size(1_000_000, 100_000)).astype(np.float32)

    def log(values: Any) -> Callable[[Any, int], object]:
        return lambda writer, step: writer.add_histogram(TAG, values, step)

    each = [
        Logged("add_histogram, 1,000 float64", log(few), [few], 20),
        Logged(f"add_histogram, {many.size:,} float32", log(many), [many], 2),
    ]
    if importable("torch"):
        import torch  # noqa: PLC0415  # if it is installed

        small = few.astype(np.float32)
        each += [
            Logged(
                f"add_histogram, CPU tensor of {array.size:,}", log(torch.from_numpy(array)), [array], calls
            )
            for array, calls in ((small, 20), (many, 2))
        ]
    yield from _workloads(plan, each)


def images(plan: Plan, _floor: Any) -> Iterator[Workload]:
    """One picture, and a batch that becomes a grid."""
    image = picture()
    batch = np.random.default_rng(0).random((16, 3, 64, 64)).astype(np.float32)
    each = [
        Logged(
            "add_image, {}×{}×{} uint8".format(*image.shape),
            lambda writer, step: writer.add_image(TAG, image, step, dataformats="HWC"),
            [image],
            1,
        ),
        Logged(
            "add_images, a grid of 16×3×64×64 float32",
            lambda writer, step: writer.add_images(TAG, batch, step),
            [batch],
            2,
        ),
    ]
    yield from _workloads(plan, each)


def curves(plan: Plan, _floor: Any) -> Iterator[Workload]:
    """A precision-recall curve."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 10_000)
    predictions = np.clip(labels * 0.3 + draw.random(10_000) * 0.7, 0, 1)

    def log(writer: Any, step: int) -> None:
        writer.add_pr_curve(TAG, labels, predictions, step)

    yield from _workloads(plan, [Logged("add_pr_curve, 10,000", log, [labels, predictions], 20)])


def media(plan: Plan, _floor: Any) -> Iterator[Workload]:
    """A GIF, a WAV and a tensor; peers take part if the packages that they need are installed."""
    draw = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 64)
    clip = np.stack([np.roll(np.add.outer(ramp, ramp) / 2, 4 * frame, 1) for frame in range(16)])
    clip = np.ascontiguousarray(np.stack([clip, clip[::-1], 255 - clip], 1)[None].astype(np.uint8))
    sound = (0.5 * np.sin(np.arange(44_100) * (440 * 2 * np.pi / 44_100))).astype(np.float32)[None]
    numbers = draw.random(250_000).astype(np.float32)
    each = [
        Logged(
            "add_video, 16 frames of 64×64 (GIF)",
            lambda writer, step: writer.add_video(TAG, clip, step),
            [clip],
            2,
            _able("moviepy"),
        ),
        Logged(
            "add_audio, 1 s at 44.1 kHz (WAV)",
            lambda writer, step: writer.add_audio(TAG, sound, step),
            [sound],
            4,
            _able("soundfile"),
        ),
    ]
    if importable("torch"):
        import torch  # noqa: PLC0415  # if it is installed

        tensor: Any = torch.from_numpy(numbers)  # torch's writer takes its own tensors only
    else:
        tensor = numbers

    def log_tensor(writer: Any, step: int) -> None:
        writer.add_tensor(TAG, tensor, step)

    each.append(Logged("add_tensor, 1 MB", log_tensor, [numbers], 4, [TORCH, OURS]))
    yield from _workloads(plan, each)


def _able(needed: str) -> list[str]:
    """All contestants if the peers' encoder is installed, otherwise only ours: peers would write no clip."""
    return [TORCH, TENSORBOARDX, OURS] if importable(needed) else [OURS]
