"""TensorBoard's EventAccumulator on this reader: the same methods and values, decoded natively and when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tickertape import _core
from tickertape.convert import paths
from tickertape.reader import accumulated, damage, log_dirs
from tickertape.reader.accumulated import Mark, Place, Snapshot
from tickertape.reader.accumulator_events import (
    AudioEvent,
    CompressedHistogramEvent,
    HistogramEvent,
    ImageEvent,
    ScalarEvent,
    TensorEvent,
    compressed,
)
from tickertape.reader.reservoir import Reservoir

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

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
_FIELD_OF = {
    SCALARS: accumulated.SIMPLE,
    IMAGES: accumulated.IMAGE,
    HISTOGRAMS: accumulated.HISTO,
    AUDIO: accumulated.AUDIO,
    TENSORS: accumulated.TENSOR,
}


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
        self._snapshot = Snapshot([])

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
        self._snapshot = Snapshot([index for index in found if index.error is None])
        return self

    def Tags(self) -> dict[str, Any]:  # noqa: N802
        """The tags of each kind; whether there is a graph."""
        snapshot = self._snapshot
        return {
            IMAGES: snapshot.tags(accumulated.IMAGE),
            AUDIO: snapshot.tags(accumulated.AUDIO),
            HISTOGRAMS: snapshot.tags(accumulated.HISTO),
            SCALARS: snapshot.tags(accumulated.SIMPLE),
            COMPRESSED_HISTOGRAMS: snapshot.tags(accumulated.HISTO),
            TENSORS: snapshot.tags(accumulated.TENSOR),
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

        def compress(place: Place) -> CompressedHistogramEvent:
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
            known = list(self._snapshot.run_metadata)
            raise ValueError(f"tag: expected one of {known}, got {tag!r}")
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
            raise ValueError(f"path: expected a file with events, got {self.path!r}")
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

    def _items(self, kind: str, tag: str, decode: Callable[[Place], _Event]) -> list[_Event]:
        """What the reservoir of a tag holds. Only that is decoded."""
        field = _FIELD_OF[HISTOGRAMS if kind == COMPRESSED_HISTOGRAMS else kind]
        if tag not in self._snapshot.tags(field):
            raise KeyError(f"Key {tag} was not found in Reservoir")
        reservoir = Reservoir[Place](self._sizes[kind], always_keep_last=kind != COMPRESSED_HISTOGRAMS)
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

    def _purge(self, reservoir: Reservoir[Place], mark: Mark) -> None:
        reservoir.keep([place for place in reservoir.items if self._snapshot.step(place) < mark.step])

    def _newest(self, kind: str, name: str) -> _core.Event:
        places = self._snapshot.events(kind)
        if not places:
            raise ValueError(f"path: expected files with a {name}, got {self.path!r}, which has none")
        return self._snapshot.event(places[-1])


def _message(module: str, name: str, data: bytes) -> Any:
    """A protobuf message of TensorBoard's, or the bytes where tensorboard is not installed."""
    from importlib import import_module  # noqa: PLC0415

    try:
        return getattr(import_module(module), name).FromString(data)
    except ModuleNotFoundError:
        return data
