"""A model's graph as plain nodes, and its encoding as GraphDef and RunMetadata. export.py and script.py make the nodes.

The name of a node is its place: `Net/Sequential[features]/Conv2d[0]/conv2d`. TensorBoard shows every part before a "/"
as a box, so the boxes are the model's modules.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape.convert import protobuf

if TYPE_CHECKING:
    from collections.abc import Iterable

# tensorboard/compat/proto/types.proto, by torch's names.
_DATA_TYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "uint16": 17,
    "complex128": 18,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
    "float8_e5m2": 24,
    "float8_e4m3fn": 25,
}
# TensorBoard's page reads names from protobuf's text format and splits them at "/", ":" and "^".
_NOT_IN_NAMES = re.compile(r"[^\w.\-\[\]]")
_PRODUCER = 22  # as in torch/utils/tensorboard/_pytorch_graph.py
_RUN_TAG = "step1"  # torch's name for the one run it describes
_INT64 = range(-(2**63), 2**63)


class Shape(NamedTuple):
    """What is known of a tensor: `dims`, or None; `dtype` by torch's name, or ""."""

    dims: tuple[int, ...] | None = None
    dtype: str = ""
    n_bytes: int = 0


class Ref(NamedTuple):
    """One output of a node."""

    node: str
    slot: int = 0

    def __str__(self) -> str:
        return f"{self.node}:{self.slot}" if self.slot else self.node


@dataclass
class Node:
    """One operation, parameter, input or output."""

    name: str
    op: str
    inputs: list[str]
    outputs: list[Shape]
    attributes: dict[str, Any] = field(default_factory=dict)
    device: str = ""  # by torch's name: "cpu", "cuda:0"


class Graph:
    """Nodes with unique names, in the boxes of a model's modules.

    Args:
        model: the torch module; its class is the outermost box.
    """

    def __init__(self, model: Any) -> None:
        self.nodes: list[Node] = []
        self._model = model
        self._scopes: dict[str, str] = {"": part(class_name(model))}
        self._taken: set[str] = set()

    def scope(self, path: str) -> str:
        """The box of the module at `path` ("features.0"; "" is the model): class and attribute name of each level."""
        if path not in self._scopes:
            parent, _, attribute = path.rpartition(".")
            module: Any = self._model
            for name in path.split("."):
                module = getattr(module, name, None)
            box = part(attribute) if module is None else f"{part(class_name(module))}[{part(attribute)}]"
            self._scopes[path] = f"{self.scope(parent)}/{box}"
        return self._scopes[path]

    def unique(self, scope: str, leaf: str) -> str:
        """A name for `leaf` in a box; if another node has it, with a number at its end."""
        return take(f"{scope}/{part(leaf)}", self._taken)

    def add(
        self, scope: str, leaf: str, op: str, inputs: list[Ref], outputs: list[Shape], **rest: Any
    ) -> Node:
        """Adds a node to a box."""
        node = Node(self.unique(scope, leaf), op, [str(ref) for ref in inputs], outputs, **rest)
        self.nodes.append(node)
        return node

    def graph_def(self) -> bytes:
        """The nodes as a GraphDef."""
        return graph_def(self.nodes)

    def run_metadata(self) -> bytes:
        """The memory of each node's outputs, for the page's colours by memory. torch writes a device without nodes.

        tensorboard/compat/proto/config.proto: RunMetadata.step_stats 1; step_stats.proto: StepStats.dev_stats 1,
        DeviceStepStats.device 1, node_stats 2.
        """
        devices: dict[str, list[bytes]] = {}
        for node in self.nodes:
            devices.setdefault(_device(node.device or "cpu"), []).append(
                protobuf.bytes_field(2, _node_stats(node))
            )
        stats = b"".join(
            protobuf.bytes_field(1, protobuf.bytes_field(1, device.encode()) + b"".join(nodes))
            for device, nodes in devices.items()
        )
        return protobuf.bytes_field(1, stats)


def graph_def(nodes: Iterable[Node]) -> bytes:
    """tensorboard/compat/proto/graph.proto: node 1, versions 4 (versions.proto: producer 1)."""
    encoded = b"".join(protobuf.bytes_field(1, _node_def(node)) for node in nodes)
    return encoded + protobuf.bytes_field(4, protobuf.int_field(1, _PRODUCER))


def graph_event(graph: bytes, wall_time: float) -> bytes:
    """The Event of a GraphDef; event.proto: wall_time 1, graph_def 4."""
    return protobuf.double_field(1, wall_time) + protobuf.bytes_field(4, graph)


def run_metadata_event(run_metadata: bytes, wall_time: float) -> bytes:
    """The Event of a RunMetadata; event.proto: tagged_run_metadata 8 (tag 1, run_metadata 2)."""
    tagged = protobuf.text_field(1, _RUN_TAG) + protobuf.bytes_field(2, run_metadata)
    return protobuf.double_field(1, wall_time) + protobuf.bytes_field(8, tagged)


def take(base: str, taken: set[str]) -> str:
    """Adds `base` to the names that are taken; if it is, then with the first number that makes it unique."""
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def part(text: str) -> str:
    """`text` as one part of a name."""
    return _NOT_IN_NAMES.sub("_", text) or "_"


def class_name(module: Any) -> str:
    """The class name of a module; the original one if torch.jit has made a new class."""
    return str(getattr(module, "original_name", None) or type(module).__name__)


def add_outputs(graph: Graph, named: list[tuple[str, Ref]]) -> None:
    """Adds a node in the box "output" for each result of the model."""
    shapes = {node.name: node.outputs for node in graph.nodes}
    for name, ref in named:
        graph.add("output", name, "IO Node", [ref], shapes[ref.node][ref.slot : ref.slot + 1])


def _device(name: str) -> str:
    kind, _, index = name.partition(":")
    return f"/device:{'GPU' if kind == 'cuda' else kind.upper()}:{index or 0}"


def _node_def(node: Node) -> bytes:
    """node_def.proto: name 1, op 2, input 3, device 4, attr 5 (a map: key 1, value 2)."""
    attributes = {name: _attr_value(value) for name, value in node.attributes.items() if value is not None}
    known = [shape for shape in node.outputs if shape.dims is not None]
    if node.outputs and len(known) == len(node.outputs):
        shapes = b"".join(protobuf.bytes_field(7, _shape(shape.dims)) for shape in known)
        attributes["_output_shapes"] = protobuf.bytes_field(1, shapes)
    if node.outputs and node.outputs[0].dtype:
        attributes["dtype"] = _dtype(node.outputs[0].dtype)
    entries = (
        protobuf.bytes_field(1, key.encode()) + protobuf.bytes_field(2, attributes[key]) for key in attributes
    )
    return b"".join(
        (
            protobuf.bytes_field(1, node.name.encode()),
            protobuf.bytes_field(2, node.op.encode()),
            *(protobuf.bytes_field(3, wire.encode()) for wire in node.inputs),
            protobuf.bytes_field(4, _device(node.device).encode()) if node.device else b"",
            *(protobuf.bytes_field(5, entry) for entry in entries),
        )
    )


def _attr_value(value: Any) -> bytes:
    """attr_value.proto: list 1, s 2, i 3, f 4, b 5; the same numbers inside lists. Other values become text."""
    if isinstance(value, (list, tuple)):
        kinds = {type(item) for item in value}
        if kinds <= {int} or kinds <= {float} or kinds <= {bool} or kinds <= {str}:
            return protobuf.bytes_field(1, b"".join(_one(item) for item in value))
        return _one(str(list(value)))
    return _one(value)


def _one(value: Any) -> bytes:
    if isinstance(value, bool):
        return protobuf.varint(5 << 3 | protobuf.VARINT) + protobuf.varint(
            value
        )  # in a oneof, so 0 is written
    if type(value) is int and value in _INT64:
        return protobuf.varint(3 << 3 | protobuf.VARINT) + protobuf.varint(value)
    if isinstance(value, float):
        return protobuf.varint(4 << 3 | protobuf.FIXED32) + _float32(value)
    return protobuf.bytes_field(2, str(value).encode("utf-8", "replace"))


def _float32(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def _dtype(name: str) -> bytes:
    """The field `type` 6; for a type that TensorFlow does not have, its name."""
    number = _DATA_TYPES.get(name)
    return _one(name) if number is None else protobuf.int_field(6, number)


def _shape(dims: tuple[int, ...] | None) -> bytes:
    """tensor_shape.proto: dim 2 (size 1)."""
    return b"".join(protobuf.bytes_field(2, protobuf.int_field(1, size)) for size in dims or ())


def _node_stats(node: Node) -> bytes:
    """step_stats.proto: NodeExecStats.node_name 1, memory 6, output 7 (slot 1, tensor_description 3).

    The page adds up `memory` (AllocatorMemoryUsed: allocator_name 1, total_bytes 2) and shows the shapes of `output`.
    """
    outputs = b""
    for slot, shape in enumerate(node.outputs):
        # tensor_description.proto: dtype 1, shape 2, allocation_description 4 (requested_bytes 1, allocated_bytes 2)
        size = protobuf.int_field(1, shape.n_bytes) + protobuf.int_field(2, shape.n_bytes)
        tensor = (
            protobuf.int_field(1, _DATA_TYPES.get(shape.dtype, 0))
            + protobuf.bytes_field(2, _shape(shape.dims))
            + protobuf.bytes_field(4, size)
        )
        outputs += protobuf.bytes_field(7, protobuf.int_field(1, slot) + protobuf.bytes_field(3, tensor))
    total = sum(shape.n_bytes for shape in node.outputs)
    memory = protobuf.bytes_field(1, (node.device or "cpu").encode()) + protobuf.int_field(2, total)
    return protobuf.bytes_field(1, node.name.encode()) + protobuf.bytes_field(6, memory) + outputs
