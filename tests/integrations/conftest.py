"""Runs a training script with a real package in a process of its own, which may reach nothing but this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape

HERE = Path(__file__).parent
ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([str(HERE / "offline"), str(Path(tickertape.__file__).parents[1])]),
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "CLEARML_OFFLINE_MODE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "DO_NOT_TRACK": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
}


@pytest.fixture
def run_script(tmp_path):
    """Runs a Python file in tmp_path; `flags` come before it. Returns its output, a failure shows all of it."""

    def run(path, *arguments, flags=(), environment=None, timeout=300):
        done = subprocess.run(
            [sys.executable, *flags, str(HERE / path), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            env=os.environ | ENVIRONMENT | {"HOME": str(tmp_path)} | (environment or {}),
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}"
        return done.stdout

    return run
