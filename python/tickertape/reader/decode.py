"""From the values of events to NumPy: histograms, images, sounds, tensors, texts, PR curves, meshes."""

from __future__ import annotations

import io
import math
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape.reader import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from tickertape import _core

# Elements that a tensor may have for which the event has fewer values: no file asks for all memory. Strings are objects.
_MOST_PADDED, _MOST_PADDED_STRINGS = 1 << 24, 1 << 16
_HALF, _BFLOAT16, _STRING = 19, 14, 7
# TensorFlow's types.proto: number to (NumPy's type, the field that holds values)
_DTYPES = {
    1: ("f4", "float_val"),
    2: ("f8", "double_val"),
    3: ("i4", "int_val"),
    4: ("u1", "int_val"),
    5: ("i2", "int_val"),
    6: ("i1", "int_val"),
    8: ("c8", "scomplex_val"),
    9: ("i8", "int64_val"),
    10: ("?", "bool_val"),
    11: ("i1", "int_val"),
    12: ("u1", "int_val"),
    13: ("i4", "int_val"),
    15: ("i2", "int_val"),
    16: ("u2", "int_val"),
    17: ("u2", "int_val"),
    18: ("c16", "dcomplex_val"),
    _HALF: ("f2", "half_val"),
    _BFLOAT16: ("u2", "half_val"),
    22: ("u4", "uint32_val"),
    23: ("u8", "uint64_val"),
}
_MESH_PARTS = {1: "vertices", 2: "faces", 3: "colors"}  # MeshPluginData.ContentType
_WAV_TYPES = {(1, 8): "u1", (1, 16): "<i2", (1, 32): "<i4", (3, 32): "<f4", (3, 64): "<f8"}


class Histogram(NamedTuple):
    """A histogram; `limits` are the right ends of the buckets."""

    min: float
    max: float
    num: float
    sum: float
    sum_squares: float
    limits: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]

    def triples(self) -> npt.NDArray[np.float64]:
        """[buckets, 3]: left, right, count; the empty buckets at both ends are left out, as TensorBoard does."""
        filled = np.flatnonzero(self.counts > 0)
        if not len(filled):
            return np.zeros((0, 3))
        first, last = int(filled[0]), int(filled[-1])
        inner = self.limits[first:last]
        return np.stack(
            [np.append(self.min, inner), np.append(inner, self.max), self.counts[first : last + 1]], axis=1
        )


class Images(NamedTuple):
    """Encoded images of one value."""

    width: int
    height: int
    encoded: list[bytes]


class Sounds(NamedTuple):
    """Encoded sounds of one value."""

    sample_rate: float
    channels: int
    frames: int
    content_type: str
    encoded: list[bytes]


def histogram(value: _core.Value) -> Histogram:
    """Old style (`histo`) or new (a tensor [buckets, 3] of left, right and count)."""
    if value.HasField("histo"):
        old = value.histo
        limits = np.array(old.bucket_limit, dtype=np.float64)
        counts = np.array(old.bucket, dtype=np.float64)
        return Histogram(old.min, old.max, old.num, old.sum, old.sum_squares, limits, counts)
    triples = tensor(value.tensor)
    if triples.ndim != 2 or triples.shape[1] != 3:
        raise ValueError(f"tensor: expected a histogram [buckets, 3], got shape {triples.shape}")
    left, right, counts = triples.astype(np.float64).T
    least, greatest = (float(left[0]), float(right[-1])) if len(left) else (0.0, 0.0)
    return Histogram(least, greatest, float(counts.sum()), math.nan, math.nan, right.copy(), counts.copy())


def images(value: _core.Value) -> Images:
    """Old style (`image`) or new (strings: width, height, images)."""
    if value.HasField("image"):
        return Images(value.image.width, value.image.height, [value.image.encoded_image_string])
    width, height, *encoded = [*value.tensor.string_val, b"0", b"0"][: max(2, len(value.tensor.string_val))]
    return Images(_int(width), _int(height), encoded)


def sounds(value: _core.Value) -> Sounds:
    """Old style (`audio`) or new (strings: a sound, or [sounds, 2] of a sound and its label)."""
    if value.HasField("audio"):
        old = value.audio
        encoded = [old.encoded_audio_string]
        return Sounds(old.sample_rate, old.num_channels, old.length_frames, old.content_type, encoded)
    shape = [dim.size for dim in value.tensor.tensor_shape.dim]
    stride = max(1, math.prod(shape[1:]))
    encoded = value.tensor.string_val[::stride]
    rate, channels, frames = _wav_facts(encoded[0]) if encoded else (0.0, 0, 0)
    return Sounds(rate, channels, frames, "audio/wav", encoded)


def tensor(proto: _core.TensorProto) -> npt.NDArray[Any]:
    """The elements in their shape, as tf.make_ndarray has them; bfloat16 as float32, strings as objects (bytes).

    Raises:
        ValueError: shape and elements do not fit, or NumPy has no such type.
    """
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    count = math.prod(shape)
    if any(size < 0 for size in shape):
        raise ValueError(f"tensor: expected a shape without unknown sizes, got {shape}")
    if proto.dtype == _STRING:
        return _shaped(np.array(proto.string_val, dtype=object), shape, count, b"")
    if proto.dtype not in _DTYPES:
        raise ValueError(f"tensor: expected a type that NumPy has, got DataType {proto.dtype}")
    name, field = _DTYPES[proto.dtype]
    dtype = np.dtype(name)
    if proto.tensor_content:
        if len(proto.tensor_content) != count * dtype.itemsize:
            raise ValueError(f"tensor: expected {count} elements, got {len(proto.tensor_content)} bytes")
        values = np.frombuffer(proto.tensor_content, dtype=dtype.newbyteorder("<"))
    elif proto.dtype == _HALF:
        values = np.array(proto.half_val, dtype=np.uint16).view(np.float16)
    elif dtype.kind == "c":
        parts = np.array(getattr(proto, field), dtype=f"f{dtype.itemsize // 2}")
        values = parts[: len(parts) // 2 * 2].view(dtype)
    else:
        values = np.array(getattr(proto, field)).astype(dtype)
    if proto.dtype == _BFLOAT16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return _shaped(values, shape, count, 0)


def texts(proto: _core.TensorProto) -> npt.NDArray[Any]:
    """A tensor of strings as str; what is no UTF-8 is replaced."""
    found = tensor(proto)
    decoded = np.empty(found.shape, dtype=object)
    for place, text in np.ndenumerate(found):
        decoded[place] = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return decoded


def pr_curve(proto: _core.TensorProto) -> npt.NDArray[Any]:
    """[6, thresholds]."""
    rows = tensor(proto)
    if rows.ndim != 2 or rows.shape[0] != 6:
        raise ValueError(f"tensor: expected a PR curve [6, thresholds], got shape {rows.shape}")
    return rows


def thresholds(count: int) -> npt.NDArray[np.float64]:
    """What TensorBoard's PR curve plugin shows: evenly from 0 to 1."""
    return np.linspace(0.0, 1.0, count)


def mesh(content: bytes) -> tuple[str, str]:
    """Name and part of a mesh, of the plugin's data (MeshPluginData)."""
    found = wire.fields(content)
    return wire.text(found, 2), _MESH_PARTS.get(wire.number(found, 3), "")


def pixels(encoded: bytes) -> npt.NDArray[Any]:
    """HWC pixels of an image file; THWC of an animation.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
        ValueError: it is no image.
    """
    try:
        from PIL import Image, ImageSequence  # noqa: PLC0415  # only whoever asks needs it
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("array: expected Pillow to be installed; pip install pillow") from error
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            return stacked([_hwc(frame) for frame in ImageSequence.Iterator(image)])
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise errors of many classes
        what = f"{len(encoded)} bytes that Pillow cannot read: {error}"
        raise ValueError(f"image: expected an image file, got {what}") from error


def image_ending(encoded: bytes) -> str:
    """The ending of an image file's name, by its content."""
    magics = (
        (b"\x89PNG", ".png"),
        (b"\xff\xd8", ".jpg"),
        (b"GIF8", ".gif"),
        (b"RIFF", ".webp"),
        (b"BM", ".bmp"),
    )
    return next((ending for magic, ending in magics if encoded.startswith(magic)), ".bin")


def wav(encoded: bytes) -> tuple[int, npt.NDArray[Any]]:
    """(sample rate, [frames, channels] samples) of a WAV file; samples of 24 bits as int32, in the upper bits.

    Raises:
        ValueError: it is no WAV file of PCM or float samples.
    """
    form, data = _wav_chunks(encoded)
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if code == 0xFFFE and len(form) >= 26:  # extensible: the first two bytes of the GUID are the code
        code = int.from_bytes(form[24:26], "little")
    if channels == 0:
        raise ValueError("audio: expected at least one channel, got 0")
    if (code, bits) == (1, 24):
        raw = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(-1, 3)
        samples = np.concatenate([np.zeros((len(raw), 1), np.uint8), raw], axis=1).view("<i4").ravel()
    elif (code, bits) in _WAV_TYPES:
        dtype = np.dtype(_WAV_TYPES[code, bits])
        samples = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
    else:
        raise ValueError(f"audio: expected PCM or float samples, got format {code} of {bits} bits")
    return rate, samples[: len(samples) // channels * channels].reshape(-1, channels)


def stacked(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The one array, or several as one with a dimension more."""
    return arrays[0] if len(arrays) == 1 else np.stack(arrays)


def npy(array: npt.NDArray[Any]) -> bytes:
    """The content of a .npy file."""
    file = io.BytesIO()
    np.save(file, array.astype(np.bytes_) if array.dtype == object else array, allow_pickle=False)
    return file.getvalue()


def _shaped(values: npt.NDArray[Any], shape: tuple[int, ...], count: int, zero: object) -> npt.NDArray[Any]:
    """Values in a shape. Fewer values than elements: the last one stands for the rest, as in TensorFlow."""
    if len(values) == count:
        return values.reshape(shape)
    if len(values) > count:
        raise ValueError(f"tensor: expected {count} elements for shape {shape}, got {len(values)}")
    if count > (_MOST_PADDED_STRINGS if values.dtype == object else _MOST_PADDED):
        raise ValueError(f"tensor: expected {count} elements for shape {shape}, got {len(values)}")
    if len(values) <= 1:
        one = values[0] if len(values) else np.array(zero).astype(values.dtype)[()]
        return np.broadcast_to(np.array(one, dtype=values.dtype), shape)
    return np.concatenate([values, np.repeat(values[-1:], count - len(values))]).reshape(shape)


def _hwc(frame: Any) -> npt.NDArray[Any]:
    if frame.mode in ("P", "PA"):
        frame = frame.convert("RGBA" if "transparency" in frame.info or frame.mode == "PA" else "RGB")
    elif frame.mode == "1":
        frame = frame.convert("L")
    found: npt.NDArray[Any] = np.asarray(frame)
    if frame.mode.startswith("I"):
        found = found.astype(np.uint16)
    return found[:, :, np.newaxis] if found.ndim == 2 else found


def _int(digits: bytes) -> int:
    return int(digits) if digits.isdigit() and len(digits) < 19 else 0


def _wav_facts(encoded: bytes) -> tuple[float, int, int]:
    try:
        rate, samples = wav(encoded)
    except ValueError:
        return 0.0, 0, 0
    return float(rate), samples.shape[1], samples.shape[0]


def _wav_chunks(encoded: bytes) -> tuple[bytes, bytes]:
    """The "fmt " and the "data" chunk."""
    chunks: dict[bytes, bytes] = {}
    at = 12
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WAVE":
        while at + 8 <= len(encoded):
            name, size = struct.unpack_from("<4sI", encoded, at)
            chunks.setdefault(name, encoded[at + 8 : at + 8 + size])
            at += 8 + size + size % 2
    form = chunks.get(b"fmt ", b"")
    if len(form) < 16 or b"data" not in chunks:
        raise ValueError(f"audio: expected a WAV file, got {len(encoded)} bytes that are none")
    return form, chunks[b"data"]
