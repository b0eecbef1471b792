"""Writing protobuf messages without protobuf: the wire format of cold messages, and messages that callers pass.

The core writes the hot messages and reads all; field numbers here are named at the place of their use.
Format: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
_UINT64 = 2**64


def varint(value: int) -> bytes:
    """`value` (int64 or uint64) in groups of seven bits, the lowest first."""
    value %= _UINT64
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def int_field(number: int, value: int) -> bytes:
    """Field `number` as a varint; nothing for 0, which proto3 leaves out."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    """Field `number` with a length before it: bytes, strings and sub-messages. Written even when empty."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def double_field(number: int, value: float) -> bytes:
    """Field `number` as a float64. Written even when 0, as in a oneof."""
    return varint(number << 3 | FIXED64) + struct.pack("<d", value)


def float_field(number: int, value: float) -> bytes:
    """Field `number` as a float32, which `value` must be. Written even when 0, as in a oneof."""
    return varint(number << 3 | FIXED32) + struct.pack("<f", value)


def bool_field(number: int, *, value: bool) -> bytes:
    """Field `number` as a bool. Written even when false, as in a oneof."""
    return varint(number << 3 | VARINT) + varint(value)


def text_field(number: int, value: str) -> bytes:
    """Field `number` as UTF-8; nothing for "", which proto3 leaves out."""
    return bytes_field(number, value.encode()) if value else b""


def text_in_oneof(number: int, value: str) -> bytes:
    """Field `number` as UTF-8. Written even when empty, as in a oneof, a map or a list."""
    return bytes_field(number, value.encode())


def serialised(message: Any, name: str) -> bytes:
    """The bytes of a protobuf message; bytes are taken as they are.

    Raises:
        TypeError: `message` is neither.
    """
    if isinstance(message, bytes):
        return message
    serialise = getattr(message, "SerializeToString", None)
    if serialise is None:
        raise UnsupportedType(f"{name}: expected a protobuf message or bytes, got {check.type_name(message)}")
    return bytes(serialise())


def check_event(data: bytes, name: str, expected: str) -> None:
    """Keeps bytes out of the file that no reader could decode.

    Raises:
        ValueError: `data` is no serialised Event.
    """
    try:
        _core.Event(data)
    except ValueError as error:
        raise UnsupportedValue(
            f"{name}: expected {expected} message, got other bytes ({check.text_of(error)})"
        ) from error


def message_fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, content) of the fields with a length in `data`, a whole message; others are passed over."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        if kind == BYTES:
            size, at = _read_varint(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        elif kind == VARINT:
            at = _read_varint(data, at)[1]
        else:
            at += 8 if kind == FIXED64 else 4


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """(number, position behind it); what is cut off ends with `data`."""
    value = shift = 0
    while at < len(data) and shift < 70:  # ten bytes at most
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            break
    return value, at
