"""The log directories of bench_serve.py, and the processes that make and grow them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tickertape.reader.log_dirs import find_runs
from tickertape.writer.summary_writer import SummaryWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PIXELS = 182  # noise of 182 × 182 × 3 bytes is a PNG of about 100 kB
_STEPS_A_TAG = 10  # images that TensorBoard's readers keep of a tag
_TAGS_A_RUN = 10
LAST = "last"  # a growing run's tag


class Directory(NamedTuple):
    """A log directory.

    Attributes:
        path: where it is.
        plugin: whose data it has: scalars or images.
        tags: run to its tags.
        last_step: that each series has once all is loaded.
        points: of the series, scalars or images, altogether.
    """

    path: Path
    plugin: str
    tags: dict[str, list[str]]
    last_step: int
    points: int

    def bytes(self) -> int:
        return sum(file.stat().st_size for files in find_runs(self.path).values() for file in files)

    def forget_pages(self) -> None:
        """Drops its files from the page cache, without a right to drop everybody's."""
        for files in find_runs(self.path).values():
            for file in files:
                handle = os.open(file, os.O_RDONLY)
                os.fsync(handle)  # only clean pages can be dropped
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)

    def read_pages(self) -> None:
        """Reads its files, so that they are in the page cache."""
        for files in find_runs(self.path).values():
            for file in files:
                with file.open("rb") as content:
                    while content.read(1 << 24):
                        pass


def scalars(path: Path, runs: int, points: int) -> Directory:
    names = ["."] if runs == 1 else [f"run{number:04}" for number in range(runs)]
    for number, name in enumerate(names):
        with SummaryWriter(path / name) as writer:
            for step in range(points):
                writer.add_scalar("loss", number + 1 / (step + 1), step)
    return Directory(path, "scalars", {name: ["loss"] for name in names}, points - 1, runs * points)


def images(path: Path, count: int) -> Directory:
    runs = max(count // (_TAGS_A_RUN * _STEPS_A_TAG), 1)
    noise = np.random.default_rng(0).integers(0, 256, (_STEPS_A_TAG, _PIXELS, _PIXELS, 3), np.uint8)
    tags = [f"noise{number}" for number in range(_TAGS_A_RUN)]
    for run in range(runs):
        with SummaryWriter(path / f"run{run:03}") as writer:
            for step in range(_STEPS_A_TAG):
                for tag in tags:
                    writer.add_image(tag, noise[step], step, dataformats="HWC")
    return Directory(
        path,
        "images",
        {f"run{run:03}": tags for run in range(runs)},
        _STEPS_A_TAG - 1,
        runs * _TAGS_A_RUN * _STEPS_A_TAG,
    )


_GROW = """
import sys
from tickertape import SummaryWriter
top, count = sys.argv[1], int(sys.argv[2])
writers = [SummaryWriter(f"{top}/run{number:03}") for number in range(count)]
for line in sys.stdin:
    for writer in writers:
        writer.add_scalar("loss", 1.0, int(line))
    for writer in writers:
        writer.flush()
    print(line, end="", flush=True)
"""


class Growing:
    """Runs that another process is writing; each step is one more point in each of them."""

    def __init__(self, path: Path, runs: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _GROW, str(path), str(runs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        tags = {f"run{number:03}": ["loss"] for number in range(runs)}
        self.step = -1
        self.grow()
        self.directory = Directory(path, "scalars", tags, 0, runs)

    def grow(self) -> int:
        """The step that every run has in its file now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.step += 1
        self._process.stdin.write(f"{self.step}\n")
        self._process.stdin.flush()
        assert int(self._process.stdout.readline()) == self.step
        return self.step

    def close(self) -> None:
        self._process.communicate(timeout=60)


def made(top: Path, shrink: int) -> dict[str, Callable[[], Directory]]:
    """The directories by their names; `shrink` divides the sizes of the issue."""
    return {
        f"1 run × {1_000_000 // shrink:,} points": lambda: scalars(top / "one", 1, 1_000_000 // shrink),
        f"{2000 // shrink:,} runs × 5,000 points": lambda: scalars(top / "many", 2000 // shrink, 5000),
        f"{10_000 // shrink:,} images of 100 kB": lambda: images(top / "images", 10_000 // shrink),
    }
