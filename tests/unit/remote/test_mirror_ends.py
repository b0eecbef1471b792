"""A program that ends while modules still hold what it read of a bucket says nothing."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("fsspec")
pytest.importorskip("tensorboardX")  # with it, modules are taken down in an order that ends `os` first
SCRIPT = """
import tickertape, tensorboardX
tickertape.install()
with tickertape.SummaryWriter("memory://bucket/run") as writer:
    writer.add_scalar("loss", 1.0, 0)
assert len(tickertape.read("memory://bucket/run")) == 1
"""


def test_the_end_says_nothing(tmp_path):
    places = {"TICKERTAPE_CACHE": str(tmp_path / "cache"), "TICKERTAPE_SPOOL": str(tmp_path / "spool")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=os.environ | places,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout + done.stderr == ""
