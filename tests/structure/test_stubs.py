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
    # pybind11 gives its classes a metaclass, and those without a constructor one that raises: no business of a type
    # checker's.
    allowed = tmp_path / "allowed"
    allowed.write_text(
        "tickertape._core.(EventFileWriter|SummaryWriterBase|RecordReader|ArrowStream|DeviceCopy|InPlace|(DeferredScalar|FileIndex|Series)(.__init__)?)\n"
    )
    # mypy finds by itself what is installed, and refuses to be pointed there.
    where = {} if "site-packages" in parent else {"PYTHONPATH": parent, "MYPYPATH": parent}
    options = ["--ignore-disjoint-bases", "--allowlist", str(allowed), "--ignore-unused-allowlist"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "tickertape._core", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | where,
    )
    assert done.returncode == 0, done.stdout + done.stderr
