"""Files that recovery cannot see just now are not gone: nothing that was accepted is deleted."""

import os
import signal
import sys
from pathlib import Path

import tickertape
from support import oracle
from support.mounts import run_unshared

LOG = """
import os, signal, sys
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
for s in range(10000): w.add_scalar('a', s, s)
os.kill(os.getpid(), signal.SIGKILL)
"""
OPEN = "import sys; from tickertape import SummaryWriter; SummaryWriter(sys.argv[1]).close()"
RECOVER = "import sys, tickertape; print(sum(r.events_lost for r in tickertape.recover(*sys.argv[1:])))"


def volume_to_mount(tmp_path):
    """(rings, volume, where it is mounted, environment for the processes) in a new directory."""
    rings, volume, path = tmp_path / "rings", tmp_path / "volume", tmp_path / "logs"
    for directory in (rings, volume, path):
        directory.mkdir(mode=0o700)
    environment = os.environ | {
        "TICKERTAPE_RING_DIR": str(rings),
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
    }
    return rings, volume, path, environment


def test_the_same_path_on_another_volume(tmp_path):
    """Two containers that share /dev/shm (`--ipc=host`) and mount their own volumes at one path."""
    rings, volume, path, environment = volume_to_mount(tmp_path)
    here = f"mount --bind {volume} {path}"
    elsewhere = f"mount -t tmpfs none {path} && mkdir {path}/run"

    def run(prepare, script):
        return run_unshared(prepare, [sys.executable, "-c", script, path / "run"], env=environment)

    done = run(here, LOG)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for script in (OPEN, RECOVER):
        done = run(elsewhere, script)
        assert done.returncode == 0, done.stderr
        assert done.stdout in {"", "0\n"}
        assert len(list(rings.iterdir())) == 1
    done = run(here, RECOVER)
    assert done.stdout == "0\n", done
    assert [step for _, step, _ in oracle.values(volume / "run")] == list(range(10000))
    assert not list(rings.iterdir())


def test_a_disk_that_is_not_mounted(tmp_path):
    rings, volume, path, environment = volume_to_mount(tmp_path)
    here = f"mount --bind {volume} {path}"
    run_unshared(here, [sys.executable, "-c", LOG, path / "run"], env=environment)
    done = run_unshared("true", [sys.executable, "-c", RECOVER], env=environment)
    assert done.stdout == "0\n", done
    assert not list(path.iterdir())  # no directory was made
    done = run_unshared(here, [sys.executable, "-c", RECOVER], env=environment)
    assert done.stdout == "0\n", done
    assert [step for _, step, _ in oracle.values(volume / "run")] == list(range(10000))
    assert not list(rings.iterdir())
