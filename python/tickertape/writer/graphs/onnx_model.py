"""ONNX models to the nodes of TensorBoard's graph page. Imports onnx."""

from __future__ import annotations

import importlib
import os
from typing import Any

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, paths
from tickertape.writer.graphs.node_names import NodeNames
from tickertape.writer.graphs.nodes import Node, Ref, Shape

try:
    onnx: Any = importlib.import_module("onnx")  # without types in some of its versions
except ImportError as error:
    raise ImportError("add_onnx_graph needs the package onnx: pip install onnx") from error

# onnx/onnx.proto, enum TensorProto.DataType, by torch's names. torch writes the numbers as TensorFlow's, which differ.
_TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    19: "float8_e5m2",
}
_MAX_TEXT = 1000  # characters of a node's settings: a list of weights would be megabytes
_UNKNOWN = -1  # a dimension; tensorboard/compat/proto/tensor_shape.proto


def nodes(model: Any) -> list[Node]:
    """The nodes of `model`: inputs, weights that are used, operations, outputs.

    Raises:
        TypeError, ValueError: `model` is no ONNX model, nor the path of one.
    """
    graph = _load(model).graph
    names = NodeNames()
    shapes = {info.name: _value_shape(info) for info in (*graph.input, *graph.value_info, *graph.output)}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    made: list[Node] = []
    producers: dict[str, Ref] = {}

    def add(name: str, otherwise: str, op: str, inputs: list[str], outputs: list[str], text: str) -> None:
        refs = [str(producers[wire]) for wire in inputs if wire in producers]
        unique = names.unique(name, otherwise)
        known = [shapes.get(wire, Shape()) for wire in outputs]
        made.append(Node(unique, op, refs, known, {"parameters": text} if text else {}))
        producers.update((wire, Ref(unique, slot)) for slot, wire in enumerate(outputs) if wire)

    for info in graph.input:
        if info.name not in weights:  # old models list their weights among the inputs too
            add(info.name, "input", "Input", [], [info.name], "")
    used = {wire for node in graph.node for wire in node.input}
    for name, tensor in weights.items():
        if name in used:
            shapes[name] = Shape(tuple(tensor.dims), _TYPES.get(tensor.data_type, ""))
            add(name, "weight", "Const", [], [name], "")
    for node in graph.node:
        text = ", ".join(onnx.helper.printable_attribute(attribute) for attribute in node.attribute)
        name = node.name or next(iter(node.output), "")
        add(name, node.op_type, node.op_type, list(node.input), list(node.output), text[:_MAX_TEXT])
    for info in graph.output:
        add(f"output/{info.name}", "output", "Output", [info.name], [], "")
    return made


def _load(model: Any) -> Any:
    if isinstance(model, onnx.ModelProto):
        return model
    if not isinstance(model, (str, os.PathLike)) and not hasattr(model, "read"):
        raise UnsupportedType(f"prototxt: expected a path or an ONNX model, got {check.type_name(model)}")
    source = paths.text(model, "prototxt") if isinstance(model, (str, os.PathLike)) else model
    try:
        loaded = onnx.load(source, load_external_data=False)
    except OSError:
        raise
    except Exception as error:  # the error classes of protobuf differ between its versions
        raise UnsupportedValue(
            f"prototxt: expected an ONNX model, got another file ({check.text_of(error)})"
        ) from error
    if not loaded.HasField("graph"):
        raise UnsupportedValue("prototxt: expected an ONNX model, got one without a graph")
    return loaded


def _value_shape(info: Any) -> Shape:
    """onnx/onnx.proto, ValueInfoProto."""
    tensor = info.type.tensor_type
    if not info.type.HasField("tensor_type"):
        return Shape()
    dtype = _TYPES.get(tensor.elem_type, "")
    if not tensor.HasField("shape"):
        return Shape(None, dtype)
    dims = (dim.dim_value if dim.HasField("dim_value") else _UNKNOWN for dim in tensor.shape.dim)
    return Shape(tuple(dims), dtype)
