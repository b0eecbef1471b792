"""add_image_with_boxes: boxes and labels drawn by Pillow; the core encodes the picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, pixels
from tickertape.writer import pillow, tags
from tickertape.writer.images import check_axes, check_dataformats

if TYPE_CHECKING:
    import numpy.typing as npt
    import PIL.Image

    from tickertape.writer.file_writer import GetWriter

_CORNERS = 4
# torch/utils/tensorboard/summary.py, draw_boxes and _draw_single_box.
_COLOR, _TEXT_COLOR, _THICKNESS = "Red", "black", 2
_TEXT_MARGIN = 0.05  # of the text's height


def add_image_with_boxes(
    get_writer: GetWriter,
    tag: str,
    img_tensor: Any,
    box_tensor: Any,
    global_step: Any,
    walltime: Any,
    rescale: Any,
    dataformats: Any,
    labels: Any,
) -> None:
    """See SummaryWriter.add_image_with_boxes."""
    dataformats = check_dataformats(dataformats)
    if (given := pixels.of_pillow(img_tensor)) is not None:
        img_tensor, dataformats = given
    array, dtype = arrays.as_array(img_tensor, "img_tensor")
    check_axes(array.shape, dataformats)
    boxes = _boxes(box_tensor)
    texts = _labels(labels, len(boxes))
    factor = check.real(rescale, "rescale")
    array, dtype = pixels.readable(array, dtype, "img_tensor")
    rgb = _core.make_pixels(np.ascontiguousarray(array), dtype, dataformats, str(tag))
    size = _scaled(rgb.shape, factor)
    picture = _picture(rgb)
    for box, text in zip(boxes, texts, strict=True):
        _draw(picture, box, text)
    picture = picture.resize(size, pillow.image_module("add_image_with_boxes").Resampling.LANCZOS)
    tags.warn_of_blob(tag)
    get_writer().add_image(tag, np.asarray(picture), "uint8", "HWC", global_step, walltime)


def _boxes(box_tensor: Any) -> list[list[float]]:
    boxes = arrays.as_floats(box_tensor, "box_tensor")
    if boxes.size == 0:
        return []
    if boxes.ndim != len(("N", "corners")) or boxes.shape[1] != _CORNERS:
        raise UnsupportedValue(f"box_tensor: expected [N, 4] corners, got shape {boxes.shape}")
    if not np.isfinite(boxes).all():
        raise UnsupportedValue("box_tensor: expected finite corners, got NaN or infinity")
    corners: list[list[float]] = boxes.tolist()
    return corners


def _labels(labels: Any, count: int) -> list[str]:
    if labels is None:
        return [""] * count
    if isinstance(labels, str):
        labels = [labels]
    if not isinstance(labels, (list, tuple)):
        raise UnsupportedType(f"labels: expected a list of str, got {check.type_name(labels)}")
    if len(labels) != count:
        raise UnsupportedValue(f"labels: expected one for each of {count} boxes, got {len(labels)}")
    return ["" if label is None else check.string(label, "labels (a label)") for label in labels]


def _scaled(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    """(width, height) of an image of `shape` [H, W, C] times `factor`, rounded down as torch does."""
    if not 0 < factor < math.inf:
        raise UnsupportedValue(f"rescale: expected a number above 0, got {factor}")
    height, width = int(shape[0] * factor), int(shape[1] * factor)
    if min(height, width) < 1:
        raise UnsupportedValue(
            f"rescale: expected a factor that leaves pixels of {shape[0]} x {shape[1]}, got {factor}"
        )
    return width, height


def _picture(pixels: npt.NDArray[np.uint8]) -> PIL.Image.Image:
    picture: PIL.Image.Image = pillow.image_module("add_image_with_boxes").fromarray(pixels)
    return picture


def _draw(picture: PIL.Image.Image, box: list[float], text: str) -> None:
    from PIL import ImageDraw, ImageFont  # noqa: PLC0415  # needed here alone

    left, top, right, bottom = box
    draw = ImageDraw.Draw(picture)
    outline = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    draw.line(outline, width=_THICKNESS, fill=_COLOR)
    if not text:
        return
    font = ImageFont.load_default()
    x0, y0, x1, y1 = font.getbbox(text)
    width, height = x1 - x0, y1 - y0
    margin = math.ceil(_TEXT_MARGIN * height)
    draw.rectangle([(left, bottom - height - 2 * margin), (left + width, bottom)], fill=_COLOR)
    draw.text((left + margin, bottom - height - margin), text, fill=_TEXT_COLOR, font=font)
