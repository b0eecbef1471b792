"""What SummaryReader shows of one event file: tags and columns of each type, as tbparse has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.reader import decode, wire
from tickertape.reader.accumulator import AUDIO, HISTOGRAMS, IMAGES, SCALARS, TENSORS
from tickertape.reader.summary_frames import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from tickertape.reader.accumulator import EventAccumulator

HPARAMS, TEXT = "hparams", "text"
EVENT_TYPES = (SCALARS, TENSORS, HISTOGRAMS, IMAGES, AUDIO, HPARAMS, TEXT)
EXTRA_COLUMNS = (
    "dir_name",
    "file_name",
    "wall_time",
    "min",
    "max",
    "num",
    "sum",
    "sum_squares",
    "width",
    "height",
    "content_type",
    "length_frames",
    "sample_rate",
)
_SESSION_START = "_hparams_/session_start_info"
_TEXT_SUFFIX = "/text_summary"  # of torch's and tensorboardX's add_text


def raw_tags(accumulator: EventAccumulator) -> dict[str, Any]:
    """EventAccumulator's tags, and those whose plugin is hparams or text."""
    by_plugin: dict[str, list[str]] = {HPARAMS: [], TEXT: []}
    for tag, metadata in accumulator.AllSummaryMetadata().items():
        if metadata.plugin_data.plugin_name in by_plugin:
            by_plugin[metadata.plugin_data.plugin_name].append(tag)
    return {**accumulator.Tags(), **by_plugin}


def getter(accumulator: EventAccumulator, event_type: str) -> Callable[[str], Any]:
    """What returns EventAccumulator's events of a type and tag; of hparams the plugin's data."""
    return {
        SCALARS: accumulator.Scalars,
        TENSORS: accumulator.Tensors,
        HISTOGRAMS: accumulator.Histograms,
        IMAGES: accumulator.Images,
        AUDIO: accumulator.Audio,
        HPARAMS: lambda tag: accumulator.PluginTagToContent(HPARAMS)[tag],
        TEXT: accumulator.Tensors,
    }[event_type]


def tags(accumulator: EventAccumulator, event_type: str) -> list[str]:
    """The tags of a type as SummaryReader has them: no texts among the tensors, of hparams the names of the values."""
    if event_type == HPARAMS:
        return list(_hparams(accumulator))
    raw = raw_tags(accumulator)
    if event_type == TENSORS:
        others = {*raw[HPARAMS], *raw[TEXT]}
        return [tag for tag in raw[TENSORS] if tag not in others]
    if event_type == TEXT:
        with_values = set(raw[TENSORS])
        return [tag for tag in raw[TEXT] if tag in with_values]
    found: list[str] = raw[event_type]
    return found


def pieces(accumulator: EventAccumulator, event_type: str, directory: str, file: str) -> Iterator[Piece]:
    """The rows of each tag of a type."""
    if event_type == HPARAMS:
        for tag, value in _hparams(accumulator).items():
            yield Piece(directory, file, tag, None, None, {"value": [value]})
        return
    for tag in tags(accumulator, event_type):
        if event_type == SCALARS:
            rows, kept = accumulator.scalars.kept(tag)
            yield Piece(
                directory,
                file,
                tag,
                rows.step[kept],
                rows.wall_time[kept],
                {"value": rows.column("value")[kept]},
            )
            continue
        events = getter(accumulator, event_type)(tag)
        made = [_COLUMNS[event_type](event) for event in events]
        if made:
            yield Piece(
                directory,
                file,
                tag.removesuffix(_TEXT_SUFFIX) if event_type == TEXT else tag,
                np.array([event.step for event in events], dtype=np.int64),
                np.array([event.wall_time for event in events]),
                {name: [columns[name] for columns in made] for name in made[0]},
            )


def image_of_tensor(tensor: npt.NDArray[Any]) -> dict[str, Any]:
    """[width, height, image, ...]."""
    width, height, *encoded = np.asarray(tensor).ravel().tolist()
    pixels = [decode.pixels(one) for one in encoded]
    return {"image": decode.stacked(pixels), "width": int(width), "height": int(height)}


def audio_of_tensor(tensor: npt.NDArray[Any]) -> dict[str, Any]:
    """[[sound, label], ...]."""
    sounds = [decode.wav(encoded) for encoded in np.asarray(tensor)[:, 0].tolist()]
    rates = [np.int32(rate) for rate, _ in sounds]
    audio = decode.stacked([_floats(samples) for _, samples in sounds])
    return {
        "audio": audio,
        "content_type": "audio/wav",
        "length_frames": audio.shape[-2],
        "sample_rate": rates[0] if len(rates) == 1 else np.array(rates),
    }


def _histogram(event: Any) -> dict[str, Any]:
    value = event.histogram_value
    return {
        "counts": np.array(value.bucket, dtype=np.float64),
        "limits": np.array(value.bucket_limit, dtype=np.float64),
        "max": value.max,
        "min": value.min,
        "num": value.num,
        "sum": value.sum,
        "sum_squares": value.sum_squares,
    }


def _image(event: Any) -> dict[str, Any]:
    return {"value": decode.pixels(event.encoded_image_string), "height": event.height, "width": event.width}


def _audio(event: Any) -> dict[str, Any]:
    return {
        "value": _floats(decode.wav(event.encoded_audio_string)[1]),
        "content_type": event.content_type,
        "length_frames": event.length_frames,
        "sample_rate": event.sample_rate,
    }


def _tensor(event: Any) -> dict[str, Any]:
    array = decode.tensor(event.tensor_proto)
    return {"value": array if array.ndim else array.item()}


def _text(event: Any) -> dict[str, Any]:
    return {"value": "\n".join(decode.texts(event.tensor_proto).ravel().tolist())}


_COLUMNS = {HISTOGRAMS: _histogram, IMAGES: _image, AUDIO: _audio, TENSORS: _tensor, TEXT: _text}


def _floats(samples: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Samples from -1 to 1, as tf.audio.decode_wav has them."""
    if samples.dtype == np.uint8:
        samples = (samples ^ 128).view(np.int8)  # WAV's 8 bits have 128 for silence
    scale = 1.0 if samples.dtype.kind == "f" else -float(np.iinfo(samples.dtype).min)
    return (samples / scale).astype(np.float32)


def _hparams(accumulator: EventAccumulator) -> dict[str, Any]:
    """Name to value of a session's hyperparameters (tensorboard/plugins/hparams/plugin_data.proto)."""
    metadata = accumulator.AllSummaryMetadata().get(_SESSION_START)
    if metadata is None or metadata.plugin_data.plugin_name != HPARAMS:
        return {}
    session = wire.message(wire.fields(metadata.plugin_data.content), 3)  # session_start_info
    return {name: math.nan if value is None else value for name, value in wire.hparams(session).items()}
