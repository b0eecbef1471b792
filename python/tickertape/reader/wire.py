"""The fields of protobuf messages, read from their bytes.

For messages that the native module has no class for (what plugins keep in their metadata), and for events that are edited.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Hparam = float | str | bool | None
VARINT, BYTES = 0, 2  # wire types
_FIXED64, _START_GROUP, _END_GROUP, _FIXED32 = 1, 3, 4, 5
_DEPTH = 100  # of groups, as protobuf


class Field(NamedTuple):
    """A field of a message.

    Attributes:
        number: the field number.
        wire: the wire type.
        begin: offset of its key.
        content: offset of its content, behind key and length.
        end: offset behind it.
        value: of a varint; otherwise 0.
    """

    number: int
    wire: int
    begin: int
    content: int
    end: int
    value: int


def walk(data: bytes) -> Iterator[Field]:
    """The fields of a message, in order.

    Raises:
        ValueError: `data` is no message.
    """
    at = 0
    while at < len(data):
        begin = at
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        content, at, value = _content(data, at, number, wire, 0)
        if at > len(data) or number == 0:
            raise ValueError("data: expected a protobuf message, got a field that is cut off or has number 0")
        yield Field(number, wire, begin, content, at, value)


def _content(data: bytes, at: int, number: int, wire: int, depth: int) -> tuple[int, int, int]:
    """(begin, end, value) of what follows a key."""
    if wire == VARINT:
        value, end = _varint(data, at)
        return at, end, value
    if wire == _FIXED64:
        return at, at + 8, 0
    if wire == _FIXED32:
        return at, at + 4, 0
    if wire == BYTES:
        length, at = _varint(data, at)
        return at, at + length, 0
    if wire == _START_GROUP and depth < _DEPTH:
        begin = at
        while True:
            key, at = _varint(data, at)
            if key & 7 == _END_GROUP:
                if key >> 3 != number:
                    raise ValueError(
                        "data: expected a protobuf message, got a group that ends with another number"
                    )
                return begin, at, 0
            _, at, _ = _content(data, at, key >> 3, key & 7, depth + 1)
    raise ValueError(f"data: expected a protobuf message, got wire type {wire} or groups nested too deep")


def fields(data: bytes) -> dict[int, list[int | bytes]]:
    """Field number to its values in their order: int for numbers (fixed ones as their bits), bytes for everything else.

    Raises:
        ValueError: `data` is no protobuf message.
    """
    found: dict[int, list[int | bytes]] = {}
    for field in walk(data):
        content = data[field.content : field.end]
        value: int | bytes = content
        if field.wire == VARINT:
            value = field.value
        elif field.wire in (_FIXED64, _FIXED32):
            value = int.from_bytes(content, "little")
        found.setdefault(field.number, []).append(value)
    return found


def message(of: dict[int, list[int | bytes]], number: int) -> bytes:
    """The last value of a field that holds bytes; b"" without one."""
    value = of.get(number, [b""])[-1]
    return value if isinstance(value, bytes) else b""


def text(of: dict[int, list[int | bytes]], number: int) -> str:
    """The last value of a field that holds text."""
    return message(of, number).decode(errors="replace")


def number(of: dict[int, list[int | bytes]], field: int) -> int:
    """The last value of a field that holds an int; 0 without one."""
    value = of.get(field, [0])[-1]
    return value if isinstance(value, int) else 0


def double(of: dict[int, list[int | bytes]], field: int) -> float:
    """The last value of a field that holds a double; 0 without one."""
    value: float = struct.unpack("<d", struct.pack("<Q", number(of, field) & (2**64 - 1)))[0]
    return value


def hparams(session_start: bytes) -> dict[str, Hparam]:
    """The hyperparameters of a SessionStartInfo (tensorboard/plugins/hparams/plugin_data.proto)."""
    entries = fields(session_start).get(1, [])
    return dict(_hparam(entry) for entry in entries if isinstance(entry, bytes))


def _hparam(entry: bytes) -> tuple[str, Hparam]:
    """Name and value of an entry of map<string, google.protobuf.Value>."""
    pair = fields(entry)
    value = fields(message(pair, 2))
    found: Hparam = None
    if 2 in value:
        found = double(value, 2)
    elif 3 in value:
        found = text(value, 3)
    elif 4 in value:
        found = bool(number(value, 4))
    return text(pair, 1), found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, at
        shift += 7
    raise ValueError("data: expected a protobuf message, got a varint that is cut off or too long")
