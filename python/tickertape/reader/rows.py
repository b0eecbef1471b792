"""One value of a tag: where it lies and what it holds, decoded when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tickertape import _core
from tickertape.reader import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt


class Row:
    """One value.

    Attributes:
        run, tag: whose.
        step, wall_time: of its event.
        file, offset, length: where its record is, and the size of the record's data.
    """

    columns: ClassVar[
        Mapping[str, str]
    ] = {}  # columns besides run, tag, step and wall_time: name to Arrow format

    def __init__(
        self,
        run: str,
        tag: str,
        step: int,
        wall_time: float,
        file: str,
        place: tuple[str, int, int, int],
        metadata: bytes,
    ) -> None:
        self.run = run
        self.tag = tag
        self.step = step
        self.wall_time = wall_time
        self.file = file
        self._readable, self.offset, self.length, self._position = place
        self._metadata = metadata

    def __repr__(self) -> str:
        return f"{type(self).__name__}(run={self.run!r}, tag={self.tag!r}, step={self.step})"

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return []

    @cached_property
    def event(self) -> _core.Event:
        """The event, as summary_iterator yields it. Raises ValueError, OSError if it is not there any more."""
        return _core.Event(_core.read_record(self._readable, self.offset, self.length))

    @cached_property
    def value(self) -> _core.Value:
        """The value of the event's summary."""
        return self.event.summary.value[self._position]

    @cached_property
    def metadata(self) -> _core.SummaryMetadata:
        """What the tag's first value says of it: plugin, display name, description."""
        return _core.SummaryMetadata(self._metadata)


class HistogramRow(Row):
    """A histogram: `min, max, num, sum, sum_squares, limits, counts`.

    `limits` are the right ends of the buckets, `counts` what is in them. A new-style histogram does not say `sum` and
    `sum_squares`: NaN.
    """

    columns: ClassVar[Mapping[str, str]] = {
        "min": "g",
        "max": "g",
        "num": "g",
        "sum": "g",
        "sum_squares": "g",
        "limits": "+Lg",
        "counts": "+Lg",
    }

    @cached_property
    def _histogram(self) -> decode.Histogram:
        return decode.histogram(self.value)

    @property
    def min(self) -> float:
        """The least value."""
        return self._histogram.min

    @property
    def max(self) -> float:
        """The greatest value."""
        return self._histogram.max

    @property
    def num(self) -> float:
        """How many values."""
        return self._histogram.num

    @property
    def sum(self) -> float:
        """Their sum."""
        return self._histogram.sum

    @property
    def sum_squares(self) -> float:
        """The sum of their squares."""
        return self._histogram.sum_squares

    @property
    def limits(self) -> npt.NDArray[np.float64]:
        """[buckets]: right ends."""
        return self._histogram.limits

    @property
    def counts(self) -> npt.NDArray[np.float64]:
        """[buckets]: how many values."""
        return self._histogram.counts

    @property
    def array(self) -> npt.NDArray[np.float64]:
        """[buckets, 3]: left end, right end and count, as TensorBoard's histogram plugin has them."""
        return self._histogram.triples()

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(".npy", decode.npy(self.array))]


class ImageRow(Row):
    """An image: `width, height, encoded`, the last a list of files (PNG, JPEG, WebP, GIF), one for each image of the value."""

    columns: ClassVar[Mapping[str, str]] = {"width": "l", "height": "l", "encoded": "+LZ"}

    @cached_property
    def _images(self) -> decode.Images:
        return decode.images(self.value)

    @property
    def width(self) -> int:
        """In pixels, as the event says."""
        return self._images.width

    @property
    def height(self) -> int:
        """In pixels, as the event says."""
        return self._images.height

    @property
    def encoded(self) -> list[bytes]:
        """The files; one, except where tf.summary.image stored several."""
        return self._images.encoded

    @property
    def array(self) -> npt.NDArray[Any]:
        """HWC pixels, uint8 (uint16 for a PNG of 16 bits); [images, H, W, C] if the value has several; needs Pillow."""
        return decode.stacked([decode.pixels(one) for one in self.encoded])

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(decode.image_ending(one), one) for one in self.encoded]


class AudioRow(Row):
    """A sound: `sample_rate, channels, frames, content_type, encoded`, the last a list of files (WAV)."""

    columns: ClassVar[Mapping[str, str]] = {
        "sample_rate": "g",
        "channels": "l",
        "frames": "l",
        "content_type": "U",
        "encoded": "+LZ",
    }

    @cached_property
    def _sounds(self) -> decode.Sounds:
        return decode.sounds(self.value)

    @property
    def sample_rate(self) -> float:
        """In hertz."""
        return self._sounds.sample_rate

    @property
    def channels(self) -> int:
        """How many."""
        return self._sounds.channels

    @property
    def frames(self) -> int:
        """Samples of each channel."""
        return self._sounds.frames

    @property
    def content_type(self) -> str:
        """For example "audio/wav"."""
        return self._sounds.content_type

    @property
    def encoded(self) -> list[bytes]:
        """The files; one, except where tf.summary.audio stored several."""
        return self._sounds.encoded

    @property
    def array(self) -> npt.NDArray[Any]:
        """[frames, channels] samples as they are in the WAV file; [sounds, frames, channels] if the value has several."""
        return decode.stacked([decode.wav(one)[1] for one in self.encoded])

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(".wav" if one[:4] == b"RIFF" else ".bin", one) for one in self.encoded]


class TensorRow(Row):
    """A tensor: `dtype, shape, data`, the last its elements as bytes in C order, little-endian."""

    columns: ClassVar[Mapping[str, str]] = {"dtype": "U", "shape": "+Ll", "data": "Z"}

    @cached_property
    def array(self) -> npt.NDArray[Any]:
        """The tensor; strings as an array of objects (bytes). bfloat16 comes as float32."""
        return decode.tensor(self.value.tensor)

    @property
    def dtype(self) -> str:
        """NumPy's name of the element type; "bytes" for strings."""
        return "bytes" if self.array.dtype == object else self.array.dtype.name

    @property
    def shape(self) -> list[int]:
        """The sizes of its dimensions."""
        return list(self.array.shape)

    @property
    def data(self) -> bytes:
        """The elements; of strings the serialized TensorProto."""
        if self.array.dtype == object:
            return self.value.tensor.SerializeToString()
        return self.array.astype(self.array.dtype.newbyteorder("<"), copy=False).tobytes()

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(".npy", decode.npy(self.array))]


class TextRow(Row):
    """A text: `text`. A tensor of several texts is joined by line ends; `array` has them one by one."""

    columns: ClassVar[Mapping[str, str]] = {"text": "U"}

    @cached_property
    def array(self) -> npt.NDArray[Any]:
        """The texts (str), in the tensor's shape."""
        return decode.texts(self.value.tensor)

    @property
    def text(self) -> str:
        """The text."""
        return "\n".join(self.array.ravel().tolist())

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(".md", self.text.encode())]


class PrCurveRow(Row):
    """A precision-recall curve: `thresholds, tp, fp, tn, fn, precision, recall`, a list of one length each."""

    columns: ClassVar[Mapping[str, str]] = {
        "thresholds": "+Lg",
        "tp": "+Lg",
        "fp": "+Lg",
        "tn": "+Lg",
        "fn": "+Lg",
        "precision": "+Lg",
        "recall": "+Lg",
    }

    @cached_property
    def array(self) -> npt.NDArray[Any]:
        """[6, thresholds]: true and false positives, true and false negatives, precision, recall."""
        return decode.pr_curve(self.value.tensor)

    def _row(self, number: int) -> npt.NDArray[Any]:
        row: npt.NDArray[Any] = self.array[number]
        return row

    @property
    def thresholds(self) -> npt.NDArray[np.float64]:
        """From 0 to 1, evenly."""
        return decode.thresholds(self.array.shape[1])

    @property
    def tp(self) -> npt.NDArray[Any]:
        """True positives."""
        return self._row(0)

    @property
    def fp(self) -> npt.NDArray[Any]:
        """False positives."""
        return self._row(1)

    @property
    def tn(self) -> npt.NDArray[Any]:
        """True negatives."""
        return self._row(2)

    @property
    def fn(self) -> npt.NDArray[Any]:
        """False negatives."""
        return self._row(3)

    @property
    def precision(self) -> npt.NDArray[Any]:
        """Of what was called positive, the part that is: tp / (tp + fp)."""
        return self._row(4)

    @property
    def recall(self) -> npt.NDArray[Any]:
        """Of what is positive, the part that was found: tp / (tp + fn)."""
        return self._row(5)

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(".npy", decode.npy(self.array))]


class MeshRow(TensorRow):
    """A part of a mesh: `mesh, part, dtype, shape, data`; `part` is "vertices", "faces" or "colors"."""

    columns: ClassVar[Mapping[str, str]] = {
        "mesh": "U",
        "part": "U",
        "dtype": "U",
        "shape": "+Ll",
        "data": "Z",
    }

    @cached_property
    def _mesh(self) -> tuple[str, str]:
        return decode.mesh(self.metadata.plugin_data.content)

    @property
    def mesh(self) -> str:
        """The name that its parts share."""
        return self._mesh[0]

    @property
    def part(self) -> str:
        """Which part."""
        return self._mesh[1]


class GraphRow(Row):
    """A graph: `graph_def`, a serialized GraphDef."""

    columns: ClassVar[Mapping[str, str]] = {"graph_def": "Z"}

    @property
    def graph_def(self) -> bytes:
        """The bytes; `tensorboard.compat.proto.graph_pb2.GraphDef.FromString` reads them."""
        if self._position >= 0:
            return b"".join(self.value.tensor.string_val) or self.value.tensor.tensor_content
        return self.event.graph_def

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(ending, content) of each file that save() writes."""
        return [(".pb", self.graph_def)]


ROWS: Final[Mapping[str, type[Row]]] = {
    "histograms": HistogramRow,
    "images": ImageRow,
    "audio": AudioRow,
    "tensors": TensorRow,
    "text": TextRow,
    "pr_curves": PrCurveRow,
    "meshes": MeshRow,
    "graphs": GraphRow,
}
"""The class of the rows of each kind that has one."""
