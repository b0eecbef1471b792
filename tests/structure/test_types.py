"""Type checkers find exactly the wrong lines of typed_calls.py: a list as a scalar, a path as an image, and the like."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape

CALLS = Path(__file__).with_name("typed_calls.py")
WRONG = {n for n, line in enumerate(CALLS.read_text().splitlines(), 1) if line.endswith("  # wrong")}
# Each takes about 10 s of processor time, nearly all of it for NumPy, matplotlib and torch. pyright is a wheel with its own node.
COMMANDS = {
    "mypy": ["-m", "mypy", "--no-error-summary", "--hide-error-context"],
    "pyright": ["-m", "pyright", "--pythonpath", sys.executable],
}


@pytest.mark.parametrize("checker", COMMANDS)
def test_what_a_checker_finds(checker, tmp_path):
    pytest.importorskip(checker)
    shutil.copy(CALLS, tmp_path)
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    parent = str(Path(tickertape.__file__).parents[1])
    if "site-packages" not in parent:
        environment["MYPYPATH"] = parent
        (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{parent}"]}}')
    done = subprocess.run(
        [sys.executable, *COMMANDS[checker], CALLS.name],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    found = re.findall(rf"{CALLS.name}:(\d+)[:\d]* ?-? error: ", done.stdout)
    assert {int(line) for line in found} == WRONG, done.stdout + done.stderr
