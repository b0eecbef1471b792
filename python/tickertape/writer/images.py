"""add_image, add_images and add_figure: pixels are converted here; the core scales and encodes them as PNG."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, deferred, pixels
from tickertape.writer import tags

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape.writer.file_writer import GetWriter


_CHANNELS = (1, 2, 3, 4)  # of one image: grey, with alpha, RGB, with alpha
_BATCH_CHANNELS = (1, 3, 4)
_PLAIN_TYPES = {np.dtype(name): name for name in ("uint8", "float16", "float32", "float64")}


def add_image(
    get_writer: GetWriter,
    tag: str,
    img_tensor: Any,
    global_step: Any,
    walltime: Any,
    dataformats: Any,
    max_outputs: int | None = None,
    *,
    copy: bool = True,
    encoding: Any = "png",
    quality: Any = None,
) -> None:
    """See SummaryWriter.add_image and add_images."""
    axes = check_dataformats(dataformats)
    lossy = None
    if quality is not None or type(encoding) is not str or encoding != "png":
        from tickertape.writer import lossy_images  # noqa: PLC0415  # few write them

        lossy = lossy_images.checked(encoding, quality)
    if copy is True and (picture := pixels.of_pillow(img_tensor)) is not None:
        img_tensor, axes = picture
    if lossy is None:
        array, dtype, source = deferred.as_deferred_array(img_tensor, "img_tensor", copy=copy)
    else:
        check.flag(copy, "copy")
        (array, dtype), source = arrays.as_array(img_tensor, "img_tensor"), None
    if isinstance(img_tensor, (list, tuple)) and array.ndim == len(axes) + 1 and "N" not in axes.upper():
        array, axes = _as_batch(array, axes)
    check_axes(array.shape, axes)
    if max_outputs is not None and "N" in axes.upper():
        batch = axes.upper().index("N")
        array = array[(slice(None),) * batch + (slice(max_outputs),)]
        if not copy and not array.flags.c_contiguous:
            raise UnsupportedValue(
                f"dataformats: expected N first (copy=False with max_outputs), got {dataformats!r}"
            )
    tags.warn_of_blob(tag)
    if lossy is not None:
        array, dtype = pixels.readable(array, dtype, "img_tensor")
        lossy_images.add(get_writer, tag, array, dtype, axes, global_step, walltime, lossy)
        return
    array, dtype, source = pixels.maybe_deferred(array, dtype, source, "img_tensor")
    get_writer().add_image(tag, array, dtype, axes, global_step, walltime, source=source)


def dtype_if_plain(image: Any, dataformats: Any) -> str | None:
    """The element type of an image that add_image() below would hand to the core as it is: a CHW or HWC array.

    None for everything else. For SummaryWriter.add_image: if their code is not in the cache, the checks of add_image() take
    as long as the copy of 512×512×3.
    """
    if type(image) is not np.ndarray or type(dataformats) is not str or image.ndim != len("CHW"):
        return None
    channels = image.shape[0] if dataformats == "CHW" else image.shape[2] if dataformats == "HWC" else 0
    return _PLAIN_TYPES.get(image.dtype) if channels in _CHANNELS and image.size else None


def add_figure(
    get_writer: GetWriter, tag: str, figure: Any, global_step: Any, close: Any, walltime: Any
) -> None:
    """See SummaryWriter.add_figure."""
    if isinstance(figure, (list, tuple)):
        if not figure:
            raise UnsupportedValue("figure: expected at least one figure, got an empty list")
        images = [_render(one) for one in figure]
        if len({image.shape for image in images}) > 1:
            raise UnsupportedValue(
                f"figure: expected figures of one size, got {[i.shape[:2] for i in images]} (H, W)"
            )
        add_image(get_writer, tag, np.stack(images), global_step, walltime, "NHWC")
    else:
        add_image(get_writer, tag, _render(figure), global_step, walltime, "HWC")
    if check.flag(close, "close"):
        _close(figure if isinstance(figure, (list, tuple)) else [figure])


def _as_batch(images: npt.NDArray[Any], axes: str) -> tuple[npt.NDArray[Any], str]:
    """(images, their axes as the core knows them) from a stack of images that have `axes` each."""
    if "C" in axes.upper():
        return images, "N" + axes
    return images[..., np.newaxis], f"N{axes}C"


def check_dataformats(dataformats: Any) -> str:
    """The axes that it names, as they were given.

    Raises:
        TypeError, ValueError: `dataformats` is no permutation of CHW, HW or NCHW.
    """
    axes = check.string(dataformats, "dataformats")
    if "".join(sorted(axes.upper())) not in ("HW", "CHW", "CHNW"):
        raise UnsupportedValue(f"dataformats: expected a permutation of CHW, HW or NCHW, got {dataformats!r}")
    return axes


def check_axes(shape: tuple[int, ...], dataformats: str) -> None:
    """Checks what the core checks too, so that the message names the caller's arguments.

    Raises:
        ValueError: `shape` does not fit `dataformats`.
    """
    axes = dataformats.upper()
    if len(shape) != len(axes):
        raise UnsupportedValue(
            f"img_tensor: expected the axes {axes} that dataformats says, got shape {shape}{_cure(shape, axes)}"
        )
    if 0 in shape:
        raise UnsupportedValue(f"img_tensor: expected pixels, got shape {shape}")
    channels = shape[axes.index("C")] if "C" in axes else 1
    allowed = _BATCH_CHANNELS if "N" in axes else _CHANNELS
    if channels not in allowed:
        raise UnsupportedValue(
            f"img_tensor: expected {allowed} channels in {axes}, got {channels} in shape {shape}{_cure(shape, axes)}"
        )


def _cure(shape: tuple[int, ...], axes: str) -> str:
    """What to do with an image of `shape` that does not have these axes; "" if nothing is likely."""
    channels = _BATCH_CHANNELS if "N" in axes or len(shape) > len("CHW") else _CHANNELS
    fitting = [
        usual
        for usual in ("HW", "CHW", "HWC", "NCHW", "NHWC")
        if len(usual) == len(shape)
        and usual != axes
        and ("C" not in usual or shape[usual.index("C")] in channels)
    ]
    if fitting:
        return f'; for this shape pass dataformats="{fitting[0]}"'
    if "N" in axes and len(shape) == len("NHW"):
        return "; add the axis of the channels: img_tensor[:, None]"
    return ""


def _render(figure: Any) -> npt.NDArray[np.uint8]:
    """The figure's pixels, HWC with three channels; the figure keeps the canvas it had.

    Raises:
        TypeError: it is no matplotlib figure.
    """
    module = sys.modules.get("matplotlib.figure")
    if module is None or not isinstance(figure, module.Figure):
        raise UnsupportedType(
            f"figure: expected a matplotlib Figure or a list of them, got {check.type_name(figure)}"
            + ("; the tag comes first, then the figure" if isinstance(figure, str) else "")
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # imported when needed

    own_canvas = figure.canvas
    try:
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        rgb: npt.NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())[:, :, :3]
    finally:
        figure.set_canvas(own_canvas)
    return rgb


def _close(figures: Any) -> None:
    """Removes the figures from pyplot's list, if they are in it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for figure in figures:
            pyplot.close(figure)
