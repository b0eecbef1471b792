"""The records that EventAccumulator returns, with TensorBoard's names and fields."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickertape import _core


@dataclass(frozen=True)
class ScalarEvent:
    """A scalar."""

    wall_time: float
    step: int
    value: float


@dataclass(frozen=True)
class HistogramValue:
    """A histogram; `bucket_limit` are the right ends of its buckets."""

    min: float
    max: float
    num: float
    sum: float
    sum_squares: float
    bucket_limit: Sequence[float]
    bucket: Sequence[float]


@dataclass(frozen=True)
class HistogramEvent:
    """A histogram of a step."""

    wall_time: float
    step: int
    histogram_value: HistogramValue


@dataclass(frozen=True)
class CompressedHistogramEvent:
    """A histogram as (basis point, value below which so much of it is)."""

    wall_time: float
    step: int
    compressed_histogram_values: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class ImageEvent:
    """An encoded image."""

    wall_time: float
    step: int
    encoded_image_string: bytes
    width: int
    height: int


@dataclass(frozen=True)
class AudioEvent:
    """An encoded sound."""

    wall_time: float
    step: int
    encoded_audio_string: bytes
    content_type: str
    sample_rate: float
    length_frames: int


@dataclass(frozen=True)
class TensorEvent:
    """A tensor; `tensorboard.util.tensor_util.make_ndarray` takes the message."""

    wall_time: float
    step: int
    tensor_proto: _core.TensorProto


def compressed(histogram: HistogramValue, points: Sequence[int]) -> list[tuple[float, float]]:
    """The values below which these parts (in 1/10,000) of a histogram are, as TensorBoard's compressor interpolates them."""
    if not histogram.num:
        return [(point, 0.0) for point in points]
    total = sum(histogram.bucket) or 1.0
    weights = list(accumulate(count * points[-1] / total for count in histogram.bucket))
    values: list[tuple[float, float]] = []
    for point in points:
        bucket = bisect_right(weights, point)
        while bucket < len(weights) and weights[bucket] == (weights[bucket - 1] if bucket else 0.0):
            bucket += 1  # an empty bucket: nothing to interpolate in
        if bucket == len(weights):
            break
        before = weights[bucket - 1] if bucket else 0.0
        left = max(histogram.bucket_limit[bucket - 1], histogram.min) if bucket and before else histogram.min
        right = min(histogram.bucket_limit[bucket], histogram.max)
        values.append((point, left + (point - before) * float(right - left) / (weights[bucket] - before)))
    return values + [(point, histogram.max) for point in points[len(values) :]]
