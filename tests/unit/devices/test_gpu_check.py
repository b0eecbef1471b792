"""Without a GPU `make gpu-check` fails, and its results say which tests were skipped."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[3] / ".ci" / "gpu_check.py"


@pytest.mark.skipif(not SCRIPT.exists(), reason="the tests of a wheel have no .ci")
@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device")
def test_without_a_gpu(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, "--out", tmp_path], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    result = json.loads((tmp_path / "gpu-check.json").read_text())
    assert result["device"] is None
    assert result["torch"] == torch.__version__
    assert {step["name"]: step["result"] for step in result["steps"]} == {
        "device": "passed",
        "tests": "passed",
        "benchmark": "failed with 1",
    }
    assert result["tests"]["tests"] == result["tests"]["skipped"] > 0
    assert any("no CUDA device here" in line for line in result["benchmark"])
    assert "no CUDA device" in (tmp_path / "gpu-check.log").read_text()
    assert sum(step["limit_seconds"] for step in result["steps"]) <= 360 - 90  # and 90 s to install
