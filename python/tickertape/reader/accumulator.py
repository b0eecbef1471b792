"""TensorBoard's EventAccumulator on this reader: the same methods and values, decoded natively and when asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tickertape import _core
from tickertape.convert import paths
from tickertape.reader import damage, log_dirs
from tickertape.reader.accumulator_events import (
    AudioEvent,
    CompressedHistogramEvent,
    HistogramEvent,
    HistogramValue,
    ImageEvent,
    ScalarEvent,
    TensorEvent,
    compressed,
)
from tickertape.reader.reservoir import Reservoir

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

_Event = TypeVar("_Event")

COMPRESSED_HISTOGRAMS = "distributions"
HISTOGRAMS = "histograms"
IMAGES = "images"
AUDIO = "audio"
SCALARS = "scalars"
TENSORS = "tensors"
DEFAULT_SIZE_GUIDANCE = {
    COMPRESSED_HISTOGRAMS: 500,
    IMAGES: 4,
    AUDIO: 4,
    SCALARS: 10_000,
    HISTOGRAMS: 1,
    TENSORS: 10,
}
STORE_EVERYTHING_SIZE_GUIDANCE = dict.fromkeys(DEFAULT_SIZE_GUIDANCE, 0)
NORMAL_HISTOGRAM_BPS = (0, 668, 1587, 3085, 5000, 6915, 8413, 9332, 10_000)
# Fields of Summary.Value (tensorflow/core/framework/summary.proto)
_SIMPLE, _IMAGE, _HISTO, _AUDIO, _TENSOR = 2, 4, 5, 6, 8
_FIELD_OF = {SCALARS: _SIMPLE, IMAGES: _IMAGE, HISTOGRAMS: _HISTO, AUDIO: _AUDIO, TENSORS: _TENSOR}


class _Place(NamedTuple):
    """Where a value is, ordered as in the files."""

    file: int
    ordinal: int
    series: int
    row: int


class _Mark(NamedTuple):
    """What voids the steps from `step` on of what came before it; of one tag, or of all (None)."""

    file: int
    ordinal: int
    step: int
    tag: str | None


class EventAccumulator:
    """The events of a run, with the interface of `tensorboard.backend.event_processing.event_accumulator`.

    Different from TensorBoard's: damage costs what is damaged and not the rest of the file, files are in the order of their
    making, `Graph()`, `MetaGraph()` and `RunMetadata()` return bytes unless tensorboard is installed, and messages are
    tickertape.reader's.

    Args:
        path: an event file, or the directory of a run.
        size_guidance: how many values of a tag are kept, by kind ("scalars", "images", "audio", "histograms",
            "distributions", "tensors"); 0 keeps all. Missing ones: 10,000, 4, 4, 1, 500, 10.
        compression_bps: the points of `CompressedHistograms()`, in 1/10,000.
        purge_orphaned_data: whether a restart voids the steps behind it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size_guidance: Mapping[str, int] | None = None,
        compression_bps: Sequence[int] = NORMAL_HISTOGRAM_BPS,
        purge_orphaned_data: bool = True,
    ) -> None:
        self.path = paths.text(path)
        self.purge_orphaned_data = purge_orphaned_data
        self._sizes = {**DEFAULT_SIZE_GUIDANCE, **(size_guidance or {})}
        self._compression_bps = tuple(compression_bps)
        self._indexes: dict[str, _core.FileIndex] = {}
        self._snapshot = _Snapshot([])

    def Reload(self) -> EventAccumulator:  # noqa: N802  # TensorBoard's names, here and below
        """Reads what is new. Returns this object."""
        if Path(self.path).is_dir():
            files = [str(file) for file in log_dirs.event_files(self.path)]
        else:
            files = [self.path]
        found = _core.scan_files(files, previous=[self._indexes.get(file) for file in files])
        for index in found:
            if index.error is not None and not Path(self.path).is_dir():
                raise index.error
            before = self._indexes.get(index.path)
            told = len(before.problems) if before is not None and before.identity == index.identity else 0
            new = [problem for problem in index.problems[told:] if problem[1]]
            damage.warn(index.path, [problem[:2] for problem in new], [problem[2] for problem in new])
        self._indexes = {index.path: index for index in found}
        self._snapshot = _Snapshot([index for index in found if index.error is None])
        return self

    def Tags(self) -> dict[str, Any]:  # noqa: N802
        """The tags of each kind; whether there is a graph."""
        snapshot = self._snapshot
        return {
            IMAGES: snapshot.tags(_IMAGE),
            AUDIO: snapshot.tags(_AUDIO),
            HISTOGRAMS: snapshot.tags(_HISTO),
            SCALARS: snapshot.tags(_SIMPLE),
            COMPRESSED_HISTOGRAMS: snapshot.tags(_HISTO),
            TENSORS: snapshot.tags(_TENSOR),
            "graph": bool(snapshot.events("graphs")),
            "meta_graph": bool(snapshot.events("meta_graphs")),
            "run_metadata": list(snapshot.run_metadata),
        }

    def Scalars(self, tag: str) -> list[ScalarEvent]:  # noqa: N802
        """The scalars of a tag. Raises KeyError if there are none; so do the next ones."""
        return self._items(SCALARS, tag, self._snapshot.scalar)

    def Histograms(self, tag: str) -> list[HistogramEvent]:  # noqa: N802
        """The histograms of a tag."""
        return self._items(HISTOGRAMS, tag, self._snapshot.histogram)

    def CompressedHistograms(self, tag: str) -> list[CompressedHistogramEvent]:  # noqa: N802
        """The histograms of a tag as values at the points of `compression_bps`."""

        def compress(place: _Place) -> CompressedHistogramEvent:
            event = self._snapshot.histogram(place)
            values = compressed(event.histogram_value, self._compression_bps)
            return CompressedHistogramEvent(event.wall_time, event.step, values)

        return self._items(COMPRESSED_HISTOGRAMS, tag, compress)

    def Images(self, tag: str) -> list[ImageEvent]:  # noqa: N802
        """The images of a tag."""
        return self._items(IMAGES, tag, self._snapshot.image)

    def Audio(self, tag: str) -> list[AudioEvent]:  # noqa: N802
        """The sounds of a tag."""
        return self._items(AUDIO, tag, self._snapshot.audio)

    def Tensors(self, tag: str) -> list[TensorEvent]:  # noqa: N802
        """The tensors of a tag."""
        return self._items(TENSORS, tag, self._snapshot.tensor)

    def Graph(self) -> Any:  # noqa: N802
        """The newest graph: a GraphDef, or its bytes without tensorboard. Raises ValueError without a graph."""
        data = self._newest("graphs", "graph").graph_def
        return _message("tensorboard.compat.proto.graph_pb2", "GraphDef", data)

    def MetaGraph(self) -> Any:  # noqa: N802
        """The newest meta graph, likewise."""
        data = self._newest("meta_graphs", "metagraph").meta_graph_def
        return _message("tensorboard.compat.proto.meta_graph_pb2", "MetaGraphDef", data)

    def RunMetadata(self, tag: str) -> Any:  # noqa: N802
        """The metadata of a session's run, likewise."""
        if tag not in self._snapshot.run_metadata:
            raise ValueError("There is no run metadata with this tag name")
        data = self._snapshot.run_metadata[tag].tagged_run_metadata.run_metadata
        return _message("tensorboard.compat.proto.config_pb2", "RunMetadata", data)

    def FirstEventTimestamp(self) -> float:  # noqa: N802
        """The wall time of the first event. Raises ValueError without events."""
        if not self._indexes:
            self.Reload()
        times = [
            index.first_wall_time for index in self._indexes.values() if index.first_wall_time is not None
        ]
        if not times:
            raise ValueError("No event timestamp could be found")
        return times[0]

    def GetSourceWriter(self) -> str | None:  # noqa: N802
        """Which program wrote the files."""
        if not self._indexes:
            self.Reload()
        writers = [index.source_writer for index in self._indexes.values() if index.source_writer]
        return writers[-1] if writers else None

    def SummaryMetadata(self, tag: str) -> _core.SummaryMetadata:  # noqa: N802
        """The first metadata of a tag. Raises KeyError if it has none."""
        return _core.SummaryMetadata(self._snapshot.metadata[tag])

    def PluginTagToContent(self, plugin_name: str) -> dict[str, bytes]:  # noqa: N802
        """The plugin's data of each tag that belongs to it. Raises KeyError if none does."""
        metadata = {tag: self.SummaryMetadata(tag).plugin_data for tag in self._snapshot.metadata}
        found = {tag: data.content for tag, data in metadata.items() if data.plugin_name == plugin_name}
        if not found or not plugin_name:
            raise KeyError(f"Plugin {plugin_name!r} could not be found.")
        return found

    def _items(self, kind: str, tag: str, decode: Callable[[_Place], _Event]) -> list[_Event]:
        """What the reservoir of a tag holds. Only that is decoded."""
        field = _FIELD_OF[HISTOGRAMS if kind == COMPRESSED_HISTOGRAMS else kind]
        if tag not in self._snapshot.tags(field):
            raise KeyError(f"Key {tag} was not found in Reservoir")
        reservoir = Reservoir[_Place](self._sizes[kind], always_keep_last=kind != COMPRESSED_HISTOGRAMS)
        # TensorBoard's accumulator does not purge tensors
        marks = self._snapshot.marks if self.purge_orphaned_data and kind != TENSORS else ()
        waiting = iter(mark for mark in marks if mark.tag in (None, tag))
        mark = next(waiting, None)
        for place in self._snapshot.places(field, tag):
            while mark is not None and mark[:2] <= place[:2]:
                self._purge(reservoir, mark)
                mark = next(waiting, None)
            reservoir.add(place)
        while mark is not None:
            self._purge(reservoir, mark)
            mark = next(waiting, None)
        return [decode(place) for place in reservoir.items]

    def _purge(self, reservoir: Reservoir[_Place], mark: _Mark) -> None:
        reservoir.keep([place for place in reservoir.items if self._snapshot.step(place) < mark.step])

    def _newest(self, kind: str, name: str) -> _core.Event:
        places = self._snapshot.events(kind)
        if not places:
            raise ValueError(f"There is no {name} in this EventAccumulator")
        return self._snapshot.event(places[-1])


class _Snapshot:
    """What a Reload() found: the series of all files by tag, and decoded events on demand."""

    def __init__(self, indexes: Sequence[_core.FileIndex]) -> None:
        self._indexes = indexes
        self._series = [index.series for index in indexes]

    def tags(self, field: int) -> list[str]:
        """The tags that have values in a field, in the order of their first one."""
        return list(self._by_tag.get(field, {}))

    def places(self, field: int, tag: str) -> Iterator[_Place]:
        """Where the values of a tag in a field are, in order."""
        for file, numbers in self._by_tag[field][tag].items():
            found: list[_Place] = []
            for number in numbers:
                series = self._series[file][number]
                ordinals = series.ordinal.tolist()
                if series.kind == "scalars" and len(series.fields) == 1:
                    rows = range(len(ordinals))
                elif series.kind == "scalars":
                    rows = self._rows_of_field(file, number, field)
                else:
                    rows = (series.field == field).nonzero()[0].tolist()
                found += [_Place(file, ordinals[row], number, row) for row in rows]
            yield from sorted(found) if len(numbers) > 1 else found

    def events(self, kind: str) -> list[_Place]:
        """Where the values are that are events themselves: graphs and the like."""
        return [
            _Place(file, int(series.ordinal[row]), number, row)
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
    def marks(self) -> list[_Mark]:
        """Each restart: every SessionLog START once a file version of 2 is known; before, each step that goes back."""
        found: list[_Mark] = []
        version = 0.0
        most_recent_step = -1
        for file, index in enumerate(self._indexes):
            version = _version(index.file_version) or version
            if version >= 2:
                found += [_Mark(file, ordinal, step, None) for step, _, ordinal in index.starts]
                continue
            for ordinal, step, tag in _events_in_order(self._series[file]):
                if step < most_recent_step:
                    found.append(_Mark(file, ordinal, step, tag))
                else:
                    most_recent_step = step
        return found

    def step(self, place: _Place) -> int:
        """The step of a value."""
        return int(self._series[place.file][place.series].step[place.row])

    def event(self, place: _Place) -> _core.Event:
        """The event that a value is in."""
        series = self._series[place.file][place.series]
        offset, length = int(series.offset[place.row]), int(series.length[place.row])
        return _core.Event(_core.read_record(self._indexes[place.file].path, offset, length))

    def scalar(self, place: _Place) -> ScalarEvent:
        """An old-style scalar."""
        series = self._series[place.file][place.series]
        return ScalarEvent(*self._when(place), float(series.value[place.row]))

    def histogram(self, place: _Place) -> HistogramEvent:
        """An old-style histogram."""
        histo = self._value(place).histo
        value = HistogramValue(
            histo.min, histo.max, histo.num, histo.sum, histo.sum_squares, histo.bucket_limit, histo.bucket
        )
        return HistogramEvent(*self._when(place), value)

    def image(self, place: _Place) -> ImageEvent:
        """An old-style image."""
        image = self._value(place).image
        return ImageEvent(*self._when(place), image.encoded_image_string, image.width, image.height)

    def audio(self, place: _Place) -> AudioEvent:
        """An old-style sound."""
        audio = self._value(place).audio
        return AudioEvent(
            *self._when(place),
            audio.encoded_audio_string,
            audio.content_type,
            audio.sample_rate,
            audio.length_frames,
        )

    def tensor(self, place: _Place) -> TensorEvent:
        """A tensor; of a new-style scalar, whose place is not kept, by a second pass over its file."""
        series = self._series[place.file][place.series]
        if series.kind == "scalars":
            value = self._scalars_by_ordinal(place.file)[place.ordinal, series.tag]
        else:
            value = self._value(place)
        return TensorEvent(*self._when(place), value.tensor)

    def _when(self, place: _Place) -> tuple[float, int]:
        series = self._series[place.file][place.series]
        return float(series.wall_time[place.row]), int(series.step[place.row])

    def _value(self, place: _Place) -> _core.Value:
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
                if series.kind == "scalars" and _TENSOR in series.fields
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
        return [row for row, tensor in enumerate(is_tensor) if tensor == (field == _TENSOR)]


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


def _message(module: str, name: str, data: bytes) -> Any:
    """A protobuf message of TensorBoard's, or the bytes where tensorboard is not installed."""
    from importlib import import_module  # noqa: PLC0415

    try:
        return getattr(import_module(module), name).FromString(data)
    except ModuleNotFoundError:
        return data
