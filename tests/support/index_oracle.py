"""What an index of an event file must hold, from the events that protobuf and TensorBoard read. Nothing here is ours."""

import ml_dtypes
import numpy as np
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_BFLOAT16, DT_UINT16
from tensorboard.util import tensor_util

from support import oracle

_PLUGINS = {"mesh": "meshes"} | {
    name: name
    for name in ("scalars", "histograms", "images", "audio", "text", "pr_curves", "hparams", "custom_scalars")
}
_QUANTISED = (
    11,
    12,
    13,
    15,
    16,
)  # DT_QINT8, ...: what number they stand for depends on a scale that is elsewhere
_OLD_STYLE = {"image": "images", "histo": "histograms", "audio": "audio"}
_EVENTS = {
    "graph_def": "graphs",
    "meta_graph_def": "meta_graphs",
    "tagged_run_metadata": "run_metadata",
    "log_message": "log_messages",
}


def number(proto):
    """The number of a tensor of one element, by TensorBoard's make_ndarray; None: it is another tensor.

    make_ndarray needs TensorFlow for bfloat16; ml_dtypes has it too.
    """
    if proto.dtype in _QUANTISED:
        return None
    bits = None
    if proto.dtype == DT_BFLOAT16:
        bits = TensorProto(
            dtype=DT_UINT16, tensor_shape=proto.tensor_shape, tensor_content=proto.tensor_content
        )
        if not proto.tensor_content:
            bits.tensor_content = np.array(proto.half_val, np.int64).astype("<u2").tobytes()
    try:
        array = np.asarray(tensor_util.make_ndarray(proto if bits is None else bits))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    array = array if bits is None else array.view(ml_dtypes.bfloat16).astype(np.float64)
    is_number = array.size == 1 and array.dtype.kind not in "cSOU"
    return float(array.astype(np.float64).item()) if is_number else None


def series(events):
    """(tag, kind) to rows, in the order of their first values.

    A row is (ordinal, step, wall time, number) of a scalar, (ordinal, step, wall time, position, field) of another value.
    """
    found, plugins = {}, {}
    for ordinal, event in enumerate(events):
        at = (ordinal, event.step, event.wall_time)
        what = event.WhichOneof("what")
        if what in _EVENTS:
            tag = event.tagged_run_metadata.tag if what == "tagged_run_metadata" else ""
            found.setdefault((tag, _EVENTS[what]), []).append((*at, -1, 0))
        for position, value in enumerate(event.summary.value):
            content = value.WhichOneof("value")
            tag = value.tag or (value.node_name if content == "tensor" else "")
            if value.HasField("metadata"):
                plugins.setdefault(tag, value.metadata.plugin_data.plugin_name)
            plugin = plugins.get(tag, "")
            kind = _PLUGINS.get(plugin, "tensors")
            scalar = None
            if content == "simple_value":
                scalar = value.simple_value
            elif content == "tensor" and (plugin == "" or kind == "scalars"):
                scalar = number(value.tensor)
            if scalar is not None:
                found.setdefault((tag, "scalars"), []).append((*at, scalar))
                continue
            if content != "tensor" and content not in _OLD_STYLE and not plugin:
                continue
            kind = _OLD_STYLE.get(content, "tensors" if kind == "scalars" else kind)
            field = 0 if content is None else value.DESCRIPTOR.fields_by_name[content].number
            found.setdefault((tag, kind), []).append((*at, position, field))
    return found


def rows(one):
    """The rows of a Series of ours in the same form."""
    at = (one.ordinal.tolist(), one.step.tolist(), one.wall_time.tolist())
    rest = (one.value.tolist(),) if one.kind == "scalars" else (one.position.tolist(), one.field.tolist())
    return list(zip(*at, *rest, strict=True))


def of_index(index):
    """Every Series of an index of ours."""
    return {(one.tag, one.kind): rows(one) for one in index.series}


def of_file(path):
    """The events of a whole file, as the index must have them."""
    return series(oracle.load(path))
