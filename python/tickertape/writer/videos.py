"""SummaryWriter.add_video: clips are snapshot here; the core lays them out and encodes its own GIF."""

from __future__ import annotations

import math
from typing import Any

from tickertape.convert import check, deferred
from tickertape.writer.part import WriterPart

_AXES = "NTCHW"
_MAX_SIDE = 65535  # GIF89a: sizes are 16-bit words


class VideoMethods(WriterPart):
    """Moving pictures."""

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Any = None,
        fps: float = 4,
        walltime: Any = None,
        dataformats: str = "NTCHW",
        *,
        copy: bool = True,
    ) -> None:
        """Writes clips as one animated GIF that repeats for ever.

        Several clips play side by side: their number is filled up with black to a power of two, and half of its factors
        of two, rounded down, are the rows (torch's layout). torch with moviepy 2 writes an event without a picture.

        Args:
            tag: name of the series.
            vid_tensor: N clips of T frames with 1 or 3 channels. uint8 is taken as it is; every other type is multiplied
                by 255, clipped to 0..255 and truncated.
            global_step: int64; None is 0.
            fps: frames a second, above 0; browsers show up to 50.
            walltime: seconds since the epoch; None is now.
            dataformats: a permutation of NTCHW (tensorboardX's argument).
            copy: False reads a read-only NumPy array, in this very order, where it is, later; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or the frames exceed GIF's 65,535 pixels a side.

        Source: torch/utils/tensorboard/_utils.py, _prepare_video.
        """
        array, dtype, late = deferred.as_deferred_array(vid_tensor, "vid_tensor", copy=copy)
        axes = check.string(dataformats, "dataformats").upper()
        if sorted(axes) != sorted(_AXES):
            raise ValueError(f"dataformats: expected a permutation of {_AXES}, got {dataformats!r}")
        if array.ndim != len(axes):
            raise ValueError(f"vid_tensor: expected the axes {axes}, got shape {array.shape}")
        clips = array.transpose([axes.index(axis) for axis in _AXES])
        if not copy and not clips.flags.c_contiguous:
            raise ValueError(f"dataformats: copy=False expects {_AXES}, got {dataformats!r}")
        _check_frames(clips.shape)
        rate = check.real(fps, "fps")
        if not 0 < rate < math.inf:
            raise ValueError(f"fps: expected a number above 0, got {rate}")
        self._event_writer().add_video(tag, clips, dtype, rate, global_step, walltime, late=late)


def _check_frames(shape: tuple[int, ...]) -> None:
    """What the core checks too, in the words of the caller's arguments.

    Raises:
        ValueError: clips of `shape` (NTCHW) cannot be a GIF.
    """
    if 0 in shape:
        raise ValueError(f"vid_tensor: expected pixels, got {_AXES} {shape}")
    count, _, channels, height, width = shape
    if channels not in (1, 3):
        raise ValueError(f"vid_tensor: expected 1 or 3 channels, got {channels} in {_AXES} {shape}")
    rows = 2 ** ((count.bit_length() - 1) // 2)
    columns = 2 ** (count - 1).bit_length() // rows
    if max(rows * height, columns * width) > _MAX_SIDE:
        raise ValueError(
            f"vid_tensor: expected frames of at most {_MAX_SIDE} pixels a side, got {rows * height} x {columns * width}"
        )
