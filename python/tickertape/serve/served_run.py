"""A run as TensorBoard shows it: tags with their plugin, their class of data, and the values that count."""

from __future__ import annotations

import logging
import math
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tickertape import _core
from tickertape.reader import scan
from tickertape.reader.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tickertape.reader.scan import Piece, ScannedFile

_LOG = logging.getLogger("tickertape.serve")
SCALAR, TENSOR, BLOB_SEQUENCE = 1, 2, 3  # DataClass of tensorboard/compat/proto/summary.proto
_RUN_GRAPH = "__run_graph__"  # tensorboard/plugins/graph/metadata.py
_RUN_METADATA = "graph_tagged_run_metadata"
_HIDDEN_KINDS = {"meta_graphs", "log_messages"}  # which no plugin asks a data provider for
_SIMPLE_VALUE, _IMAGE, _HISTO, _AUDIO = 2, 4, 5, 6  # fields of Summary.Value
_ONE_BLOB_FIELDS = {0, _AUDIO}  # events themselves (graphs, run metadata) and old-style sounds
_IMAGE_BLOBS = 3  # an old-style image becomes width, height and the file
# The class of data of values that do not name one: tensorboard/dataclass_compat.py.
_CLASSES = {
    "scalars": SCALAR,
    "histograms": TENSOR,
    "text": TENSOR,
    "hparams": TENSOR,
    "pr_curves": TENSOR,
    "mesh": TENSOR,
    "custom_scalars": TENSOR,
    "images": BLOB_SEQUENCE,
    "audio": BLOB_SEQUENCE,
    "graphs": BLOB_SEQUENCE,
    _RUN_METADATA: BLOB_SEQUENCE,
    "graph_run_metadata": BLOB_SEQUENCE,
    "graph_run_metadata_graph": BLOB_SEQUENCE,
    "graph_keras_model": BLOB_SEQUENCE,
}
# Plugin and content of its data that tensorboard/data_compat.py gives old-style values.
_OLD_STYLE = {
    _SIMPLE_VALUE: ("scalars", b""),
    _HISTO: ("histograms", b""),
    _IMAGE: ("images", b"\x10\x01"),  # ImagePluginData.converted_to_tensor
    _AUDIO: ("audio", b"\x10\x0b\x18\x01"),  # AudioPluginData: encoding WAV, converted_to_tensor
}


class Description(NamedTuple):
    """What TensorBoard knows of a tag from its first metadata.

    Attributes:
        plugin: the plugin's name.
        data_class: SCALAR, TENSOR, BLOB_SEQUENCE; 0 if nobody can ask for it.
        initial: the SummaryMetadata as the file, or the conversion of old-style values, has it.
        metadata: the same with its class of data, as clients get it.
    """

    plugin: str
    data_class: int
    initial: bytes
    metadata: bytes


def blobs_of_field(field: int) -> int | None:
    """How many blobs a value is, by the field of Summary.Value that holds it; None: its content says it."""
    if field in _ONE_BLOB_FIELDS:
        return 1
    return _IMAGE_BLOBS if field == _IMAGE else None


class ServedTag:
    """A tag of a run: what it is, and its values that count.

    Attributes:
        blob_counts: how many blobs a row has, of rows that were looked at: by number of the piece and row of its series.
    """

    def __init__(self, name: str, description: Description, entry: Entry) -> None:
        self.name = name
        self.description = description
        self.entry = entry
        self.blob_counts: dict[tuple[int, int], int] = {}

    @property
    def blobs_of_all(self) -> int | None:
        """How many blobs each of its values is, if their fields say the same of all; otherwise None."""
        fields = {field for piece in self.entry.pieces for field in piece.series.fields}
        counts = {blobs_of_field(field) for field in fields}
        return counts.pop() if len(counts) == 1 else None

    @cached_property
    def latest(self) -> tuple[int, float]:
        """The greatest step and the greatest wall time; zeros without values."""
        pieces = self.entry.pieces
        if pieces:
            return _core.latest([piece.series for piece in pieces], [piece.live for piece in pieces])
        if not len(self.entry):
            return 0, 0.0
        return int(self.entry.column("step").max()), float(self.entry.column("wall_time").max())


class ServedRun:
    """One run, as it was when it was read. Tags are found when they are first asked for."""

    def __init__(self, name: str, files: Sequence[ScannedFile]) -> None:
        self.name = name
        self.files = tuple(files)

    @cached_property
    def start_time(self) -> float:
        """Of the first event; infinite without one, as TensorBoard sorts such runs last."""
        times = (file.index.first_wall_time for file in self.files if file.index is not None)
        return next((time for time in times if time is not None), math.inf)

    @cached_property
    def tags(self) -> dict[str, ServedTag]:
        """Every tag that has metadata."""
        numbers = {id(file): number for number, file in enumerate(self.files)}
        by_tag: dict[str, list[Piece]] = {}
        for (kind, tag), pieces in scan.pieces(self.files, "as-tensorboard").items():
            if kind not in _HIDDEN_KINDS:
                by_tag.setdefault(_RUN_GRAPH if kind == "graphs" else tag, []).extend(pieces)
        found = {}
        for tag, pieces in by_tag.items():
            if len(pieces) > 1:
                pieces.sort(key=lambda piece: (numbers[id(piece.file)], piece.series.first_ordinal))
            description = _description(tag, pieces)
            if description is not None:
                found[tag] = ServedTag(tag, description, _entry(self.name, tag, description, pieces))
        return found

    @cached_property
    def by_plugin(self) -> dict[tuple[str, int], dict[str, ServedTag]]:
        """The tags of each plugin and class of data."""
        found: dict[tuple[str, int], dict[str, ServedTag]] = {}
        for tag in self.tags.values():
            found.setdefault(tag.description[:2], {})[tag.name] = tag
        return found


def say_if_many(runs: Mapping[str, ServedRun]) -> None:
    """Logs that a run has the files of several ranks, whose points are shown as one curve."""
    for run in runs.values():
        ranks = len(scan.by_rank(run.files))
        if ranks > 1:
            _LOG.warning(
                "%s: %d ranks wrote this run, and their points are shown as one curve; `--merge-ranks` of tickertape "
                "view and serve shows their mean, least and greatest",
                run.name,
                ranks,
            )
            return


def _entry(run: str, tag: str, description: Description, pieces: Iterable[Piece]) -> Entry:
    """The pieces that are of the class of data: numbers for scalars, if there are any; otherwise places."""
    numbers = [piece for piece in pieces if piece.series.kind == "scalars"]
    places = [piece for piece in pieces if piece.series.kind != "scalars"]
    return Entry(run, tag, numbers if numbers and description.data_class == SCALAR else places)


def _description(tag: str, pieces: Iterable[Piece]) -> Description | None:
    """By the first value that has metadata, as old-style values have in TensorBoard."""
    for piece in pieces:
        series = piece.series
        if series.kind == "graphs":
            return _made("graphs", b"", "", "")
        if series.kind == "run_metadata":
            return _made(_RUN_METADATA, b"", "", "")
        field = _first_field(piece)
        if field in _OLD_STYLE:
            return _of_old_style(field, tag, series.metadata)
        if series.metadata:
            return _of_metadata(series.metadata)
    return None


def _first_field(piece: Piece) -> int:
    """The field of Summary.Value that holds the first value."""
    series = piece.series
    if series.kind != "scalars":
        return series.first_field
    # Both styles in one series: a tensor has metadata, and an old-style value seldom has.
    return (
        _SIMPLE_VALUE
        if _SIMPLE_VALUE in series.fields and not (series.metadata and len(series.fields) > 1)
        else 8
    )


@lru_cache(maxsize=1 << 14)
def _of_old_style(field: int, tag: str, metadata: bytes) -> Description:
    from tickertape.serve.protos import summary_pb2  # noqa: PLC0415  # a scan begins before this is imported

    given = summary_pb2.SummaryMetadata.FromString(metadata)
    plugin, content = _OLD_STYLE[field]
    return _made(plugin, content, given.display_name or tag, given.summary_description)


@lru_cache(maxsize=1 << 14)
def _of_metadata(metadata: bytes) -> Description:
    from tickertape.serve.protos import summary_pb2  # noqa: PLC0415  # as above

    full = summary_pb2.SummaryMetadata.FromString(metadata)
    plugin = full.plugin_data.plugin_name
    full.data_class = full.data_class or _CLASSES.get(plugin, 0)
    return Description(plugin, full.data_class, metadata, full.SerializeToString())


def _made(plugin: str, content: bytes, display_name: str, description: str) -> Description:
    from tickertape.serve.protos import summary_pb2  # noqa: PLC0415  # as above

    made = summary_pb2.SummaryMetadata(display_name=display_name, summary_description=description)
    made.plugin_data.plugin_name = plugin
    made.plugin_data.content = content
    return _of_metadata(made.SerializeToString())
