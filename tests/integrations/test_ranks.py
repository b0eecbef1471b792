"""Two processes of each launcher on one directory: a file for each rank, and of rank 0 only if asked for."""

import os
from pathlib import Path

import pytest
import tickertape

STEPS = 4
RAY = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Without offline/: Ray's processes find each other by this machine's own address, which is not a loopback one.
    "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
}


def of_ranks(directory):
    """[(rank that the file's name says, rank that was logged)] of all rows."""
    table = tickertape.read(directory).scalars
    return sorted(zip(table.column("rank").tolist(), table.column("value").tolist(), strict=True))


@pytest.mark.parametrize("package", ["lightning", "accelerate", "ray"])
def test_launchers(run_script, tmp_path, package):
    pytest.importorskip(package)
    # Nothing of a launcher that runs these tests.
    inherited = {name for name in os.environ if name.endswith(("RANK", "WORLD_SIZE"))}
    assert not inherited
    run_script(f"stacks/ranks_{package}.py", tmp_path / "logs", environment=RAY if package == "ray" else {})
    assert of_ranks(tmp_path / "logs" / "all") == [(rank, rank) for rank in (0, 1) for _ in range(STEPS)]
    assert of_ranks(tmp_path / "logs" / "zero") == [(0, 0)] * STEPS
    merged = tickertape.read(tmp_path / "logs" / "all", ranks="merge")["."].scalars["rank"]
    assert (merged.value.tolist(), merged.max.tolist()) == ([0.5] * STEPS, [1.0] * STEPS)
    if package == "ray":  # trials have no ranks: each writes
        assert of_ranks(tmp_path / "logs" / "trials") == [(-1, 0)] * STEPS + [(-1, 1)] * STEPS
