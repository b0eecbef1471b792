"""The events that EventAccumulator returns, and how they are made of what is in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from tickertape.reader import accumulated
from tickertape.reader.reservoir import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from tickertape import _core
    from tickertape.reader.accumulated import Part, Restarts


class ScalarEvent(NamedTuple):
    """A number."""

    wall_time: float
    step: int
    value: float


class HistogramValue(NamedTuple):
    """A histogram; `bucket_limit` are the right ends of the buckets, `bucket` what is in them."""

    min: float
    max: float
    num: float
    sum: float
    sum_squares: float
    bucket_limit: list[float]
    bucket: list[float]


class HistogramEvent(NamedTuple):
    """A histogram."""

    wall_time: float
    step: int
    histogram_value: HistogramValue


class CompressedHistogramEvent(NamedTuple):
    """A histogram at some points: pairs of a basis point (a hundredth of a percent) and the value there."""

    wall_time: float
    step: int
    compressed_histogram_values: list[tuple[float, float]]


class ImageEvent(NamedTuple):
    """An image, as its file."""

    wall_time: float
    step: int
    encoded_image_string: bytes
    width: int
    height: int


class AudioEvent(NamedTuple):
    """A sound, as its file."""

    wall_time: float
    step: int
    encoded_audio_string: bytes
    content_type: str
    sample_rate: float
    length_frames: int


class TensorEvent(NamedTuple):
    """A tensor; `tensor_proto` is what `tickertape.summary_iterator` has, tensorboard's make_ndarray takes it."""

    wall_time: float
    step: int
    tensor_proto: _core.TensorProto


_E = TypeVar("_E")


class Reservoir(Generic[_E]):
    """What an accumulator keeps of one type of values; Keys() and Items() as TensorBoard's Reservoir has them."""

    def __init__(self, size: int, make: Callable[[float, int, Any], _E], *, keeps_last: bool = True) -> None:
        """`make`: an event of wall time, step and Value; a number in its place makes a ScalarEvent."""
        self.size = size
        self._sampler = Sampler(size, keeps_last=keeps_last)
        self._make = make
        self._files: Sequence[_core.FileIndex] = ()
        self._parts: dict[str, list[Part]] = {}
        self._restarts: Restarts | None = None

    def hold(
        self, files: Sequence[_core.FileIndex], parts: dict[str, list[Part]], restarts: Restarts | None
    ) -> None:
        """Takes the parts of this type by tag; `restarts` None: none concerns this type."""
        self._files, self._parts, self._restarts = files, parts, restarts

    def Keys(self) -> list[str]:  # noqa: N802  # TensorBoard's name
        """The tags, in the order of their first value."""
        return list(self._parts)

    def Items(self, key: str) -> list[_E]:  # noqa: N802  # TensorBoard's name
        """The values of a tag. KeyError if it has none."""
        rows, kept = self.kept(key)
        values: Iterable[Any]
        if rows.parts[0].type == accumulated.SCALARS:
            values = rows.column("value")[kept].tolist()
        else:
            values = accumulated.values(self._files, key, rows, kept)
        return list(map(self._make, rows.wall_time[kept].tolist(), rows.step[kept].tolist(), values))

    def kept(self, key: str) -> tuple[accumulated.Rows, npt.NDArray[np.int64]]:
        """The rows of a tag, and the indices of those that Items() returns. KeyError if it has none."""
        if key not in self._parts:
            raise KeyError(f"Key {key} was not found in Reservoir")
        rows = accumulated.rows_of(self._parts[key])
        purges = self._restarts.of(key) if self._restarts else []
        return rows, self._sampler.kept(rows.at, rows.step, purges)


def histogram(wall_time: float, step: int, value: _core.Value) -> HistogramEvent:
    """The event of a value; the functions below do so for their types."""
    return HistogramEvent(wall_time, step, _histogram(value.histo))


def compressed(
    basis_points: Sequence[float],
) -> Callable[[float, int, _core.Value], CompressedHistogramEvent]:
    """A function like histogram(), for a histogram at some basis points."""

    def make(wall_time: float, step: int, value: _core.Value) -> CompressedHistogramEvent:
        return CompressedHistogramEvent(wall_time, step, _compress(_histogram(value.histo), basis_points))

    return make


def image(wall_time: float, step: int, value: _core.Value) -> ImageEvent:
    """An image."""
    picture = value.image
    return ImageEvent(wall_time, step, picture.encoded_image_string, picture.width, picture.height)


def audio(wall_time: float, step: int, value: _core.Value) -> AudioEvent:
    """A sound."""
    sound = value.audio
    return AudioEvent(
        wall_time,
        step,
        sound.encoded_audio_string,
        sound.content_type,
        sound.sample_rate,
        sound.length_frames,
    )


def tensor(wall_time: float, step: int, value: _core.Value) -> TensorEvent:
    """A tensor."""
    return TensorEvent(wall_time, step, value.tensor)


def _compress(histogram: HistogramValue, basis_points: Sequence[float]) -> list[tuple[float, float]]:
    """A histogram at basis points, as tensorboard/plugins/distribution/compressor.py has them: linear within a bucket."""
    if not histogram.num:
        return [(point, 0.0) for point in basis_points]
    count = min(len(histogram.bucket), len(histogram.bucket_limit))
    bucket = np.array(histogram.bucket[:count])
    limits = histogram.bucket_limit
    with np.errstate(all="ignore"):
        weights = (bucket * basis_points[-1] / (bucket.sum() or 1.0)).cumsum()
    found: list[tuple[float, float]] = []
    for point in basis_points:
        place = int(np.searchsorted(weights, point, side="right"))
        if place == count:
            break
        weight = float(weights[place])
        before = float(weights[place - 1]) if place else 0.0
        left = max(limits[place - 1], histogram.min) if place and before else histogram.min
        right = min(limits[place], histogram.max)
        found.append((point, left + (point - before) * (right - left) / (weight - before)))
    return found + [(point, histogram.max) for point in basis_points[len(found) :]]


def _histogram(histo: _core.HistogramProto) -> HistogramValue:
    return HistogramValue(
        histo.min,
        histo.max,
        histo.num,
        histo.sum,
        histo.sum_squares,
        histo.bucket_limit,
        histo.bucket,
    )
