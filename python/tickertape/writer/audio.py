"""add_audio: the samples are converted here; the core writes the WAV file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape._core import UnsupportedValue
from tickertape.convert import arrays, check, deferred, notices
from tickertape.writer import tags

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape.writer.file_writer import GetWriter

_STEREO = 2
# Chromium plays no others (media/base/limits.h, kMinSampleRate and kMaxSampleRate; tried with Chromium 156).
LOWEST_RATE_PLAYED, HIGHEST_RATE_PLAYED = 3_000, 768_000
_MAX_RATE = (2**32 - 1) // 4  # WAV stores bytes a second in 32 bits: 2 bytes a sample, 2 channels


def add_audio(
    get_writer: GetWriter,
    tag: str,
    snd_tensor: Any,
    global_step: Any,
    sample_rate: Any,
    walltime: Any,
    *,
    copy: bool,
) -> None:
    """See SummaryWriter.add_audio."""
    array, dtype, source = deferred.as_deferred_array(snd_tensor, "snd_tensor", copy=copy)
    samples = _frames(array)
    rate = check.real(sample_rate, "sample_rate")
    if not 1 <= rate <= _MAX_RATE:  # NaN is not
        raise UnsupportedValue(f"sample_rate: expected 1 to {_MAX_RATE} samples a second, got {rate}")
    if not LOWEST_RATE_PLAYED <= round(rate) <= HIGHEST_RATE_PLAYED:
        notices.warn_once_a_tag(
            "sample_rate",
            tag,
            f"sample_rate: expected {LOWEST_RATE_PLAYED} to {HIGHEST_RATE_PLAYED}, got {round(rate)}, which browsers do not "
            "play; resample the sound",
        )
    if "float" in dtype and deferred.is_readable(source) and _exceeds_one(samples, dtype):
        notices.warn(
            f"snd_tensor: expected samples within [-1, 1], got others in {tag!r} at step {check.step(global_step)}, which are clipped"
        )
    tags.warn_of_blob(tag)
    get_writer().add_audio(tag, samples, dtype, round(rate), global_step, walltime, source=source)


def _frames(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array` as [frames, channels].

    Raises:
        ValueError: it is neither [L] nor [L, 2], or empty.
    """
    squeezed = array.squeeze()
    if squeezed.size == 0:
        raise UnsupportedValue(f"snd_tensor: expected samples, got shape {array.shape}")
    if squeezed.ndim <= 1:
        return squeezed.reshape(-1, 1)
    if squeezed.ndim == _STEREO and squeezed.shape[1] == _STEREO:
        return squeezed
    cure = "; transpose it" if squeezed.ndim == _STEREO and squeezed.shape[0] == _STEREO else ""
    raise UnsupportedValue(
        f"snd_tensor: expected [L] or [L, 2], samples first, got shape {array.shape}{cure}"
    )


def _exceeds_one(samples: npt.NDArray[Any], dtype: str) -> bool:
    values = arrays.widened(samples, dtype)
    # Not abs(): the least integer of a type has no positive counterpart. fmax and fmin ignore NaN.
    return bool(np.fmax.reduce(values, axis=None) > 1 or np.fmin.reduce(values, axis=None) < -1)
