"""Every row of `tickertape bench`'s first table, throughput and PNG, with pytest-benchmark and other people's readers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tickertape.bench import calls, png, throughput, timing
from tickertape.bench.floor import load_floor

if TYPE_CHECKING:
    from conftest import RecordedRace
    from tickertape.bench.race import Plan


@pytest.mark.parametrize("group", calls.GROUPS)
def test_calls(race: RecordedRace, plan: Plan, group: str) -> None:
    floor = load_floor(plan.floor) if plan.floor else None
    for work in calls.GROUPS[group](plan, floor):
        race.run(work)


def test_throughput(race: RecordedRace, plan: Plan) -> None:
    section, results = throughput.race(plan)
    race.show(section)
    race.record("scalars a second, call to file", results, throughput.calls(plan))


@pytest.mark.parametrize("title", [png.PHOTOGRAPHS, png.DRAWINGS, png.NOISE])
def test_png(race: RecordedRace, plan: Plan, title: str) -> None:
    images = png.picture_sets(plan.quick)[title]
    lanes = png.lanes(plan, images)
    results = timing.interleave(lanes, plan.size(3, 1), 1)
    race.record(f"PNG, {title}", results, 1)
    for lane in lanes:
        for file, image in zip(lane.files, images, strict=True):
            if file.startswith(b"\x89PNG"):  # the others only deflate
                with Image.open(io.BytesIO(file)) as decoded:
                    np.testing.assert_array_equal(np.asarray(decoded), image)
