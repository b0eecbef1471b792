"""add_mesh: point clouds and triangles for TensorBoard's mesh page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, notices, protobuf

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from tickertape.writer.file_writer import GetWriter

# tensorboard/plugins/mesh/plugin_data.proto, enum ContentType, in the order of the values.
CONTENT_TYPES = {"VERTEX": 1, "FACE": 2, "COLOR": 3}
_FLOAT = 1  # tensorboard/compat/proto/types.proto, DT_FLOAT
_RANK = 3
# The page keeps the corners of triangles in a Uint16Array (tensorboard 2.21, index.js, _createMesh).
MOST_VERTICES_WITH_FACES = 2**16
# faces become float32, which has every whole number up to this one.
_MOST_VERTICES = 2**24
_MOST_COLOR = 255  # the page's colours are uint8 (tensorboard/plugins/mesh/mesh_plugin.py, _serve_mesh_data)


_ARGUMENTS = {"VERTEX": "vertices", "FACE": "faces", "COLOR": "colors"}


class Shown(NamedTuple):
    """What the page takes from the first event of a tag for all of them."""

    meshes: int
    parts: frozenset[str]
    config: str


def add_mesh(
    get_writer: GetWriter,
    ends: Mapping[str, str],
    first: dict[str, Shown],
    tag: str,
    content: tuple[Any, Any, Any, Any],
    global_step: Any,
    walltime: Any,
) -> None:
    """See SummaryWriter.add_mesh; `content` has its arrays and config_dict, `ends` is SummaryWriter's `_mesh_tags`.

    `first` is what the first event of each tag was; a new tag is added to it.
    """
    check.string(tag, "tag")
    vertices, colors, faces, config_dict = content
    tensors = {"VERTEX": _triples(vertices, "vertices")}
    count = tensors["VERTEX"].shape[1]
    if faces is not None:
        tensors["FACE"] = _triples(faces, "faces")
        _check_faces(tensors["FACE"], tensors["VERTEX"].shape)
    if colors is not None:
        tensors["COLOR"] = _triples(colors, "colors")
        if tensors["COLOR"].shape != tensors["VERTEX"].shape:
            raise UnsupportedValue(
                f"colors: expected one for each of {count} vertices, {tensors['VERTEX'].shape}, "
                f"got {tensors['COLOR'].shape}"
            )
    config = _json(config_dict)
    _warn_of_what_is_hidden(tag, tensors)
    shown = Shown(tensors["VERTEX"].shape[0], frozenset(tensors), config)
    _warn_of_change(tag, first.setdefault(tag, shown), shown)
    components = sum(1 << CONTENT_TYPES[kind] for kind in tensors)
    # summary.proto: Summary.value 1
    summary = b"".join(
        protobuf.bytes_field(1, _value(tag, ends[kind], kind, tensor, components, config))
        for kind, tensor in tensors.items()
    )
    get_writer().add_summary(summary, global_step, walltime)


def _triples(value: Any, name: str) -> npt.NDArray[np.float32]:
    array = arrays.as_floats(value, name)
    if array.ndim != _RANK or array.shape[2] != _RANK or 0 in array.shape:
        cure = f"; add the axis of the batch: {name}[None]" if array.shape[1:] == (_RANK,) else ""
        raise UnsupportedValue(f"{name}: expected [B, N, 3], got shape {array.shape}{cure}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _check_faces(faces: npt.NDArray[np.float32], vertices: tuple[int, ...]) -> None:
    """Raises ValueError if a face does not name three vertices of its own batch."""
    if faces.shape[0] != vertices[0]:
        raise UnsupportedValue(
            f"faces: expected a batch of {vertices[0]}, as vertices have, got {faces.shape[0]}"
        )
    if vertices[1] > _MOST_VERTICES:
        raise UnsupportedValue(
            f"faces: expected at most {_MOST_VERTICES} vertices, whose numbers float32 can hold, got {vertices[1]}"
        )
    inside = (faces >= 0) & (faces < vertices[1]) & (faces == np.floor(faces))
    if not inside.all():
        bad = faces[~inside][0]
        raise UnsupportedValue(f"faces: expected whole numbers from 0 to {vertices[1] - 1}, got {bad:g}")


def _warn_of_what_is_hidden(tag: str, tensors: dict[str, npt.NDArray[np.float32]]) -> None:
    vertices = tensors["VERTEX"]
    if not np.isfinite(vertices).all():
        notices.warn_once_a_tag(
            "vertices",
            tag,
            "vertices: expected finite numbers in float32, got NaN or infinity; the page shows nothing of such a mesh",
        )
    if "FACE" in tensors and tensors["FACE"].max() >= MOST_VERTICES_WITH_FACES:
        notices.warn_once_a_tag(
            "faces",
            tag,
            f"faces: expected at most {MOST_VERTICES_WITH_FACES} vertices in a mesh with triangles, got {vertices.shape[1]}; "
            "the page counts on from 0 and draws other triangles; reduce the mesh, or leave faces out",
        )
    colors = tensors.get("COLOR")
    if colors is None:
        return
    if not (np.min(colors) >= 0 and np.max(colors) <= _MOST_COLOR):  # false for NaN too
        notices.warn_once_a_tag(
            "colors",
            tag,
            f"colors: expected numbers from 0 to {_MOST_COLOR}, got others, which the page cuts to 8 bits",
        )
    elif 0 < np.max(colors) <= 1 and (colors != np.floor(colors)).any():
        notices.warn_once_a_tag(
            "colors",
            tag,
            f"colors: expected 0 to {_MOST_COLOR}, got 0 to 1, which the page shows as black; multiply by 255",
        )


def _warn_of_change(tag: str, first: Shown, now: Shown) -> None:
    """The page reads all of this from the first event of a tag (mesh_plugin.py, _instance_tag_metadata)."""
    changes = []
    if now.meshes != first.meshes:
        changes.append(
            f"vertices: expected {first.meshes} meshes, as at this tag's first step, got {now.meshes}"
        )
    if more := sorted(now.parts - first.parts):
        changes.append(f"{_ARGUMENTS[more[0]]}: expected None, as at this tag's first step, got an array")
    if now.config != first.config:
        changes.append("config_dict: expected that of this tag's first step, got another")
    for change in changes:
        notices.warn_once_a_tag(
            change.partition(":")[0] + " change",
            tag,
            f"{change}; the page takes it from the first step; use another tag",
        )


def _json(config_dict: Any) -> str:
    if config_dict is None:
        return "{}"
    import json  # noqa: PLC0415  # few configure

    try:
        return json.dumps(config_dict, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsupportedType(
            f"config_dict: expected what JSON can hold, got something else ({check.text_of(error)})"
        ) from error


def _value(
    tag: str, end: str, kind: str, tensor: npt.NDArray[np.float32], components: int, config: str
) -> bytes:
    """summary.proto, message Summary.Value: tag 1, tensor 8, metadata 9."""
    # tensor.proto: dtype 1, tensor_shape 2 (dim 2, size 1), float_val 5
    dims = b"".join(protobuf.bytes_field(2, protobuf.int_field(1, size)) for size in tensor.shape)
    proto = (
        protobuf.int_field(1, _FLOAT)
        + protobuf.bytes_field(2, dims)
        + protobuf.bytes_field(5, tensor.tobytes())
    )
    # plugin_data.proto, MeshPluginData: name 2, content_type 3, json_config 5, shape 6, components 7; version is 0
    content = (
        protobuf.text_field(2, tag)
        + protobuf.int_field(3, CONTENT_TYPES[kind])
        + protobuf.text_field(5, config)
        + protobuf.bytes_field(6, b"".join(map(protobuf.varint, tensor.shape)))
        + protobuf.int_field(7, components)
    )
    # summary.proto, SummaryMetadata: plugin_data 1 (plugin_name 1, content 2)
    plugin = protobuf.text_field(1, "mesh") + protobuf.bytes_field(2, content)
    return (
        protobuf.text_field(1, tag + end)
        + protobuf.bytes_field(8, proto)
        + protobuf.bytes_field(9, protobuf.bytes_field(1, plugin))
    )
