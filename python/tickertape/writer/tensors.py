"""SummaryWriter.add_tensor and write: any array as it is, for the tensor page or for any plugin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tickertape.convert import check, deferred, protobuf
from tickertape.writer.part import WriterPart

_MAX_BYTES = 2**31 - 1  # protobuf's limit for a message


class TensorMethods(WriterPart):
    """Whole arrays."""

    def add_tensor(
        self, tag: str, tensor: Any, global_step: Any = None, walltime: Any = None, *, copy: bool = True
    ) -> None:
        """Writes an array with its shape and element type (plugin "tensor").

        Args:
            tag: name of the series.
            tensor: numbers, bools or complex numbers (64 and 128 bits), any shape, below 2 GiB. torch takes its own
                tensors only, and writes float32 bits where half and bfloat16 bits belong.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            copy: False reads a read-only NumPy array where it is, later; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, tensor_proto.
        """
        array, dtype, late = deferred.as_deferred_array(tensor, "tensor", exact=True, copy=copy)
        _check_size(array.nbytes)
        self._event_writer().add_tensor(
            tag, array, dtype, array.shape, "tensor", b"", global_step, walltime, late=late
        )

    def write(
        self, tag: str, tensor: Any, metadata: Any = None, global_step: Any = None, walltime: Any = None
    ) -> None:
        """Writes an array for any of TensorBoard's plugins, known here or not.

        Args:
            tag: name of the series.
            tensor: as in `add_tensor`; or texts: a str, bytes, or a (nested) list or array of them.
            metadata: what the plugin wants to find: a SummaryMetadata message of any protobuf package, or its bytes. A
                str is the plugin's name, with no content. None leaves metadata out.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: tf.summary.write.
        """
        about = _metadata(metadata)
        texts = _texts(tensor)
        values: Any = None
        late = None
        if texts is not None:
            values, dtype, shape = [_utf8(text) for text in texts.flat], "string", texts.shape
            _check_size(sum(map(len, values)))
        else:
            values, dtype, late = deferred.as_deferred_array(tensor, "tensor", exact=True)
            shape = values.shape
            _check_size(values.nbytes)
        plugin = about.plugin_data
        self._event_writer().add_tensor(
            tag,
            values,
            dtype,
            shape,
            plugin.plugin_name,
            plugin.content,
            global_step,
            walltime,
            about.display_name,
            about.summary_description,
            about.data_class,
            late=late,
        )


def _check_size(n_bytes: int) -> None:
    if n_bytes > _MAX_BYTES:
        raise ValueError(f"tensor: expected less than 2 GiB, got {n_bytes} bytes")


def _metadata(metadata: Any) -> Any:
    """`metadata` as a SummaryMetadata whose fields can be read."""
    from tickertape.convert.messages import Message  # noqa: PLC0415  # only who calls write() needs it

    if metadata is None:
        return Message("SummaryMetadata")
    if isinstance(metadata, str):
        metadata = _plugin(check.string(metadata, "metadata"))
    message = Message("SummaryMetadata", protobuf.serialised(metadata, "metadata"))
    try:
        plugin = message.plugin_data
        texts = (plugin.plugin_name, message.display_name, message.summary_description)
        fits = isinstance(plugin.content, bytes) and all(isinstance(text, str) for text in texts)
    except (ValueError, AttributeError) as error:
        raise ValueError(f"metadata: expected a SummaryMetadata message: {error}") from error
    if not fits or not isinstance(message.data_class, int) or message.data_class < 0:
        raise ValueError("metadata: expected a SummaryMetadata message, got one of another kind")
    return message


def _plugin(name: str) -> bytes:
    # summary.proto, SummaryMetadata: plugin_data 1 (plugin_name 1)
    return protobuf.bytes_field(1, protobuf.text_field(1, name))


def _texts(tensor: Any) -> npt.NDArray[Any] | None:
    """`tensor` as an array of str and bytes objects; None where it holds something else."""
    if isinstance(tensor, (str, bytes)):
        array = np.empty((), object)
        array[()] = tensor
        return array
    if not isinstance(tensor, (list, tuple, np.ndarray)):
        return None
    try:
        array = np.array(tensor, object)
    except ValueError:
        return None
    is_text = array.size > 0 and all(isinstance(item, (str, bytes)) for item in array.flat)
    return array if is_text else None


def _utf8(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else check.string(text, "tensor").encode()
