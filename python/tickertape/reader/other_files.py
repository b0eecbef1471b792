"""Files that are no event files: how they are told apart, and what they are in words."""

from __future__ import annotations

import struct
from pathlib import Path

from tickertape import _core
from tickertape.reader import compressed

_KNOWN = (
    (b"version https://git-lfs", "is a pointer of git-lfs, not an event file; run git lfs pull"),
    (b"<!doctype", "is an HTML page, not an event file"),
    (b"<html", "is an HTML page, not an event file"),
    (b"\x1f\x8b", "is a gzip file; give it a name that ends in .gz"),
    (b"\x28\xb5\x2f\xfd", "is a zstd file; give it a name that ends in .zst"),
    (b"PK\x03\x04", "is a zip archive, not an event file"),
)
_START_BYTES = 64
_SHOWN = 40
_LENGTH_BYTES, _HEAD_BYTES = 8, 12  # of a record: its length, and the length with its CRC
_OVERHEAD_BYTES = 16  # of a record: length, its CRC, and the CRC of the data


def what_else(path: str) -> str:
    """What a file is that holds no whole record and does not begin as an event file; "" if it may be an event file.

    An empty file may be one whose writer has not written yet. What cannot be opened or unpacked is for the scan to report.
    """
    is_packed = path.endswith(compressed.SUFFIXES)
    unpacked = compressed.Unpacked()
    try:
        with compressed.opened(path) if is_packed else Path(path).open("rb") as file:
            start = file.read(_START_BYTES)
        if _may_begin(start, None if is_packed else Path(path).stat().st_size):
            return ""
        readable = unpacked.readable(path)[0]
    except Exception as error:  # each module that unpacks has errors of its own
        if isinstance(error, MemoryError):
            raise
        return ""
    has_record = next(iter(_core.RecordReader(readable)), None) is not None
    return "" if has_record else _described(start)


def _may_begin(start: bytes, size: int | None) -> bool:
    """Whether a file begins with a record, or with what may be left of one.

    Args:
        start: its first bytes.
        size: of the file; None if that is not known.
    """
    if len(start) < _HEAD_BYTES:
        return len(start) < 2 or not _is_text(start)
    length, crc = struct.unpack_from("<QI", start)
    is_right = crc == _core.masked_crc32c(start[:_LENGTH_BYTES])
    return is_right or (size is not None and length + _OVERHEAD_BYTES <= size)


def _described(start: bytes) -> str:
    """The beginning of a file in words, as the end of a sentence."""
    lowered = start.lower().lstrip()
    for magic, words in _KNOWN:
        if lowered.startswith(magic.lower()):
            return words
    if _is_text(start):
        line = start.decode(errors="ignore").strip().partition("\n")[0][:_SHOWN]
        return f"is a text that begins {line.rstrip()!r}"
    return f"begins with the bytes {start[:_LENGTH_BYTES].hex(' ')}, as no event file does"


def _is_text(start: bytes) -> bool:
    return all(byte >= ord(" ") or byte in b"\t\n\f\r" for byte in start)
