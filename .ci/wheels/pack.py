"""Compresses a wheel again with libdeflate, whose deflate streams are 3 to 4 % shorter than zlib's best.

zipfile takes no compressed data, so the archive is written here: APPNOTE.TXT of PKWARE, 4.3.7, 4.3.12 and 4.3.16. Times are
fixed, so that the same sources make the same archive.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import deflate

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_LEVEL = 12  # libdeflate's best
_DEFLATED = 8  # the method's number
_VERSION = 20  # 2.0: the first that knows deflate
_UNIX = 3 << 8  # the attributes are those of Unix
_DATE = 0x21  # 1 January 1980, the first day that the format has


def _fields(data: bytes, packed: bytes, name: bytes) -> bytes:
    """What the local header and the directory have in common."""
    return struct.pack(
        "<5H3I2H", _VERSION, 0, _DEFLATED, 0, _DATE, zlib.crc32(data), len(packed), len(data), len(name), 0
    )


def _write(source: zipfile.ZipFile, out: BinaryIO) -> None:
    directory = b""
    infos = [info for info in source.infolist() if not info.is_dir()]
    for info in infos:
        data, name = source.read(info), info.filename.encode()
        packed = deflate.deflate_compress(data, _LEVEL)
        fields, offset = _fields(data, packed, name), out.tell()
        out.write(b"PK\3\4" + fields + name + packed)
        directory += b"PK\1\2" + struct.pack("<H", _UNIX | _VERSION) + fields
        directory += struct.pack("<3H2I", 0, 0, 0, info.external_attr, offset) + name
    start = out.tell()
    out.write(directory + b"PK\5\6")
    out.write(struct.pack("<4H2IH", 0, 0, len(infos), len(infos), len(directory), start, 0))


def repack(wheel: Path, out: Path) -> Path:
    """Writes `wheel` into the directory `out`, with the same name and content, and returns its new path."""
    packed = out / wheel.name
    with zipfile.ZipFile(wheel) as source, packed.open("wb") as file:
        _write(source, file)
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(packed) as copy:
        if any(copy.read(name) != source.read(name) for name in source.namelist() if not name.endswith("/")):
            raise RuntimeError(f"{packed}: the packed wheel differs from {wheel}")
    return packed
