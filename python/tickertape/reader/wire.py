"""The fields of small protobuf messages that the native module has no class for: what plugins keep in their metadata."""

from __future__ import annotations

import struct

Hparam = float | str | bool | None
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(data: bytes) -> dict[int, list[int | bytes]]:
    """Field number to its values in their order: int for numbers (fixed ones as their bits), bytes for everything else.

    Raises:
        ValueError: `data` is no protobuf message.
    """
    found: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire_type = key & 7
        value: int | bytes
        if wire_type == _VARINT:
            value, at = _varint(data, at)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
            value = int.from_bytes(_take(data, at, size), "little")
            at += size
        elif wire_type == _BYTES:
            size, at = _varint(data, at)
            value = _take(data, at, size)
            at += size
        else:
            raise ValueError(f"data: expected a protobuf message, got wire type {wire_type} at byte {at}")
        found.setdefault(key >> 3, []).append(value)
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
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError(f"data: expected a protobuf message, got a broken number at byte {at}")


def _take(data: bytes, at: int, size: int) -> bytes:
    if size > len(data) - at:
        raise ValueError(f"data: expected {size} bytes at byte {at}, got {len(data) - at}")
    return data[at : at + size]
