"""SummaryWriter.add_tensor: any array as it is."""

from __future__ import annotations

from typing import Any

from tickertape import _convert
from tickertape._part import WriterPart

_MAX_BYTES = 2**31 - 1  # protobuf's limit for a message


class TensorMethods(WriterPart):
    """Whole arrays."""

    def add_tensor(self, tag: str, tensor: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Writes an array with its shape and element type (plugin "tensor").

        Args:
            tag: name of the series.
            tensor: numbers, bools or complex numbers (64 and 128 bits), any shape, below 2 GiB. torch takes its own
                tensors only, and writes float32 bits where half and bfloat16 bits belong.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, tensor_proto.
        """
        array, dtype = _convert.as_array(tensor, "tensor", exact=True)
        if array.nbytes > _MAX_BYTES:
            raise ValueError(f"tensor: expected less than 2 GiB, got {array.nbytes} bytes")
        self._event_writer().add_tensor(tag, array, dtype, array.shape, "tensor", b"", global_step, walltime)
