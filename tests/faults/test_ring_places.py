"""Where the op ring goes: never into a log directory, and only where nobody else can write."""

import os
import signal
import sys
from pathlib import Path

import pytest
import tickertape
from support import oracle
from support.mounts import run_unshared

LOG = """
import os, signal, sys, warnings
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
for s in range(1000): w.add_scalar('a', s, s)
if len(sys.argv) > 2: os.kill(os.getpid(), signal.SIGKILL)
w.close()
"""


def environment(**variables):
    """This process's, without what decides about rings."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"TICKERTAPE_RING_DIR", "TMPDIR"}
    }
    kept.pop("XDG_RUNTIME_DIR", None)
    return kept | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])} | variables


def run(prepare, arguments, variables):
    """Runs LOG in a mount namespace of its own, after the shell command `prepare`."""
    python = [sys.executable, "-W", "always", "-c", LOG, *arguments]
    return run_unshared(prepare, python, env=environment(**variables))


def steps(directory):
    return [step for _, step, _ in oracle.values(directory)]


@pytest.mark.parametrize("place", ["XDG_RUNTIME_DIR", "TMPDIR"])
def test_without_room_in_shared_memory_the_next_private_place(tmp_path, place):
    """The ring of a killed process is there, and the next writer recovers what is in it."""
    (tmp_path / "place").mkdir(mode=0o700)
    tiny = "mount -t tmpfs -o size=64k none /dev/shm"
    variables = {place: str(tmp_path / "place")}
    done = run(tiny, [tmp_path / "run", "die"], variables)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "no room for an op ring in '/dev/shm/tickertape-0'" in done.stderr
    assert f"the op ring is in '{tmp_path}/place/tickertape" in done.stderr
    assert list((tmp_path / "place").rglob("*.ring"))
    assert len(list((tmp_path / "run").iterdir())) == 1  # nothing but the event file
    done = run(tiny, [tmp_path / "run"], variables)
    assert done.returncode == 0, done.stderr
    assert sorted(steps(tmp_path / "run")) == sorted([*range(1000)] * 2)
    assert not list((tmp_path / "place").rglob("*.ring"))


def test_without_a_private_place_the_processs_own_memory(tmp_path):
    squat = (
        "mount -t tmpfs none /dev/shm && mkdir -p /dev/shm/tickertape-0 /dev/shm/tmp/tickertape-0"
        " && chown 4711 /dev/shm/tickertape-0 && chmod 0777 /dev/shm/tmp/tickertape-0"
    )
    done = run(squat, [tmp_path / "run"], {"TMPDIR": "/dev/shm/tmp"})
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run") == list(range(1000))
    (warning,) = [line for line in done.stderr.splitlines() if "RuntimeWarning" in line]
    assert (
        "'/dev/shm/tickertape-0' cannot hold op rings: it belongs to user 4711; remove it, or set" in warning
    )
    assert "'/dev/shm/tmp/tickertape-0' cannot hold op rings: others can write to it" in warning
    assert "lost if the process is killed" in warning
