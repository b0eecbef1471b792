"""PNG encoding: speed against size, beside Pillow (the encoder of torch's writer and tensorboardX) and other deflaters."""

from __future__ import annotations

import ctypes
import io
import struct
import zlib
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape.bench import pictures, svg, timing
from tickertape.bench.contestants import OURS, importable
from tickertape.bench.floor import CannotBuildError, compile_shared
from tickertape.bench.readback import WrongAnswerError
from tickertape.bench.section import NONE, Section, digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.bench.pictures import Pixels
    from tickertape.bench.race import Plan

PILLOW = "Pillow, default"
# What is compiled and linked for each library, and the levels that are worth a look.
_LIBRARIES = {"libdeflate": ("-DLIBDEFLATE", "-ldeflate", (1, 6)), "ISA-L": ("-DISAL", "-lisal", (0, 1))}


class PictureLane(timing.Lane):
    """Encodes every picture once a call; keeps the last answers."""

    def __init__(self, name: str, encode: Callable[[Any], bytes], inputs: list[Any], raw_bytes: int) -> None:
        super().__init__(name, call=lambda _: None)
        self.encode, self.inputs, self.raw_bytes = encode, inputs, raw_bytes
        self.files: list[bytes] = []

    def batch(self, count: int) -> int:
        """Encodes all pictures `count` times; returns the nanoseconds that it took."""
        encode, inputs = self.encode, self.inputs
        start = perf_counter_ns()
        for _ in range(count):
            self.files = [encode(each) for each in inputs]
        return perf_counter_ns() - start

    @property
    def size(self) -> float:
        """Bytes of the files over bytes of the pixels."""
        return sum(map(len, self.files)) / self.raw_bytes


def measure(plan: Plan) -> Section:
    """Two sets of pictures, every encoder that is here."""
    head = ["pictures", "encoder", "MB/s", "size / raw", "speed / Pillow", "size / Pillow"]
    section = Section("png", "PNG", head)
    photographs = pictures.photographs()
    if not photographs:
        photographs = [pictures.clouds()]
        section.notes.append(
            "No photographs are installed (scikit-image, scikit-learn): noise of their spectrum."
        )
    if plan.quick:
        photographs = photographs[:2]
    libraries = _libraries(plan, section)
    for title, images in (
        (f"{len(photographs)} photographs", photographs),
        ("3 drawings", pictures.drawings()),
    ):
        lanes = _measure_set(plan, images, libraries)
        points = _add_rows(section, title, lanes)
        section.figure += svg.scatter(
            f"PNG of {title}: speed against size",
            points,
            "MB of pixels a second (logarithmic)",
            "size of raw",
        )
    section.notes += [
        "libdeflate, ISA-L and zlib only deflate: they get the rows that our encoder filtered, without filters or CRC.",
        "One thread each; MB are millions of bytes of pixels; the fastest of the rounds.",
    ]
    return section


def _measure_set(
    plan: Plan, images: list[Pixels], libraries: dict[str, Callable[[bytes], bytes]]
) -> dict[str, tuple[PictureLane, timing.Result]]:
    raw_bytes = sum(image.nbytes for image in images)
    filtered = [inflate(_core.encode_png(image)) for image in images]
    lanes = [PictureLane(OURS, _core.encode_png, images, raw_bytes)]
    if importable("PIL.Image"):
        lanes.append(PictureLane(PILLOW, _pillow, images, raw_bytes))
        lanes.append(PictureLane("Pillow, level 1", partial(_pillow, level=1), images, raw_bytes))
    lanes += [PictureLane(name, deflate, filtered, raw_bytes) for name, deflate in libraries.items()]
    rounds = max(5, 60_000_000 // raw_bytes)  # drawings take milliseconds: more rounds, to find a quiet one
    results = timing.interleave(lanes, plan.size(rounds, 1), 1)
    for lane in lanes:
        _check(lane, images, filtered)
    return {lane.name: (lane, results[lane.name]) for lane in lanes}


def _add_rows(
    section: Section, title: str, lanes: dict[str, tuple[PictureLane, timing.Result]]
) -> list[svg.Point]:
    points = []
    for name, (lane, result) in lanes.items():
        speed = lane.raw_bytes / result.best * 1e3
        relative = [NONE, NONE]
        if PILLOW in lanes:
            pillow, theirs = lanes[PILLOW]
            relative = [f"{digits(theirs.best / result.best)} ×", f"{lane.size / pillow.size:.3f} ×"]
        section.rows.append([title, name, digits(speed), f"{lane.size:.3f}", *relative])
        section.data.setdefault(title, {})[name] = {"mb_per_s": speed, "size_of_raw": lane.size}
        points.append(svg.Point(name, speed, lane.size))
    return points


def _check(lane: PictureLane, images: list[Pixels], filtered: list[bytes]) -> None:
    """Every file must hold its pixels; without Pillow, only that ours holds whole rows is looked at."""
    for file, image, rows in zip(lane.files, images, filtered, strict=True):
        if not file.startswith(b"\x89PNG"):
            right = zlib.decompress(file) == rows
        elif importable("PIL.Image"):
            right = np.array_equal(_decode(file), image)
        else:
            right = len(inflate(file)) == image.nbytes + image.shape[0]
        if not right:
            raise WrongAnswerError(f"{lane.name}: a picture of {image.shape} does not come back")


def inflate(png: bytes) -> bytes:
    """The filtered rows inside a PNG file."""
    at, data = 8, []
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IDAT":
            data.append(png[at + 8 : at + 8 + size])
        at += 12 + size
    return zlib.decompress(b"".join(data))


def _pillow(image: Pixels, level: int = -1) -> bytes:
    from PIL import Image  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415

    out = io.BytesIO()
    Image.fromarray(image).save(out, format="PNG", compress_level=level)
    return out.getvalue()


def _decode(file: bytes) -> Pixels:
    from PIL import Image  # noqa: PLC0415  # where it is installed

    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)


def _libraries(plan: Plan, section: Section) -> dict[str, Callable[[bytes], bytes]]:
    """zlib, and what can be compiled and linked here."""
    found: dict[str, Callable[[bytes], bytes]] = {"zlib, level 1": partial(zlib.compress, level=1)}
    for name, (define, link, levels) in _LIBRARIES.items():
        try:
            path = compile_shared("deflaters.c", plan.folder / f"_{name}.so", define, link)
        except CannotBuildError as error:
            section.notes.append(f"{name} was left out: {error}.")
            continue
        function = ctypes.CDLL(str(path)).deflate_at
        function.restype = ctypes.c_size_t
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
        for level in levels:
            found[f"{name}, level {level}"] = partial(_deflate, function, level)
    return found


def _deflate(function: Any, level: int, data: bytes) -> bytes:
    room = len(data) + len(data) // 4 + 4096  # ISA-L's level 0 has fixed codes only, of up to nine bits
    out = ctypes.create_string_buffer(room)
    size = function(level, data, len(data), out, room)
    return out.raw[:size]
