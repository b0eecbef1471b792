"""EventAccumulator: TensorBoard's class of this name over the native index, with the same answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import check, paths
from tickertape.reader import accumulated, accumulator_events, event_names, log_dirs, scan, wire
from tickertape.reader.accumulated import AUDIO, DISTRIBUTIONS, HISTOGRAMS, IMAGES, SCALARS, TENSORS
from tickertape.reader.accumulator_events import (
    AudioEvent,
    CompressedHistogramEvent,
    HistogramEvent,
    HistogramValue,
    ImageEvent,
    Reservoir,
    ScalarEvent,
    TensorEvent,
)
from tickertape.reader.compressed import Unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickertape.reader.scan import ScannedFile

__all__ = [
    "AUDIO",
    "COMPRESSED_HISTOGRAMS",
    "DEFAULT_SIZE_GUIDANCE",
    "GRAPH",
    "HISTOGRAMS",
    "IMAGES",
    "META_GRAPH",
    "NORMAL_HISTOGRAM_BPS",
    "RUN_METADATA",
    "SCALARS",
    "STORE_EVERYTHING_SIZE_GUIDANCE",
    "TENSORS",
    "AudioEvent",
    "CompressedHistogramEvent",
    "EventAccumulator",
    "HistogramEvent",
    "HistogramValue",
    "ImageEvent",
    "ScalarEvent",
    "TensorEvent",
]

COMPRESSED_HISTOGRAMS = DISTRIBUTIONS
GRAPH = "graph"
META_GRAPH = "meta_graph"
RUN_METADATA = "run_metadata"
NORMAL_HISTOGRAM_BPS = (0, 668, 1587, 3085, 5000, 6915, 8413, 9332, 10000)
DEFAULT_SIZE_GUIDANCE = {
    COMPRESSED_HISTOGRAMS: 500,
    IMAGES: 4,
    AUDIO: 4,
    SCALARS: 10000,
    HISTOGRAMS: 1,
    TENSORS: 10,
}
STORE_EVERYTHING_SIZE_GUIDANCE = dict.fromkeys(DEFAULT_SIZE_GUIDANCE, 0)
_LONGEST_WRITER = 128  # characters; tensorboard/backend/event_processing/event_util.py


class EventAccumulator:
    """The values of one run by tag, as `tensorboard.backend.event_processing.event_accumulator` has them.

    Constructor, methods and results are TensorBoard's, sampling included, and the attributes `scalars`, `histograms`,
    `compressed_histograms`, `images`, `audios` and `tensors` have its Keys() and Items(). What differs:

    - Events are named tuples (`wall_time, step, ...`), as they once were in TensorBoard.
    - Only scalars are in memory; other values are read from their file when you ask for them.
    - Only damaged events are lost; one DamageWarning for each such file says what was skipped.
    - The files of a run are read in the order in which they were made, also a file that still grows beside a newer one.

    Args:
        path: the directory of a run (directories in it are other runs) or an event file. `.gz` and `.zst` files are unpacked.
        size_guidance: how many values of each tag are kept: type ("scalars", "histograms", "distributions", "images",
            "audio", "tensors") to number, 0 for all; DEFAULT_SIZE_GUIDANCE for types it does not name.
        compression_bps: the basis points of CompressedHistograms.
        purge_orphaned_data: whether a restart of the run voids what it had at the restart's step and behind.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size_guidance: Mapping[str, int] | None = None,
        compression_bps: Sequence[float] = NORMAL_HISTOGRAM_BPS,
        purge_orphaned_data: bool = True,
    ) -> None:
        self.path = paths.text(path)
        if not self.path:
            raise ValueError("path: expected the path of a run or an event file, got ''")
        sizes = _sizes(size_guidance)
        points = _basis_points(compression_bps)
        self.purge_orphaned_data = purge_orphaned_data
        self.most_recent_step = -1
        self.most_recent_wall_time: float = -1
        self.file_version: float | None = None
        self.summary_metadata: dict[str, _core.SummaryMetadata] = {}
        self.scalars = Reservoir(sizes[SCALARS], ScalarEvent)
        self.histograms = Reservoir(sizes[HISTOGRAMS], accumulator_events.histogram)
        self.compressed_histograms = Reservoir(
            sizes[COMPRESSED_HISTOGRAMS],
            accumulator_events.compressed(points),
            keeps_last=False,
        )
        self.images = Reservoir(sizes[IMAGES], accumulator_events.image)
        self.audios = Reservoir(sizes[AUDIO], accumulator_events.audio)
        self.tensors = Reservoir(sizes[TENSORS], accumulator_events.tensor)
        self._mutex = threading.Lock()
        self._unpacked = Unpacked()
        self._files: dict[str, ScannedFile] = {}
        self._warned: set[str] = set()
        self._events: dict[str, dict[str, list[_core.Event]]] = {}
        self._run_metadata: dict[str, bytes] = {}
        self._graph: bytes | None = None
        self._meta_graph: bytes | None = None

    def Reload(self) -> EventAccumulator:  # noqa: N802  # TensorBoard's name, as all below
        """Reads what is new since the last call.

        Raises:
            FileNotFoundError: there is no such directory or file.
        """
        with self._mutex:
            found, is_file = self._find_files()
            scanned = scan.scan_files(found, self._unpacked, self._files)
            for file in scanned:
                if file.index is not None or file.path not in self._files:
                    self._files[file.path] = file
            in_order = sorted(self._files, key=lambda name: event_names.order(os.path.basename(name)))  # noqa: PTH119
            self._hold([self._files[name] for name in in_order])
        if is_file and scanned[0].error is not None:
            raise scanned[0].error
        for file in scanned:
            if file.problems and file.path not in self._warned:
                self._warned.add(file.path)
                scan.warn_of_damage(file)
        return self

    def hold(self, files: Sequence[ScannedFile]) -> None:
        """Instead of Reload(): takes files that somebody else has scanned, in the order of the run."""
        with self._mutex:
            self._hold(files)

    def Tags(self) -> dict[str, Any]:  # noqa: N802
        """Type to its tags; for "graph" and "meta_graph" whether the run has one."""
        return {
            IMAGES: self.images.Keys(),
            AUDIO: self.audios.Keys(),
            HISTOGRAMS: self.histograms.Keys(),
            SCALARS: self.scalars.Keys(),
            COMPRESSED_HISTOGRAMS: self.compressed_histograms.Keys(),
            TENSORS: self.tensors.Keys(),
            GRAPH: self._graph is not None,
            META_GRAPH: self._meta_graph is not None,
            RUN_METADATA: list(self._run_metadata),
        }

    def Scalars(self, tag: str) -> list[ScalarEvent]:  # noqa: N802
        """The numbers of a tag (old style only, as TensorBoard: new-style ones are tensors). KeyError: no such tag."""
        return self.scalars.Items(tag)

    def Histograms(self, tag: str) -> list[HistogramEvent]:  # noqa: N802
        """The old-style histograms of a tag. KeyError: no such tag."""
        return self.histograms.Items(tag)

    def CompressedHistograms(self, tag: str) -> list[CompressedHistogramEvent]:  # noqa: N802
        """The old-style histograms of a tag at `compression_bps`. KeyError: no such tag."""
        return self.compressed_histograms.Items(tag)

    def Images(self, tag: str) -> list[ImageEvent]:  # noqa: N802
        """The old-style images of a tag. KeyError: no such tag."""
        return self.images.Items(tag)

    def Audio(self, tag: str) -> list[AudioEvent]:  # noqa: N802
        """The old-style sounds of a tag. KeyError: no such tag."""
        return self.audios.Items(tag)

    def Tensors(self, tag: str) -> list[TensorEvent]:  # noqa: N802
        """The tensors of a tag, everything of new style among them. KeyError: no such tag."""
        return self.tensors.Items(tag)

    def Graph(self) -> Any:  # noqa: N802
        """The run's graph as TensorBoard's or TensorFlow's GraphDef, of the metagraph if there is no other.

        Raises:
            ValueError: the run has no graph.
            ModuleNotFoundError: neither of the two is installed; SerializedGraph() needs none.
        """
        if self._graph is None:
            raise ValueError("Graph: expected a run with a graph, got one without")
        return _message("GraphDef", self._graph)

    def SerializedGraph(self) -> bytes | None:  # noqa: N802
        """The bytes of the run's GraphDef; None without one."""
        return self._graph

    def MetaGraph(self) -> Any:  # noqa: N802
        """The run's MetaGraphDef. ValueError: it has none; ModuleNotFoundError as Graph()."""
        if self._meta_graph is None:
            raise ValueError("MetaGraph: expected a run with a metagraph, got one without")
        return _message("MetaGraphDef", self._meta_graph)

    def RunMetadata(self, tag: str) -> Any:  # noqa: N802
        """A RunMetadata. ValueError: no such tag; ModuleNotFoundError as Graph()."""
        if tag not in self._run_metadata:
            raise ValueError(f"tag: expected one that has run metadata, got {tag!r}")
        return _message("RunMetadata", self._run_metadata[tag])

    def FirstEventTimestamp(self) -> float:  # noqa: N802
        """The wall time of the run's first event, also before Reload(). ValueError: there is no event."""
        for file in self._files.values():
            if file.index is not None and file.index.first_wall_time is not None:
                return file.index.first_wall_time
        event = self._first_event()
        if event is None:
            raise ValueError(f"path: expected a run with events, got none in {self.path!r}")
        return event.wall_time

    def GetSourceWriter(self) -> str | None:  # noqa: N802
        """The name of what wrote the run; before Reload() only if the first event says so."""
        for file in reversed(self._files.values()):
            if file.index is not None and file.index.source_writer is not None:
                return _writer_name(file.index.source_writer)
        event = None if self._files else self._first_event()
        return None if event is None else _writer_name(event.source_metadata.writer)

    def PluginTagToContent(self, plugin_name: str) -> dict[str, bytes]:  # noqa: N802
        """Tag to what a plugin stored with its first value. KeyError: no tag of this plugin."""
        found = {
            tag: metadata.plugin_data.content
            for tag, metadata in self.summary_metadata.items()
            if metadata.plugin_data.plugin_name == plugin_name
        }
        if not found or not plugin_name:
            raise KeyError(f"Plugin {plugin_name!r} could not be found.")
        return found

    def ActivePlugins(self) -> set[str]:  # noqa: N802
        """The plugins of all tags."""
        names = {metadata.plugin_data.plugin_name for metadata in self.summary_metadata.values()}
        return names - {""}

    def SummaryMetadata(self, tag: str) -> _core.SummaryMetadata:  # noqa: N802
        """The metadata of a tag's first value that has some. KeyError: none has."""
        return self.summary_metadata[tag]

    def AllSummaryMetadata(self) -> dict[str, _core.SummaryMetadata]:  # noqa: N802
        """Tag to its SummaryMetadata."""
        return dict(self.summary_metadata)

    def PluginAssets(self, plugin_name: str) -> list[str]:  # noqa: N802
        """The names of the files that a plugin has beside the run."""
        folder = Path(self.path, "plugins", plugin_name)
        return sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208  # str, as TensorBoard

    def RetrievePluginAsset(self, plugin_name: str, asset_name: str) -> str:  # noqa: N802
        """The text of such a file. KeyError: there is none."""
        asset = Path(self.path, "plugins", plugin_name, asset_name)
        try:
            return asset.read_text("utf-8")
        except OSError as error:
            raise KeyError(f"Asset path {asset} not found") from error

    def _find_files(self) -> tuple[list[str], bool]:
        """The event files, and whether `path` names one."""
        path = log_dirs.in_slices(self.path)
        if os.path.isdir(path):  # noqa: PTH112  # names need not be UTF-8
            return [str(file) for file in log_dirs.event_files(path)], False
        if path == self.path:
            os.stat(path)  # noqa: PTH116  # raises FileNotFoundError with the path
        return [path], True

    def _first_event(self) -> _core.Event | None:
        for name in self._find_files()[0]:
            for record in _core.RecordReader(self._unpacked.readable(name)[0]):
                return _core.Event(record)
        return None

    def _hold(self, scanned: Sequence[ScannedFile]) -> None:
        files = [file.index for file in scanned if file.index is not None]
        restarts = accumulated.Restarts(files, purges=bool(self.purge_orphaned_data))
        self.file_version = restarts.file_version
        self.most_recent_step = restarts.most_recent_step
        self.most_recent_wall_time = restarts.most_recent_wall_time
        parts = accumulated.parts_by_tag(files)
        for reservoir, name in (
            (self.scalars, SCALARS),
            (self.histograms, HISTOGRAMS),
            (self.compressed_histograms, HISTOGRAMS),
            (self.images, IMAGES),
            (self.audios, AUDIO),
        ):
            reservoir.hold(files, parts[name], restarts)
        self.tensors.hold(files, parts[TENSORS], None)  # TensorBoard purges no tensors
        self.summary_metadata = _metadata(files)
        self._take_graphs(files)

    def _take_graphs(self, files: Sequence[_core.FileIndex]) -> None:
        graphs = _last_event(files, "graphs")
        meta_graphs = _last_event(files, "meta_graphs")
        self._meta_graph = None if meta_graphs is None else meta_graphs.meta_graph_def
        if graphs is not None:
            self._graph = graphs.graph_def
        elif self._meta_graph is not None:
            self._graph = wire.message(wire.fields(self._meta_graph), 2)  # MetaGraphDef.graph_def
        self._run_metadata = {
            series.tag: _event(file, series, len(series) - 1).tagged_run_metadata.run_metadata
            for file in files
            for series in file.series
            if series.kind == "run_metadata"
        }


def _sizes(size_guidance: Mapping[str, int] | None) -> dict[str, int]:
    if not isinstance(size_guidance, Mapping | None):
        raise TypeError(
            f"size_guidance: expected a dict of type to number, got {check.type_name(size_guidance)}"
        )
    sizes = {**DEFAULT_SIZE_GUIDANCE, **(size_guidance or {})}
    for name in DEFAULT_SIZE_GUIDANCE:
        size = check.real(sizes[name], "size_guidance")
        if not size.is_integer() or size < 0:
            raise ValueError(f"size_guidance: expected whole numbers from 0, got {size} for {name!r}")
        sizes[name] = int(size)
    return sizes


def _basis_points(points: Sequence[float]) -> tuple[float, ...]:
    if isinstance(points, str | bytes) or not isinstance(points, Iterable):
        raise TypeError(f"compression_bps: expected a list of numbers, got {check.type_name(points)}")
    found = tuple(points)
    if not found:
        raise ValueError("compression_bps: expected at least one number, got none")
    for point in found:
        check.real(point, "compression_bps")
    return found


def _metadata(files: Sequence[_core.FileIndex]) -> dict[str, _core.SummaryMetadata]:
    """Tag to the first metadata that a file has of it."""
    found: dict[str, _core.SummaryMetadata] = {}
    for file in files:
        for series in file.series:
            if series.has_metadata and series.tag not in found:
                found[series.tag] = _core.SummaryMetadata(series.metadata)
    return found


def _last_event(files: Sequence[_core.FileIndex], kind: str) -> _core.Event | None:
    """The last event of a kind that is no value of a summary."""
    for file in reversed(files):
        for series in file.series:
            if series.kind == kind:
                rows = (series.position < 0).nonzero()[0]
                if len(rows):
                    return _event(file, series, int(rows[-1]))
    return None


def _event(file: _core.FileIndex, series: _core.Series, row: int) -> _core.Event:
    return _core.Event(_core.read_record(file.path, int(series.offset[row]), int(series.length[row])))


def _writer_name(text: str) -> str | None:
    return text if 0 < len(text) <= _LONGEST_WRITER else None


_HOMES = {
    "GraphDef": ("graph_pb2", "framework"),
    "MetaGraphDef": ("meta_graph_pb2", "protobuf"),
    "RunMetadata": ("config_pb2", "protobuf"),
}


def _message(name: str, data: bytes) -> Any:
    """A protobuf message of TensorBoard's or TensorFlow's class."""
    module, package = _HOMES[name]
    for place in (f"tensorboard.compat.proto.{module}", f"tensorflow.core.{package}.{module}"):
        try:
            found = import_module(place)
        except ModuleNotFoundError:
            continue
        return getattr(found, name).FromString(data)
    raise ModuleNotFoundError(
        f"{name}: expected tensorboard or tensorflow to be installed; pip install tensorboard"
    )
