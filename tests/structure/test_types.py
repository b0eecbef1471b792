"""What mypy finds in a user's code: a list as a scalar, a number as a directory; and what it lets pass."""

import sys
from pathlib import Path

import pytest
import tickertape

FINE = """
import pathlib
import numpy as np
from tickertape import SummaryWriter
for directory in ("x", b"x", pathlib.Path("x"), None):
    SummaryWriter(directory)
writer = SummaryWriter()
for value in (1, 1.0, True, "2", np.float32(1), np.int64(1), np.bool_(True), np.zeros(1)):
    writer.add_scalar("t", value)
writer.add_scalars("t", {"a": 1.0, "b": 2.0}, 1)
"""
MISTAKES = [
    'SummaryWriter().add_scalar("t", [1.0])',
    'SummaryWriter().add_scalar("t", None)',
    'SummaryWriter().add_scalar("t", {"a": 1.0})',
    'SummaryWriter().add_scalars("t", {"a": [1.0]})',
    "SummaryWriter(3)",
    "SummaryWriter().get_logdir().nothing",
]


def test_mypy(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    parent = str(Path(tickertape.__file__).parents[1])
    if "site-packages" not in parent:
        monkeypatch.setenv("MYPYPATH", parent)
    monkeypatch.chdir(tmp_path)
    Path("fine.py").write_text(FINE)
    Path("mistakes.py").write_text("\n".join(["from tickertape import SummaryWriter", *MISTAKES]))
    text, errors, _ = api.run(
        ["--python-executable", sys.executable, "--no-error-summary", "fine.py", "mistakes.py"]
    )
    assert not errors
    found = {line.partition(": error")[0] for line in text.splitlines() if ": error: " in line}
    assert found == {f"mistakes.py:{number}" for number in range(2, len(MISTAKES) + 2)}, text
