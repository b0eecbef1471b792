"""Runs written by torch, tensorboardX and us."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape

# In a process of its own, which has ended when a test edits the runs.
WRITE = """
import sys
import numpy as np
import tensorboardX
import torch.utils.tensorboard
import tickertape.writer

for name, package, scale in (("ours", tickertape.writer, 1), ("seed/torch", torch.utils.tensorboard, 2), ("seed/tbx", tensorboardX, 3)):
    with package.SummaryWriter(f"{sys.argv[1]}/{name}") as writer:
        for step in range(20):
            writer.add_scalar("loss/train", scale / (step + 1), step, walltime=1_700_000_000 + step)
            writer.add_scalar("lr", 0.1, step, walltime=1_700_000_000 + step)
        writer.add_text("note", "hello", 3, walltime=1_700_000_050)
        writer.add_histogram("weights", np.array([1.0, 2.0, 3.0]), 5, walltime=1_700_000_060)
        writer.add_image("picture", np.zeros((3, 4, 6), np.uint8), 7, walltime=1_700_000_070)
"""


@pytest.fixture(scope="session")
def _written(tmp_path_factory):
    pytest.importorskip("torch")
    pytest.importorskip("tensorboardX")
    top = tmp_path_factory.mktemp("written")
    environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", WRITE, str(top)], env=environment, check=True)
    return top


@pytest.fixture
def log_dir(_written, tmp_path):
    """A log directory with the runs "ours", "seed/torch" and "seed/tbx"."""
    return Path(shutil.copytree(_written, tmp_path / "logs"))
