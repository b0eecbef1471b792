"""Other deflate libraries for the PNG table: zlib, and those that can be compiled and linked here."""

from __future__ import annotations

import ctypes
import zlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tickertape.bench.floor import CannotBuildError, compile_shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# How each library is compiled and linked, and the levels that are measured.
_LIBRARIES = {"libdeflate": ("-DLIBDEFLATE", "-ldeflate", (1, 6)), "ISA-L": ("-DISAL", "-lisal", (0, 1))}


@dataclass
class Deflaters:
    """The libraries that were found.

    Attributes:
        functions: name and level to a function from bytes to a zlib stream.
        versions: (name, version) of the libraries.
        missing: a sentence for each library that was left out, with the reason.
    """

    functions: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    versions: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def find(folder: Path) -> Deflaters:
    """Compiles into `folder`."""
    found = Deflaters({"zlib, level 1": partial(zlib.compress, level=1)})
    for name, (define, link, levels) in _LIBRARIES.items():
        try:
            path = compile_shared("deflaters.c", folder / f"_{name}.so", define, link)
        except CannotBuildError as error:
            found.missing.append(f"{name} was left out: {error}.")
            continue
        library = ctypes.CDLL(str(path))
        library.version.restype = ctypes.c_char_p
        found.versions.append((name, library.version().decode()))
        function = library.deflate_at
        function.restype = ctypes.c_size_t
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
        for level in levels:
            found.functions[f"{name}, level {level}"] = partial(_deflate, function, level)
    return found


def _deflate(function: Any, level: int, data: bytes) -> bytes:
    room = len(data) + len(data) // 4 + 4096  # ISA-L's level 0 has fixed codes only, of up to nine bits
    out = ctypes.create_string_buffer(room)
    size = function(level, data, len(data), out, room)
    return out.raw[:size]
