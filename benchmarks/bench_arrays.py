"""Histograms, images and PR curves: what the caller pays, and what it takes until they are in the file.

The answers are compared with what torch's writer left in the same run.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from readback import assert_steps
from skimage.data import astronaut
from tensorboard.util.tensor_util import make_ndarray
from tickertape.bench.contestants import TORCH
from tickertape.bench.timing import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Race
    from tensorboard.compat.proto.summary_pb2 import Summary

TAG = "layer1/weight"


class ArrayRace:
    """Logs one array with every contestant, then holds each answer against torch's."""

    def __init__(
        self, log: Callable[[Any, int], object], same: Callable[[Summary.Value, Summary.Value], None]
    ) -> None:
        self.log, self.same = log, same
        self.expected: Summary.Value | None = None

    def lane(self, name: str, writer: Any, log_dir: Path, *, in_all: bool) -> Lane:
        return Lane(
            name,
            call=partial(self.log, writer),
            settle=writer.flush,
            check=lambda calls: self.check(name, assert_steps(log_dir, TAG, calls)),
            timed_settle=in_all,
        )

    def check(self, name: str, values: Sequence[Summary.Value]) -> None:
        if name == TORCH:
            self.expected = values[0]
        assert self.expected is not None
        for value in values:
            self.same(value, self.expected)

    def run(self, race: Race, row: str, calls: int, rounds: int = 7) -> None:
        for suffix, in_all in (("caller", False), ("in all", True)):
            lanes = race.lanes(partial(self.lane, in_all=in_all))
            race.run(f"{row}, {suffix}", lanes, rounds=rounds, calls=calls)


def same_histogram(ours: Summary.Value, theirs: Summary.Value) -> None:
    a, b = ours.histo, theirs.histo
    assert (a.min, a.max, a.num) == (b.min, b.max, b.num)
    np.testing.assert_allclose([a.sum, a.sum_squares], [b.sum, b.sum_squares], rtol=1e-9)
    np.testing.assert_array_equal(a.bucket_limit, b.bucket_limit)
    np.testing.assert_array_equal(a.bucket, b.bucket)


@pytest.mark.parametrize(
    ("size", "dtype", "calls"), [(1_000, np.float64, 20), (1_000_000, np.float32, 1)], ids=["1k", "1M"]
)
def test_add_histogram(race: Race, size: int, dtype: type[np.floating[Any]], calls: int) -> None:
    values = np.random.default_rng(0).normal(0, 0.05, size).astype(dtype)
    contest = ArrayRace(lambda writer, step: writer.add_histogram(TAG, values, step), same_histogram)
    contest.run(race, f"add_histogram, {size:,} {values.dtype}", calls)


def pixels(value: Summary.Value) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(value.image.encoded_image_string)) as image:
        return np.asarray(image)


def same_image(ours: Summary.Value, theirs: Summary.Value) -> None:
    assert (ours.image.height, ours.image.width) == (theirs.image.height, theirs.image.width)
    np.testing.assert_array_equal(pixels(ours), pixels(theirs))


@pytest.mark.parametrize("kind", ["uint8 HWC", "float32 CHW"])
def test_add_image(race: Race, kind: str) -> None:
    image = astronaut()  # 512 × 512 × 3
    axes = kind.split()[1]
    if axes == "CHW":
        image = np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)
    contest = ArrayRace(lambda writer, step: writer.add_image(TAG, image, step, dataformats=axes), same_image)
    contest.run(race, f"add_image, 512×512×3 {kind}", calls=1)


def same_curve(ours: Summary.Value, theirs: Summary.Value) -> None:
    np.testing.assert_allclose(make_ndarray(ours.tensor), make_ndarray(theirs.tensor), rtol=1e-6)


def test_add_pr_curve(race: Race) -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 10_000)
    predictions = np.clip(labels * 0.3 + draw.random(10_000) * 0.7, 0, 1)
    contest = ArrayRace(lambda writer, step: writer.add_pr_curve(TAG, labels, predictions, step), same_curve)
    contest.run(race, "add_pr_curve, 10,000", calls=20)
