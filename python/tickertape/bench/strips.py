"""Strips of one large picture: the same calls with the process on one core, and on all of them."""

from __future__ import annotations

import os
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.bench import pictures, placed, timing
from tickertape.bench.contestants import OURS, open_writer
from tickertape.bench.section import Section, ratio, summary, timed

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

TAG = "picture"
_STRIP_BYTES = 1 << 20  # csrc/codec/image/png.cc: strips of at least a MiB, in pictures of two and more
_SIDES = (512, 1024, 2048)


class PlacedLane(timing.Lane):
    """Logs a picture and waits until it is in the file, with every thread of the process on `cores`."""

    def __init__(self, name: str, writer: Any, image: pictures.Pixels, cores: list[int]) -> None:
        super().__init__(name, call=lambda _: None)
        self.writer, self.image, self.cores = writer, image, cores

    def batch(self, count: int) -> int:
        """Makes `count` calls; returns the nanoseconds that they took."""
        everywhere = sorted(os.sched_getaffinity(0))
        placed.move_all_to(self.cores)
        start = perf_counter_ns()
        for step in self.steps(count):
            self.writer.add_image(TAG, self.image, step, dataformats="HWC")
            self.writer.flush()
        taken = perf_counter_ns() - start
        placed.move_all_to(everywhere)
        return taken


def measure(plan: Plan) -> Section:
    """One strip, some, many; the encoder by itself is beside them."""
    head = [
        "picture",
        "strips",
        "encoder alone",
        "in the file, one core",
        "in the file, all cores",
        "one / all",
    ]
    section = Section("strips", "One large picture, in strips", head)
    if len(placed.places(section.notes)) < 2:
        return section
    cores = sorted(os.sched_getaffinity(0))
    for side in _SIDES[: plan.size(3, 2)]:
        image = pictures.clouds(side)
        log_dir = plan.fresh("strips")
        writer = open_writer(OURS, log_dir)
        writer.add_image(TAG, image, 0, dataformats="HWC")
        writer.flush()
        lanes = [PlacedLane("one", writer, image, cores[:1]), PlacedLane("all", writer, image, cores)]
        alone = _encoder(image)
        results = timing.interleave([*lanes, alone], plan.size(15, 1), 1)
        writer.close()
        plan.readback.check_count(log_dir, TAG, 1 + sum(lane.calls for lane in lanes))
        strips = max(1, image.nbytes // _STRIP_BYTES) if image.nbytes >= 2 * _STRIP_BYTES else 1
        times = [timed(results[name]) for name in ("encoder", "one", "all")]
        name = f"{side}×{side}×3"
        section.rows.append([name, str(strips), *times, ratio(results["one"].best / results["all"].best)])
        section.data[name] = {each: summary(result) for each, result in results.items()}
    section.notes.append(
        "Noise with the spectrum of a photograph. “in the file”: add_image and flush(), the copy and the write inside; "
        "idle threads of the codec pool take strips, and so does the one that waits in flush()."
    )
    return section


def _encoder(image: pictures.Pixels) -> timing.Lane:
    """In the calling thread, as many strips."""
    return timing.Lane("encoder", lambda _: _core.encode_png(image))
