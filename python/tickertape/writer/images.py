"""SummaryWriter.add_image, add_images and add_figure: pixels are snapshot here, scaled and encoded by the core."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.convert import check, deferred
from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.figure import Figure


class ImageMethods(WriterPart):
    """Images and figures."""

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "CHW",
        *,
        copy: bool = True,
    ) -> None:
        """Writes an image as PNG.

        uint8 is taken as it is; every other type is multiplied by 255, clipped to 0..255 and truncated.

        Args:
            tag: name of the series.
            img_tensor: the axes that `dataformats` says; 1 channel (becomes RGB), 2, 3 or 4 (LA, RGB, RGBA). A list
                of such images becomes a grid, see `add_images`.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            dataformats: a permutation of CHW, HW or NCHW; an N makes a grid, see `add_images`.
            copy: False reads a read-only NumPy array where it is, later; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, image.
        """
        self._add_pixels(tag, img_tensor, dataformats, global_step, walltime, copy=copy)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "NCHW",
        max_outputs: int | None = None,
        *,
        copy: bool = True,
    ) -> None:
        """Writes a batch of images as one PNG: a grid of up to 8 columns without padding.

        Args:
            tag: name of the series.
            img_tensor: the axes that `dataformats` says, or a list of images of one size that each have them but for
                the N (as tensorboardX takes it); 1 or 3 channels. Values as in `add_image`.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            dataformats: a permutation of NCHW, CHW or HW.
            max_outputs: at most so many images of the batch, the first ones; None are all (tf.summary.image has it).
            copy: False reads a read-only NumPy array where it is, later; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/_utils.py, make_grid.
        """
        most = None if max_outputs is None else check.integer(max_outputs, "max_outputs", 1)
        self._add_pixels(tag, img_tensor, dataformats, global_step, walltime, most, copy=copy)

    def add_figure(
        self,
        tag: str,
        figure: Figure | list[Figure],
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Renders matplotlib figures and writes them as PNG.

        Args:
            tag: name of the series.
            figure: a figure, or a list of figures of one size, which becomes a grid.
            global_step: int64; None is 0.
            close: close the figures afterwards (not when an argument was wrong, other than torch).
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/_utils.py, figure_to_image.
        """
        if isinstance(figure, (list, tuple)):
            if not figure:
                raise ValueError("figure: expected at least one figure, got an empty list")
            images = [_render(one) for one in figure]
            if len({image.shape for image in images}) > 1:
                raise ValueError(
                    f"figure: expected figures of one size, got {[i.shape[:2] for i in images]} (H, W)"
                )
            self._add_pixels(tag, np.stack(images), "NHWC", global_step, walltime)
        else:
            self._add_pixels(tag, _render(figure), "HWC", global_step, walltime)
        if close:
            _close(figure if isinstance(figure, (list, tuple)) else [figure])

    def _add_pixels(
        self,
        tag: str,
        img_tensor: Any,
        dataformats: Any,
        global_step: Any,
        walltime: Any,
        most: int | None = None,
        *,
        copy: bool = True,
    ) -> None:
        array, dtype, late = deferred.as_deferred_array(img_tensor, "img_tensor", copy=copy)
        axes = check.string(dataformats, "dataformats")
        if isinstance(img_tensor, (list, tuple)) and array.ndim == len(axes) + 1 and "N" not in axes.upper():
            array, axes = _as_batch(array, axes)
        check_axes(array.shape, axes)
        if most is not None and "N" in axes.upper():
            batch = axes.upper().index("N")
            array = array[(slice(None),) * batch + (slice(most),)]
            if not copy and not array.flags.c_contiguous:
                raise ValueError(
                    f"dataformats: copy=False with max_outputs expects N first, got {dataformats!r}"
                )
        self._event_writer().add_image(tag, array, dtype, axes, global_step, walltime, late=late)


def _as_batch(images: npt.NDArray[Any], axes: str) -> tuple[npt.NDArray[Any], str]:
    """(images with the axes that the core knows, those axes) of a list of images that each have `axes`."""
    if "C" in axes.upper():
        return images, "N" + axes
    return images[..., np.newaxis], f"N{axes}C"


def check_axes(shape: tuple[int, ...], dataformats: str) -> None:
    """What the core checks too, in the words of the caller's arguments.

    Raises:
        ValueError: `dataformats` is no permutation of CHW, HW or NCHW, or `shape` does not fit it.
    """
    axes = dataformats.upper()
    if "".join(sorted(axes)) not in ("HW", "CHW", "CHNW"):
        raise ValueError(f"dataformats: expected a permutation of CHW, HW or NCHW, got {dataformats!r}")
    if len(shape) != len(axes):
        raise ValueError(f"img_tensor: expected the axes {axes} that dataformats says, got shape {shape}")
    if 0 in shape:
        raise ValueError(f"img_tensor: expected pixels, got shape {shape}")
    channels = shape[axes.index("C")] if "C" in axes else 1
    allowed = (1, 3) if "N" in axes else (1, 2, 3, 4)
    if channels not in allowed:
        raise ValueError(
            f"img_tensor: expected {allowed} channels in {axes}, got {channels} in shape {shape}"
        )


def _render(figure: Any) -> npt.NDArray[np.uint8]:
    """The figure's pixels, HWC with three channels; the figure keeps the canvas it had.

    Raises:
        TypeError: it is no matplotlib figure.
    """
    module = sys.modules.get("matplotlib.figure")
    if module is None or not isinstance(figure, module.Figure):
        raise TypeError(
            f"figure: expected a matplotlib Figure or a list of them, got {check.type_name(figure)}"
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # imported when needed

    own_canvas = figure.canvas
    try:
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        pixels: npt.NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())[:, :, :3]
    finally:
        figure.set_canvas(own_canvas)
    return pixels


def _close(figures: Any) -> None:
    """Takes the figures out of pyplot's list; a figure made without pyplot stands in none."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for figure in figures:
            pyplot.close(figure)
