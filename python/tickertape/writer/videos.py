"""add_video: clips are converted here; the core arranges them and encodes a GIF."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check, deferred, notices, pixels
from tickertape.writer import tags

if TYPE_CHECKING:
    from tickertape.writer.file_writer import GetWriter

_AXES = "NTCHW"
# csrc/codec/gif/gif.cc, kMinDelay and kMaxDelay: GIF89a counts hundredths of a second in 16 bits, and browsers show delays
# of 0 and 1 as 10.
FASTEST_FPS, SLOWEST_FPS = 50, 100 / 65535
_MAX_SIDE = 65535  # GIF89a: sizes are 16-bit words


def add_video(
    get_writer: GetWriter,
    tag: str,
    vid_tensor: Any,
    global_step: Any,
    fps: Any,
    walltime: Any,
    dataformats: Any,
    *,
    copy: bool,
) -> None:
    """See SummaryWriter.add_video."""
    array, dtype, source = deferred.as_deferred_array(vid_tensor, "vid_tensor", copy=copy)
    axes = check.string(dataformats, "dataformats").upper()
    if sorted(axes) != sorted(_AXES):
        raise UnsupportedValue(f"dataformats: expected a permutation of {_AXES}, got {dataformats!r}")
    if array.ndim != len(axes):
        cure = "; add the axis of the clips: vid_tensor[None]" if array.ndim == len(axes) - 1 else ""
        raise UnsupportedValue(f"vid_tensor: expected the axes {axes}, got shape {array.shape}{cure}")
    clips = array.transpose([axes.index(axis) for axis in _AXES])
    if not copy and not clips.flags.c_contiguous:
        raise UnsupportedValue(f"dataformats: expected {_AXES} (copy=False), got {dataformats!r}")
    _check_frames(clips.shape)
    rate = check.real(fps, "fps")
    if not 0 < rate < math.inf:
        raise UnsupportedValue(f"fps: expected a number above 0, got {rate}")
    if not SLOWEST_FPS <= rate <= FASTEST_FPS:
        notices.warn_once_a_tag(
            "fps",
            tag,
            f"fps: expected {SLOWEST_FPS:.4f} to {FASTEST_FPS}, got {rate:g}, which browsers do not show; the clip is played at "
            f"{min(max(rate, SLOWEST_FPS), FASTEST_FPS):.3g}",
        )
    clips, dtype, source = pixels.maybe_deferred(clips, dtype, source, "vid_tensor")
    tags.warn_of_blob(tag)
    get_writer().add_video(tag, clips, dtype, rate, global_step, walltime, source=source)


def _check_frames(shape: tuple[int, ...]) -> None:
    """Checks what the core checks too, so that the message names the caller's arguments.

    Raises:
        ValueError: clips of `shape` (NTCHW) cannot be a GIF.
    """
    if 0 in shape:
        raise UnsupportedValue(f"vid_tensor: expected pixels, got {_AXES} {shape}")
    count, _, channels, height, width = shape
    if channels not in (1, 3):
        cure = '; for this shape pass dataformats="NTHWC"' if width in (1, 3) else ""
        raise UnsupportedValue(
            f"vid_tensor: expected 1 or 3 channels, got {channels} in {_AXES} {shape}{cure}"
        )
    rows = 2 ** ((count.bit_length() - 1) // 2)
    columns = 2 ** (count - 1).bit_length() // rows
    if max(rows * height, columns * width) > _MAX_SIDE:
        raise UnsupportedValue(
            f"vid_tensor: expected frames of at most {_MAX_SIDE} pixels a side, got {rows * height} x {columns * width}"
        )
