"""add_tensor and write: any array unchanged, for the tensor page or for any plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, deferred, protobuf
from tickertape.writer import texts as text_plugin

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape.writer.file_writer import GetWriter


def add_tensor(
    get_writer: GetWriter, tag: str, tensor: Any, global_step: Any, walltime: Any, *, copy: bool
) -> None:
    """See SummaryWriter.add_tensor."""
    array, dtype, source = deferred.as_deferred_array(tensor, "tensor", exact=True, copy=copy)
    check.message_bytes(array.nbytes, "tensor")
    get_writer().add_tensor(
        tag, array, dtype, array.shape, "tensor", b"", global_step, walltime, source=source
    )


def write(
    get_writer: GetWriter, tag: str, tensor: Any, metadata: Any, global_step: Any, walltime: Any
) -> None:
    """See SummaryWriter.write."""
    about = _metadata(metadata)
    texts = _texts(tensor)
    values: Any = None
    source = None
    if texts is not None:
        values, dtype, shape = [_utf8(text) for text in texts.flat], "string", texts.shape
        check.message_bytes(sum(map(len, values)), "tensor")
    else:
        values, dtype, source = deferred.as_deferred_array(tensor, "tensor", exact=True)
        shape = values.shape
        check.message_bytes(values.nbytes, "tensor")
    plugin = about.plugin_data
    if plugin.plugin_name == text_plugin.PLUGIN:
        if texts is None:
            raise UnsupportedType(
                "metadata: expected a plugin that shows numbers, got 'text'; pass texts as tensor"
            )
        text_plugin.check_table(values, shape, tag)
    get_writer().add_tensor(
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
        source=source,
    )


def _metadata(metadata: Any) -> _core.SummaryMetadata:
    """The argument `metadata` as a SummaryMetadata message."""
    if metadata is None:
        return _core.SummaryMetadata()
    if isinstance(metadata, str):
        metadata = _plugin(check.string(metadata, "metadata"))
    data = protobuf.serialised(metadata, "metadata")
    try:
        message = _core.SummaryMetadata(data)
    except ValueError as error:
        raise UnsupportedValue(
            f"metadata: expected a SummaryMetadata message, got other bytes ({check.text_of(error)})"
        ) from error
    if message.data_class < 0:
        raise UnsupportedValue("metadata: expected a SummaryMetadata message, got one of another kind")
    return message


def _plugin(name: str) -> bytes:
    # summary.proto, SummaryMetadata: plugin_data 1 (plugin_name 1)
    return protobuf.bytes_field(1, protobuf.text_field(1, name))


def _texts(tensor: Any) -> npt.NDArray[Any] | None:
    """`tensor` as an array of str and bytes objects; None if it holds anything else."""
    if isinstance(tensor, (str, bytes)):
        array = np.empty((), object)
        array[()] = tensor
        return array
    if not isinstance(tensor, (list, tuple, np.ndarray)):
        return None
    if isinstance(tensor, np.ndarray) and tensor.dtype.kind not in "OSU":
        return None  # numbers: an array of objects would take ten times their memory
    try:
        array = np.array(tensor, object)
    except ValueError:
        return None
    is_text = array.size > 0 and all(isinstance(item, (str, bytes)) for item in array.flat)
    return array if is_text else None


def _utf8(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else check.string(text, "tensor").encode()
