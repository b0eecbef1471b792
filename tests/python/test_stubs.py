"""_core.pyi against the native module, by mypy's stubtest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape


def test_stub_mirrors_the_module(tmp_path):
    pytest.importorskip("mypy")
    parent = str(Path(tickertape.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "tickertape._core", "--ignore-disjoint-bases"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": parent, "MYPYPATH": parent},
    )
    assert done.returncode == 0, done.stdout + done.stderr
