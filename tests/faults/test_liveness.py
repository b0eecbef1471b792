"""A ring with a living owner is never taken; that of a dead one always is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape
from support import oracle

OWNER = """
import os, shutil, signal, sys
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
w.add_scalar('a', 0, 0)
w.flush()
# What shutil.copytree() of the directory does: it opens and closes each file, which drops POSIX locks.
shutil.copytree(os.environ['TICKERTAPE_RING_DIR'], sys.argv[1] + '-copy')
print('up', flush=True)
sys.stdin.readline()
for s in range(1, 201): w.add_scalar('a', s, s)
os.kill(os.getpid(), signal.SIGKILL)
"""
RECOVER = "import sys, tickertape; print(len(tickertape.recover()))"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_another_pid_namespace_does_not_hide_the_owner(tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    environment = os.environ | {
        "TICKERTAPE_RING_DIR": str(rings),
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
    }
    elsewhere = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", RECOVER]
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "run")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout.readline() == "up\n"
    assert subprocess.check_output(elsewhere, env=environment, text=True) == "0\n"
    assert len(list(rings.iterdir())) == 1
    owner.communicate("go\n")
    assert subprocess.check_output(elsewhere, env=environment, text=True) == "1\n"
    assert [step for _, step, _ in oracle.values(tmp_path / "run")] == list(range(201))
    assert not list(rings.iterdir())
