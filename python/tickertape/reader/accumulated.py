"""What the files of a run hold, as EventAccumulator asks for it: values by tag and field, events decoded on demand."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tickertape import _core
from tickertape.reader.accumulator_events import (
    AudioEvent,
    HistogramEvent,
    HistogramValue,
    ImageEvent,
    ScalarEvent,
    TensorEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Fields of Summary.Value (tensorflow/core/framework/summary.proto)
SIMPLE, IMAGE, HISTO, AUDIO, TENSOR = 2, 4, 5, 6, 8


class Place(NamedTuple):
    """Where a value is, ordered as in the files."""

    file: int
    ordinal: int
    series: int
    row: int


class Mark(NamedTuple):
    """What voids the steps from `step` on of what came before it; of one tag, or of all (None)."""

    file: int
    ordinal: int
    step: int
    tag: str | None


class Snapshot:
    """What a Reload() found: the series of all files by tag, and decoded events on demand."""

    def __init__(self, indexes: Sequence[_core.FileIndex]) -> None:
        self._indexes = indexes
        self._series = [index.series for index in indexes]

    def tags(self, field: int) -> list[str]:
        """The tags that have values in a field, in the order of their first one."""
        return list(self._by_tag.get(field, {}))

    def places(self, field: int, tag: str) -> Iterator[Place]:
        """Where the values of a tag in a field are, in order."""
        for file, numbers in self._by_tag[field][tag].items():
            found: list[Place] = []
            for number in numbers:
                series = self._series[file][number]
                ordinals = series.ordinal.tolist()
                rows: Sequence[int]
                if series.kind == "scalars" and len(series.fields) == 1:
                    rows = range(len(ordinals))
                elif series.kind == "scalars":
                    rows = self._rows_of_field(file, number, field)
                else:
                    rows = (series.field == field).nonzero()[0].tolist()
                found += [Place(file, ordinals[row], number, row) for row in rows]
            yield from sorted(found) if len(numbers) > 1 else found

    def events(self, kind: str) -> list[Place]:
        """Where the values are that are events themselves: graphs and the like."""
        return [
            Place(file, int(series.ordinal[row]), number, row)
            for file, all_series in enumerate(self._series)
            for number, series in enumerate(all_series)
            if series.kind == kind
            for row in range(len(series))
            if series.position[row] < 0
        ]

    @cached_property
    def run_metadata(self) -> dict[str, _core.Event]:
        """The newest run metadata of each tag."""
        return {
            event.tagged_run_metadata.tag: event for event in map(self.event, self.events("run_metadata"))
        }

    @cached_property
    def metadata(self) -> dict[str, bytes]:
        """The first metadata of each tag."""
        found: dict[str, bytes] = {}
        for series in (series for all_series in self._series for series in all_series):
            if series.metadata:
                found.setdefault(series.tag, series.metadata)
        return found

    @cached_property
    def marks(self) -> list[Mark]:
        """Each restart: every SessionLog START once a file version of 2 is known; before, each step that goes back."""
        found: list[Mark] = []
        version = 0.0
        most_recent_step = -1
        for file, index in enumerate(self._indexes):
            version = _version(index.file_version) or version
            if version >= 2:
                found += [Mark(file, ordinal, step, None) for step, _, ordinal in index.starts]
                continue
            for ordinal, step, tag in _events_in_order(self._series[file]):
                if step < most_recent_step:
                    found.append(Mark(file, ordinal, step, tag))
                else:
                    most_recent_step = step
        return found

    def step(self, place: Place) -> int:
        """The step of a value."""
        return int(self._series[place.file][place.series].step[place.row])

    def event(self, place: Place) -> _core.Event:
        """The event that a value is in."""
        series = self._series[place.file][place.series]
        offset, length = int(series.offset[place.row]), int(series.length[place.row])
        return _core.Event(_core.read_record(self._indexes[place.file].path, offset, length))

    def scalar(self, place: Place) -> ScalarEvent:
        """An old-style scalar."""
        series = self._series[place.file][place.series]
        return ScalarEvent(*self._when(place), float(series.value[place.row]))

    def histogram(self, place: Place) -> HistogramEvent:
        """An old-style histogram."""
        histo = self._value(place).histo
        value = HistogramValue(
            histo.min, histo.max, histo.num, histo.sum, histo.sum_squares, histo.bucket_limit, histo.bucket
        )
        return HistogramEvent(*self._when(place), value)

    def image(self, place: Place) -> ImageEvent:
        """An old-style image."""
        image = self._value(place).image
        return ImageEvent(*self._when(place), image.encoded_image_string, image.width, image.height)

    def audio(self, place: Place) -> AudioEvent:
        """An old-style sound."""
        audio = self._value(place).audio
        return AudioEvent(
            *self._when(place),
            audio.encoded_audio_string,
            audio.content_type,
            audio.sample_rate,
            audio.length_frames,
        )

    def tensor(self, place: Place) -> TensorEvent:
        """A tensor; of a new-style scalar, whose place is not kept, by a second pass over its file."""
        series = self._series[place.file][place.series]
        if series.kind == "scalars":
            value = self._scalars_by_ordinal(place.file)[place.ordinal, series.tag]
        else:
            value = self._value(place)
        return TensorEvent(*self._when(place), value.tensor)

    def _when(self, place: Place) -> tuple[float, int]:
        series = self._series[place.file][place.series]
        return float(series.wall_time[place.row]), int(series.step[place.row])

    def _value(self, place: Place) -> _core.Value:
        series = self._series[place.file][place.series]
        return self.event(place).summary.value[int(series.position[place.row])]

    @cached_property
    def _by_tag(self) -> dict[int, dict[str, dict[int, list[int]]]]:
        """Field to tag to file to the numbers of its series."""
        firsts: list[tuple[int, int, int]] = []
        for file, all_series in enumerate(self._series):
            for number, series in enumerate(all_series):
                if len(series):
                    firsts.append((file, int(series.ordinal[0]), number))
        found: dict[int, dict[str, dict[int, list[int]]]] = {}
        for file, _, number in sorted(firsts):
            series = self._series[file][number]
            for field in series.fields:
                found.setdefault(field, {}).setdefault(series.tag, {}).setdefault(file, []).append(number)
        return found

    @cached_property
    def _tensors_of_scalars(self) -> dict[int, dict[tuple[int, str], _core.Value]]:
        return {}

    def _scalars_by_ordinal(self, file: int) -> dict[tuple[int, str], _core.Value]:
        """The new-style scalars of a file by the number of their event and their tag."""
        if file not in self._tensors_of_scalars:
            wanted = {
                series.tag
                for series in self._series[file]
                if series.kind == "scalars" and TENSOR in series.fields
            }
            found: dict[tuple[int, str], _core.Value] = {}
            for ordinal, record in enumerate(_core.RecordReader(self._indexes[file].path)):
                try:
                    event = _core.Event(record)
                except ValueError:
                    continue
                for value in event.summary.value:
                    if value.tag in wanted and value.HasField("tensor"):
                        found[ordinal, value.tag] = value
            self._tensors_of_scalars[file] = found
        return self._tensors_of_scalars[file]

    def _rows_of_field(self, file: int, number: int, field: int) -> list[int]:
        """The rows of a series of old-style and new-style scalars that are in one field."""
        series = self._series[file][number]
        tensors = self._scalars_by_ordinal(file)
        is_tensor = [(ordinal, series.tag) in tensors for ordinal in series.ordinal.tolist()]
        return [row for row, tensor in enumerate(is_tensor) if tensor == (field == TENSOR)]


def _events_in_order(all_series: Sequence[_core.Series]) -> list[tuple[int, int, str]]:
    """(ordinal, step, tag) of each value of a file."""
    return sorted(
        (ordinal, step, series.tag)
        for series in all_series
        for ordinal, step in zip(series.ordinal.tolist(), series.step.tolist(), strict=True)
    )


def _version(text: str | None) -> float:
    """2.0 of "brain.Event:2"; 0 without a version."""
    try:
        return float((text or "").rpartition("brain.Event:")[2])
    except ValueError:
        return 0.0
