"""A reader of event files that is neither ours nor TensorBoard's: struct and the PyPI crc32c; continues after damage."""

import struct
from pathlib import Path

import crc32c

_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")


def _masked(data):
    crc = crc32c.crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _record_at(content, offset):
    """Data and end of the record at `offset`; None where none is whole."""
    start = offset + _HEADER.size
    if start > len(content):
        return None
    length, length_crc = _HEADER.unpack_from(content, offset)
    end = start + length
    if end + _CRC.size > len(content) or _masked(content[offset : offset + 8]) != length_crc:
        return None
    data = content[start:end]
    if _CRC.unpack_from(content, end)[0] != _masked(data):
        return None
    return data, end + _CRC.size


def records(path):
    """The records of a file, and the (offset, length) of what is none."""
    content = Path(path).read_bytes()
    found, damage = [], []
    offset = lost_from = 0
    while offset < len(content):
        record = _record_at(content, offset)
        if record is None:
            offset += 1
            continue
        if offset != lost_from:
            damage.append((lost_from, offset - lost_from))
        data, offset = record
        lost_from = offset
        found.append(data)
    if lost_from != len(content):
        damage.append((lost_from, len(content) - lost_from))
    return found, damage


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of each field of a protobuf message; fixed-size values as bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = _varint(data, at)
            value = data[at : at + size]
            at += size
        yield key >> 3, value


def event(data):
    """(step, tag, kind, value) of an Event: kind is the field number in Summary.Value (2 a scalar), 0 where it has none."""
    step, tag, kind, value = 0, "", 0, None
    for number, content in fields(data):
        if number == 2:
            step = content
        elif number == 5:
            for _, summary_value in fields(content):
                for field, inner in fields(summary_value):
                    if field == 1:
                        tag = inner.decode()
                    elif field != 9:
                        kind, value = field, inner
    return step, tag, kind, value
