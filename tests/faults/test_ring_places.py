"""Where the op ring goes: never into a log directory, and only where nobody else can write."""

import os
import signal
import subprocess
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


EXCHANGE = """
import ctypes, os
def exchange(one, other):  # in one step (RENAME_EXCHANGE): a directory that is missing for a moment is made again
    assert ctypes.CDLL(None).renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0
"""
MOVE = (
    EXCHANGE
    + """
import os, signal, sys, time, warnings
from pathlib import Path
from tickertape import SummaryWriter
warnings.simplefilter("always")
directory = Path("/dev/shm/tickertape-0")
w = SummaryWriter(sys.argv[1])
for s in range(1000): w.add_scalar('a', s, s)
if sys.argv[2] == "link":
    Path("/dev/shm/other").symlink_to("/dev/shm/other")
    exchange(directory, "/dev/shm/other")
elif sys.argv[2] == "file":
    Path("/dev/shm/other").write_text("")
    exchange(directory, "/dev/shm/other")
else:
    directory.chmod(0o777)
with warnings.catch_warnings(record=True) as caught:  # the new file is there before the ring is in it
    warnings.simplefilter("always")
    while not caught: w.flush(); time.sleep(0.001)
assert "it was moved to '" + sys.argv[3] in str(caught[0].message)
size = os.path.getsize(next(Path(sys.argv[1]).iterdir()))
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
for s in range(1000, 2000): w.add_scalar('a', s, s)
os.kill(os.getpid(), signal.SIGKILL)
"""
)


@pytest.mark.parametrize("change", ["link", "file", "open"])
def test_a_ring_leaves_a_directory_that_recovery_would_pass_over(tmp_path, change):
    (tmp_path / "place").mkdir(mode=0o700)
    variables = {"TMPDIR": str(tmp_path / "place")}
    python = [sys.executable, "-c", MOVE, tmp_path / "run", change, tmp_path / "place"]
    done = run_unshared("mount -t tmpfs none /dev/shm", python, env=environment(**variables))
    assert done.returncode == -signal.SIGKILL, done.stderr
    recover = "import sys, tickertape; print(sum(r.events for r in tickertape.recover(sys.argv[1])))"
    python = [sys.executable, "-c", recover, tmp_path / "run"]
    done = run_unshared("mount -t tmpfs none /dev/shm", python, env=environment(**variables))
    assert done.stdout == "1000\n", done
    assert steps(tmp_path / "run") == list(range(2000))


STAY = (
    EXCHANGE
    + """
import sys, time, warnings
from pathlib import Path
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
w.add_scalar('a', 0, 0)
rings = Path(sys.argv[2])
if sys.argv[3] == "open": rings.chmod(0o777)
else:
    other = Path(sys.argv[2] + "x")
    if sys.argv[3] == "gone": other.touch()
    else: other.symlink_to(other)
    exchange(rings, other)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    while not caught: w.add_scalar('a', 1, 1); time.sleep(0.001)
print(caught[0].message)
"""
)


@pytest.mark.parametrize(
    ("change", "where", "why"),
    [
        ("open", "is where recovery does not look", "others can write to it; run `chmod 700 '"),
        ("link", "is where recovery does not look", "it is a symbolic link; remove the link, or"),
        ("gone", "was deleted or renamed", "it is not a directory; rename it, or"),
    ],
)
def test_a_ring_that_cannot_be_moved_says_why(tmp_path, change, where, why):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-c", STAY, tmp_path / "run", rings, change],
        env=environment(TICKERTAPE_RING_DIR=str(rings)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert where in done.stdout
    assert f"it cannot be moved: '{rings}' cannot hold op rings: {why}" in done.stdout
    assert "what is queued is lost if the process is killed" in done.stdout
