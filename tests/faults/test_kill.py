"""Processes that are killed while they log: nothing lost, nothing twice, files intact. `make torture` is the long one."""

import os
from pathlib import Path

import pytest
import tickertape
from support import killing

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture
def group(tmp_path, request):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
    return killing.Group(tmp_path, rings, killing.rng_of(request.node.name), environment)


@pytest.mark.parametrize("death", sorted({*killing.SIGNALS, *killing.OWN_DEATHS}))
def test_every_death(group, death):
    group.run("mixed", death, 0.02, least=500)
    group.recover()
    group.check()


@pytest.mark.parametrize("load", killing.LOADS)
def test_kill_9_under_every_load(group, load):
    group.run(load, "SIGKILL", 0.08, least=500)
    group.recover()
    group.check()


@pytest.mark.parametrize("seed", range(2))
def test_kills_and_recoveries_at_random_moments(group, seed):
    killing.torture(group, kills=8, longest_secs=0.1)
