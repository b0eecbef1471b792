"""Images as JPEG or WebP, which are smaller than PNG and not exact: Pillow encodes them during the call."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape import _core
from tickertape._core import UnsupportedValue
from tickertape.convert import check
from tickertape.writer import pillow

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tickertape.writer.file_writer import GetWriter


class Encoding(NamedTuple):
    """How an image is stored, if it is not PNG."""

    name: str  # "jpeg" or "webp"
    quality: int  # 1 to 100


class _Format(NamedTuple):
    quality: int  # Pillow's default
    most_side: int  # pixels
    modes: dict[int, str]  # number of channels to the mode that is encoded


# Defaults: Pillow's handbook, "Image file formats". Sides: 16 bits in JPEG (ITU-T T.81, B.2.2), 14 bits in WebP (RFC 9649,
# section 2.6).
_FORMATS = {
    "jpeg": _Format(75, 65_535, {3: "RGB"}),
    "webp": _Format(80, 16_383, {2: "RGBA", 3: "RGB", 4: "RGBA"}),
}


def checked(encoding: Any, quality: Any) -> Encoding | None:
    """The arguments of add_image; None is PNG.

    Raises:
        ImportError: Pillow is missing, or was built without this format.
        TypeError, ValueError: an argument is none of those allowed.
    """
    name = check.one_of(encoding, "encoding", ("png", *_FORMATS))
    if name == "png":
        if quality is not None:
            raise UnsupportedValue(
                f"quality: expected None with encoding='png', got {_core.repr_of(quality)}"
            )
        return None
    module = pillow.image_module(f"encoding={name!r}")
    number = _FORMATS[name].quality if quality is None else check.integer(quality, "quality", 1, 100)
    module.init()
    if name.upper() not in module.SAVE:
        raise ImportError(
            f"encoding={name!r} needs a Pillow that was built with it: pip install --upgrade pillow"
        )
    return Encoding(name, number)


def add(
    get_writer: GetWriter,
    tag: str,
    array: npt.NDArray[Any],
    dtype: str,
    axes: str,
    global_step: Any,
    walltime: Any,
    encoding: Encoding,
) -> None:
    """Writes pixels that are readable now, as `images.add_image` has checked them."""
    pixels = _core.make_pixels(array, dtype, axes, check.string(tag, "tag"))
    height, width, channels = pixels.shape
    encoded = _encoded(pixels, encoding)
    get_writer().add_encoded_image(tag, encoded, height, width, channels, global_step, walltime)


def _encoded(pixels: npt.NDArray[np.uint8], encoding: Encoding) -> bytes:
    """HWC pixels as a file of this format."""
    file_format = _FORMATS[encoding.name]
    height, width, channels = pixels.shape
    if channels not in file_format.modes:
        raise UnsupportedValue(
            f"img_tensor: expected 1 or 3 channels with encoding={encoding.name!r}, got {channels}; "
            "'png' and 'webp' store transparency"
        )
    if max(height, width) > file_format.most_side:
        raise UnsupportedValue(
            f"img_tensor: expected at most {file_format.most_side} pixels a side with encoding={encoding.name!r}, got "
            f"{width} x {height}"
        )
    picture = pillow.image_module("encoding").fromarray(pixels)
    file = io.BytesIO()
    picture.convert(file_format.modes[channels]).save(file, encoding.name, quality=encoding.quality)
    return file.getvalue()
