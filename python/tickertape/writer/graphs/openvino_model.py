"""OpenVINO models (the .xml half of their two files) to the nodes of TensorBoard's graph page."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from typing import Any

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, paths
from tickertape.writer.graphs.node_names import NodeNames
from tickertape.writer.graphs.nodes import Node, Ref, Shape

# Precisions by torch's names.
_TYPES = {
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    "BF16": "bfloat16",
    "BOOL": "bool",
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}
_UNKNOWN = -1  # a dimension, in OpenVINO's files and in TensorBoard's


def nodes(xmlname: Any) -> list[Node]:
    """A node for each layer, in the file's order; inputs in the order of the layer's ports.

    Raises:
        TypeError, ValueError: `xmlname` is no path of an OpenVINO model.
        OSError: the file cannot be read.
    """
    if not isinstance(xmlname, (str, os.PathLike)):
        raise UnsupportedType(f"xmlname: expected a path, got {check.type_name(xmlname)}")
    try:
        # It is the user's own model, and expat limits the growth of entities.
        root = ET.parse(paths.text(xmlname, "xmlname")).getroot()  # noqa: S314
    except ET.ParseError as error:
        raise UnsupportedValue(
            f"xmlname: expected an OpenVINO model in XML, got another file ({check.text_of(error)})"
        ) from error
    layers = root.findall("layers/layer")
    if not layers:
        raise UnsupportedValue("xmlname: expected an OpenVINO model, got a file without layers")
    try:
        return _nodes(layers, root.findall("edges/edge"))
    except (KeyError, ValueError) as error:
        raise UnsupportedValue(
            f"xmlname: expected an OpenVINO model, got one with an error ({error!r})"
        ) from error


def _nodes(layers: list[ET.Element], edges: list[ET.Element]) -> list[Node]:
    names = NodeNames()
    made: dict[str, Node] = {}
    slots: dict[tuple[str, str], int] = {}
    for layer in layers:
        key, op = layer.attrib["id"], layer.get("type", "")
        ports = layer.findall("output/port")
        slots.update(((key, port.attrib["id"]), slot) for slot, port in enumerate(ports))
        data = layer.find("data")
        text = (
            ", ".join(f"{name} = {value}" for name, value in data.attrib.items()) if data is not None else ""
        )
        outputs = [_shape(port, layer.get("precision", "")) for port in ports]
        unique = names.unique(layer.get("name", ""), op or "layer")
        made[key] = Node(unique, op, [], outputs, {"parameters": text} if text else {})
    for edge in sorted(edges, key=lambda edge: int(edge.get("to-port", "0"))):
        source = edge.attrib["from-layer"]
        slot = slots.get((source, edge.get("from-port", "")), 0)
        made[edge.attrib["to-layer"]].inputs.append(str(Ref(made[source].name, slot)))
    return list(made.values())


def _shape(port: ET.Element, precision: str) -> Shape:
    dims = tuple(int(dim.text or _UNKNOWN) for dim in port.findall("dim"))
    return Shape(dims, _TYPES.get(port.get("precision", precision), ""))
