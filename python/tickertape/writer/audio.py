"""SummaryWriter.add_audio: samples are snapshot here; the core writes the WAV file."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from tickertape.convert import arrays, check, deferred
from tickertape.writer.part import WriterPart

_STEREO = 2
_MAX_RATE = (2**32 - 1) // 4  # WAV stores bytes a second in 32 bits: 2 bytes a sample, 2 channels


class AudioMethods(WriterPart):
    """Sounds."""

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Any = None,
        sample_rate: float = 44100,
        walltime: Any = None,
        *,
        copy: bool = True,
    ) -> None:
        """Writes a sound as a WAV file of 16 bits a sample.

        Values beyond [-1, 1] are clipped, with a warning unless they are on an accelerator; then they are multiplied by 32,767 and truncated. NaN is
        silence.

        Args:
            tag: name of the series.
            snd_tensor: [L] or anything that is [L] once axes of length 1 are taken away, as torch does; or [L, 2] for
                stereo, as tensorboardX does.
            global_step: int64; None is 0.
            sample_rate: samples a second, at least 1; rounded to a whole number, as Python's `wave` does for torch.
            walltime: seconds since the epoch; None is now.
            copy: False reads a read-only NumPy array where it is, later; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py and tensorboardX/summary.py, audio.
        """
        array, dtype, late = deferred.as_deferred_array(snd_tensor, "snd_tensor", copy=copy)
        samples = _frames(array)
        rate = check.real(sample_rate, "sample_rate")
        if not 1 <= rate <= _MAX_RATE:  # NaN is not
            raise ValueError(f"sample_rate: expected 1 to {_MAX_RATE} samples a second, got {rate}")
        if deferred.is_readable(late) and _exceeds_one(samples, dtype):
            warnings.warn(
                f"snd_tensor: values outside [-1, 1] are clipped in the sound {tag!r}",
                UserWarning,
                stacklevel=2,
            )
        self._event_writer().add_audio(tag, samples, dtype, round(rate), global_step, walltime, late=late)


def _frames(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array` as [frames, channels].

    Raises:
        ValueError: it is neither [L] nor [L, 2], or empty.
    """
    squeezed = array.squeeze()
    if squeezed.size == 0:
        raise ValueError(f"snd_tensor: expected samples, got shape {array.shape}")
    if squeezed.ndim <= 1:
        return squeezed.reshape(-1, 1)
    if squeezed.ndim == _STEREO and squeezed.shape[1] == _STEREO:
        return squeezed
    raise ValueError(f"snd_tensor: expected [L] or [L, 2], samples first, got shape {array.shape}")


def _exceeds_one(samples: npt.NDArray[Any], dtype: str) -> bool:
    values = arrays.widened(samples, dtype)
    # Not abs(): the least integer of a type has no positive one. fmax and fmin pass over NaN.
    return bool(np.fmax.reduce(values, axis=None) > 1 or np.fmin.reduce(values, axis=None) < -1)
