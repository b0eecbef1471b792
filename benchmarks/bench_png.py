"""PNG encoding: speed and size against Pillow's defaults, the encoder of torch's writer and of tensorboardX."""

from __future__ import annotations

import io
from time import perf_counter_ns
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tickertape.bench.contestants import OURS, TORCH
from tickertape.bench.pictures import drawings, photographs
from tickertape.bench.timing import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Race
    from tickertape.bench.pictures import Pixels


def pillow_png(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


class PngLane(Lane):
    """Encodes every picture once a call; keeps the last answers."""

    def __init__(self, name: str, encode: Callable[[Pixels], bytes], pictures: list[Pixels]) -> None:
        super().__init__(name, call=lambda _: None, check=lambda _: self.decode())
        self.encode, self.pictures = encode, pictures
        self.files: list[bytes] = []

    def batch(self, count: int) -> int:
        encode, pictures = self.encode, self.pictures
        start = perf_counter_ns()
        for _ in range(count):
            self.files = [encode(picture) for picture in pictures]
        return perf_counter_ns() - start

    def decode(self) -> None:
        for file, picture in zip(self.files, self.pictures, strict=True):
            with Image.open(io.BytesIO(file)) as image:
                np.testing.assert_array_equal(np.asarray(image), picture)

    @property
    def size(self) -> float:
        """Bytes of the files over bytes of the pixels."""
        return sum(map(len, self.files)) / sum(picture.nbytes for picture in self.pictures)


@pytest.mark.parametrize("make", [photographs, drawings])
def test_png(race: Race, make: Callable[[], list[Pixels]]) -> None:
    from tickertape import _core

    pictures = make()
    lanes = [PngLane(TORCH, pillow_png, pictures), PngLane(OURS, _core.encode_png, pictures)]
    raw = sum(picture.nbytes for picture in pictures)
    race.run(
        f"PNG, {len(pictures)} {make.__name__}, speed",
        lanes,
        rounds=3,
        calls=1,
        show=lambda nanoseconds: f"{raw / nanoseconds * 1e3:,.0f} MB/s",
    )
    theirs, ours = lanes[0].size, lanes[1].size
    race.report.add(
        f"PNG, {len(pictures)} {make.__name__}, size of raw",
        {TORCH: f"{theirs:.3f}", OURS: f"{ours:.3f}"},
        f"{ours / theirs:.2f} × size",
    )
    note = "PNG: the torch column is Pillow with its defaults, which tensorboardX uses too"
    if note not in race.report.notes:
        race.report.notes.append(note)
