"""PNG encoding: speed against size, beside Pillow (the encoder of torch's writer and tensorboardX) and other deflaters."""

from __future__ import annotations

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
from tickertape.bench.readback import WrongAnswerError
from tickertape.bench.section import NONE, Section, digits, ratio, summary, with_best

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.bench.pictures import Pixels
    from tickertape.bench.race import Plan

PILLOW = "Pillow, default"
PHOTOGRAPHS, DRAWINGS, NOISE = "photographs", "drawings", "noise"


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
    """Three sets of pictures, every encoder that is here."""
    head = ["pictures", "encoder", "speed", "size / raw", "speed / Pillow", "size / Pillow"]
    section = Section("png", "PNG", head)
    section.notes += plan.deflaters.missing
    for title, images in picture_sets(plan.quick).items():
        found = _measure_set(plan, images)
        section.data[title] = {"pictures": len(images)}
        points = _add_rows(section, title, found)
        if title != NOISE:
            section.figure += svg.scatter(
                f"PNG of {len(images)} {title}: speed against size",
                points,
                "MB of pixels a second (logarithmic)",
                "size of raw",
            )
    if not pictures.photographs():
        section.notes.append(
            "No photographs are installed (scikit-image, scikit-learn): noise of their spectrum."
        )
    section.notes += [
        "libdeflate, ISA-L and zlib only deflate: they get the rows that our encoder filtered, without filters or CRC.",
        "One thread each; MB are millions of bytes of pixels; sizes and times are sums over the set.",
    ]
    return section


def picture_sets(quick: bool) -> dict[str, list[Pixels]]:
    """Pictures that people log, and noise, which no encoder can make smaller."""
    photographs = pictures.photographs() or [pictures.clouds()]
    noise = np.random.default_rng(2).integers(0, 256, (512, 512, 3), np.uint8)
    return {
        PHOTOGRAPHS: photographs[:2] if quick else photographs,
        DRAWINGS: pictures.drawings(),
        NOISE: [noise],
    }


def lanes(plan: Plan, images: list[Pixels]) -> list[PictureLane]:
    """Every encoder that is here."""
    raw_bytes = sum(image.nbytes for image in images)
    filtered = [inflate(_core.encode_png(image)) for image in images]
    found = [PictureLane(OURS, _core.encode_png, images, raw_bytes)]
    if importable("PIL.Image"):
        found.append(PictureLane(PILLOW, _pillow, images, raw_bytes))
        found.append(PictureLane("Pillow, level 1", partial(_pillow, level=1), images, raw_bytes))
    others = plan.deflaters.functions.items()
    return [*found, *(PictureLane(name, deflate, filtered, raw_bytes) for name, deflate in others)]


def _measure_set(plan: Plan, images: list[Pixels]) -> dict[str, tuple[PictureLane, timing.Result]]:
    found = lanes(plan, images)
    rounds = max(
        5, 60_000_000 // found[0].raw_bytes
    )  # drawings take milliseconds: more rounds, to find a quiet one
    results = timing.interleave(found, plan.size(min(rounds, 40), 1), 1)
    for lane in found:
        _check(lane, images)
    return {lane.name: (lane, results[lane.name]) for lane in found}


def _add_rows(
    section: Section, title: str, found: dict[str, tuple[PictureLane, timing.Result]]
) -> list[svg.Point]:
    points = []
    words = f"{section.data[title]['pictures']} {title}" if title != NOISE else title
    for name, (lane, result) in found.items():
        speeds = [lane.raw_bytes / each * 1e3 for each in (result.median, result.best)]
        relative = [NONE, NONE]
        if PILLOW in found:
            pillow, theirs = found[PILLOW]
            relative = [ratio(theirs.best / result.best), f"{lane.size / pillow.size:.3f} ×"]
        cells = [with_best(*(f"{digits(speed)} MB/s" for speed in speeds)), f"{lane.size:.4f}", *relative]
        section.rows.append([words, name, *cells])
        section.data[title][name] = {**summary(result), "mb_per_s": speeds[1], "size_of_raw": lane.size}
        points.append(svg.Point(name, speeds[1], lane.size))
    return points


def _check(lane: PictureLane, images: list[Pixels]) -> None:
    """Checks that every file has its pixels; without Pillow, only that ours has whole rows."""
    for file, image, given in zip(lane.files, images, lane.inputs, strict=True):
        if not file.startswith(b"\x89PNG"):
            right = zlib.decompress(file) == given
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
    from PIL import Image  # noqa: PLC0415  # if it is installed

    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)
