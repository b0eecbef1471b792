"""Event files that the scan cannot read where they are: it gets a copy in a temporary folder.

Compressed ones (.gz, .zst) are unpacked; those that are there in slices are put together.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import weakref
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from tickertape.reader import mirrors
from tickertape.reader.local_slices import LocalSlices
from tickertape.remote import slices

SUFFIXES = (".gz", ".zst")
ELSEWHERE = (*SUFFIXES, slices.ALL)  # what the path of a file ends in that is not read where it is
CUT_OFF = "the compressed file is cut off"  # it may still be written: no damage
# The first is in the standard library from Python 3.14 on.
_ZSTD = ("compression.zstd", "zstandard", "pyzstd")
# What a small file may unpack to: a stranger's file must not fill the disk. deflate cannot exceed 1,032 times.
_MOST_TIMES = 1_100
_ALWAYS_BYTES = 1 << 30


class Unpacked:
    """A temporary folder with what was unpacked or put together; removed with this object.

    Args:
        gap_secs: see LocalSlices.
    """

    def __init__(self, gap_secs: float = 0.0) -> None:
        self._folder: Path | None = None
        self._copies: dict[tuple[str, int, int], tuple[str, str]] = {}
        self._sliced = LocalSlices(gap_secs)

    def look_anew(self) -> None:
        """What is asked for from now on is a new look at the directories."""
        self._sliced.look_anew()

    def readable(self, path: str) -> tuple[str, str]:
        """The path to read instead of `path`, and what is wrong with the compressed file; "" if nothing is.

        A path that ends in `.at-*` is the slices of a file; that of another file, which is not compressed, is returned as it is.

        Raises:
            OSError: it cannot be read, or nothing of it can be unpacked.
            ModuleNotFoundError: the module that unpacks it is not installed.
        """
        if path.endswith(slices.ALL):
            return self._sliced.readable(path, self._make_folder), ""
        if not path.endswith(SUFFIXES):
            return path, ""
        status = Path(path).stat()
        key = (path, status.st_size, status.st_mtime_ns)
        if key not in self._copies:
            copy = self._make_folder() / f"{len(self._copies)}.tfevents"
            with opened(path) as packed, copy.open("wb") as file:
                cause = _copy(packed, file, max(_ALWAYS_BYTES, _MOST_TIMES * status.st_size))
                if cause and not file.tell():
                    raise OSError(f"{path}: {cause}")
            self._copies[key] = str(copy), cause
        return self._copies[key]

    def origin(self, path: str, offset: int) -> tuple[str, int]:
        """The file that a user finds a byte of readable(path) in, and its offset there."""
        return (
            self._sliced.origin(path, offset) if path.endswith(slices.ALL) else mirrors.origin(path, offset)
        )

    def gaps(self, path: str) -> list[tuple[str, int, int]]:
        """(name of the file, offset, bytes) of what is missing of readable(path): no slice has it."""
        return self._sliced.gaps(path) if path.endswith(slices.ALL) else mirrors.gaps(path)

    def _make_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="tickertape-unpacked-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


def opened(path: str) -> IO[bytes]:
    """A compressed file, to read what it unpacks to. Raises ModuleNotFoundError if nothing installed unpacks it."""
    if path.endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path))
    for module in _ZSTD:
        try:
            found: Any = import_module(module)
        except ImportError:
            continue
        return cast("IO[bytes]", found.open(path, "rb"))
    raise ModuleNotFoundError(f"{path}: reading a .zst file needs a module; pip install zstandard")


def _copy(packed: IO[bytes], file: IO[bytes], limit: int) -> str:
    """Unpacks to the end, to where it cannot, or to `limit` bytes; returns why. Each module has errors of its own."""
    # If the file is cut off, read() discards what it has unpacked so far.
    read = getattr(packed, "read1", packed.read)
    while True:
        try:
            piece = read(1 << 20)
        except EOFError:
            return CUT_OFF
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001
            return f"cannot be unpacked: {error}"
        if not piece:
            return ""
        file.write(piece)
        if file.tell() > limit:
            return f"unpacks to more than {limit:,} bytes"
