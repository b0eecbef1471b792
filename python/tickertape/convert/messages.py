"""Protobuf messages as plain objects: fields are named by a table and decoded when one is first asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape.convert import protobuf

if TYPE_CHECKING:
    from collections.abc import Callable


class Field(NamedTuple):
    """One field of a message: its name, what it holds, and the oneof it belongs to ("" for none)."""

    name: str
    kind: str  # int, bool, float, double, string, bytes, or the name of a message
    repeated: bool = False
    oneof: str = ""


def _many(name: str, kind: str) -> Field:
    return Field(name, kind, repeated=True)


def _value(name: str, kind: str) -> Field:
    return Field(name, kind, oneof="value")


# Field numbers from tensorboard/compat/proto: summary.proto, histogram.proto, tensor.proto, tensor_shape.proto,
# event.proto.
SCHEMAS: dict[str, dict[int, Field]] = {
    "Value": {
        1: Field("tag", "string"),
        2: _value("simple_value", "float"),
        3: _value("obsolete_old_style_histogram", "bytes"),
        4: _value("image", "Image"),
        5: _value("histo", "HistogramProto"),
        6: _value("audio", "Audio"),
        7: Field("node_name", "string"),
        8: _value("tensor", "TensorProto"),
        9: Field("metadata", "SummaryMetadata"),
    },
    "Image": {
        1: Field("height", "int"),
        2: Field("width", "int"),
        3: Field("colorspace", "int"),
        4: Field("encoded_image_string", "bytes"),
    },
    "Audio": {
        1: Field("sample_rate", "float"),
        2: Field("num_channels", "int"),
        3: Field("length_frames", "int"),
        4: Field("encoded_audio_string", "bytes"),
        5: Field("content_type", "string"),
    },
    "HistogramProto": {
        1: Field("min", "double"),
        2: Field("max", "double"),
        3: Field("num", "double"),
        4: Field("sum", "double"),
        5: Field("sum_squares", "double"),
        6: _many("bucket_limit", "double"),
        7: _many("bucket", "double"),
    },
    "TensorProto": {
        1: Field("dtype", "int"),
        2: Field("tensor_shape", "TensorShapeProto"),
        3: Field("version_number", "int"),
        4: Field("tensor_content", "bytes"),
        5: _many("float_val", "float"),
        6: _many("double_val", "double"),
        7: _many("int_val", "int"),
        8: _many("string_val", "bytes"),
        9: _many("scomplex_val", "float"),
        10: _many("int64_val", "int"),
        11: _many("bool_val", "bool"),
        12: _many("dcomplex_val", "double"),
        13: _many("half_val", "int"),
        16: _many("uint32_val", "int"),
        17: _many("uint64_val", "uint"),
    },
    "TensorShapeProto": {2: _many("dim", "Dim"), 3: Field("unknown_rank", "bool")},
    "Dim": {1: Field("size", "int"), 2: Field("name", "string")},
    "SummaryMetadata": {
        1: Field("plugin_data", "PluginData"),
        2: Field("display_name", "string"),
        3: Field("summary_description", "string"),
        4: Field("data_class", "int"),
    },
    "PluginData": {1: Field("plugin_name", "string"), 2: Field("content", "bytes")},
    "SessionLog": {
        1: Field("status", "int"),
        2: Field("checkpoint_path", "string"),
        3: Field("msg", "string"),
    },
    "LogMessage": {1: Field("level", "int"), 2: Field("message", "string")},
    "TaggedRunMetadata": {1: Field("tag", "string"), 2: Field("run_metadata", "bytes")},
    "SourceMetadata": {1: Field("writer", "string")},
}

_ZEROS: dict[str, Any] = {"float": 0.0, "double": 0.0, "string": "", "bytes": b"", "bool": False}
_FIXED = {"float": ("<f", 4), "double": ("<d", 8)}


class Message:
    """A protobuf message read from bytes; fields are attributes, as protobuf's Python classes have them.

    A field that is not set is its zero, an empty list, or an empty message. Repeated numbers are lists.
    """

    __slots__ = ("_data", "_schema", "_values")

    def __init__(self, kind: str, data: bytes = b"") -> None:
        self._schema = SCHEMAS[kind]
        self._data = data
        self._values: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        values = self._decoded()
        if name in values:
            return values[name]
        for field in self._schema.values():
            if field.name == name:
                return [] if field.repeated else _zero(field.kind)
        raise AttributeError(
            f"this message has no field {name!r}, only {[f.name for f in self._schema.values()]}"
        )

    def HasField(self, name: str) -> bool:  # noqa: N802  # protobuf's name
        """Whether a field that is not repeated was set; a zero that proto3 leaves out was not."""
        return name in self._decoded()

    def WhichOneof(self, oneof: str) -> str | None:  # noqa: N802  # protobuf's name
        """The name of the field that is set of a oneof."""
        set_fields = self._decoded()
        names = [
            field.name for field in self._schema.values() if field.oneof == oneof and field.name in set_fields
        ]
        return names[0] if names else None

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The bytes the message was read from."""
        return self._data

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self._decoded().items())
        return f"({inside})"

    def _decoded(self) -> dict[str, Any]:
        if self._values is None:
            self._values = _decode(self._schema, self._data)
        return self._values


def _zero(kind: str) -> Any:
    return Message(kind) if kind in SCHEMAS else _ZEROS.get(kind, 0)


def _decode(schema: dict[int, Field], data: bytes) -> dict[str, Any]:
    """Name to value of the fields that are there.

    Raises:
        ValueError: `data` is no such message.
    """
    values: dict[str, Any] = {}
    for number, wire_type, raw in protobuf.fields(data):
        field = schema.get(number)
        if field is None:
            continue
        if field.oneof:  # the last one set wins
            for other in schema.values():
                if other.oneof == field.oneof:
                    values.pop(other.name, None)
        if not field.repeated:
            values[field.name] = _one(field.kind, raw)
        elif (
            wire_type == protobuf.BYTES
            and field.kind not in ("string", "bytes")
            and field.kind not in SCHEMAS
        ):
            values.setdefault(field.name, []).extend(_packed(field.kind, raw))
        else:
            values.setdefault(field.name, []).append(_one(field.kind, raw))
    return values


def _one(kind: str, raw: int | bytes) -> Any:
    if isinstance(raw, int):
        return _INTEGERS.get(kind, _signed)(raw)
    if kind in SCHEMAS:
        return Message(kind, raw)
    if kind in _FIXED and len(raw) == _FIXED[kind][1]:
        return struct.unpack(_FIXED[kind][0], raw)[0]
    return raw.decode() if kind == "string" else raw


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


_INTEGERS: dict[str, Callable[[int], Any]] = {"bool": bool, "uint": int}


def _packed(kind: str, raw: int | bytes) -> list[Any]:
    data = raw if isinstance(raw, bytes) else b""
    if kind in _FIXED:
        code, size = _FIXED[kind]
        return list(struct.unpack(f"<{len(data) // size}{code[1]}", data))
    numbers, at = [], 0
    while at < len(data):
        value, at = protobuf.read_varint(data, at)
        numbers.append(_one(kind, value))
    return numbers
