"""A process that is killed while its last events are in its op ring only."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import tickertape

# The file cannot grow any more, so what is logged then stays in the ring.
_LOG = """
import os, resource, signal, sys
from tickertape import SummaryWriter
writer = SummaryWriter(sys.argv[1])
writer.add_scalar("a", 0, 0)
writer.flush()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = os.path.getsize(os.path.join(sys.argv[1], os.listdir(sys.argv[1])[0]))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
for step in range(1, 1 + int(sys.argv[2])):
    writer.add_scalar("a", step, step)
os.kill(os.getpid(), signal.SIGKILL)
"""


def environment(rings):
    """Of processes whose rings lie in the directory `rings`, and which import what is tested."""
    return os.environ | {
        "TICKERTAPE_RING_DIR": str(rings),
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
    }


def leave(log_dir, rings, count):
    """Logs step 0 into a file, and `count` further steps of the same tag into the ring alone. Makes `rings`."""
    rings.mkdir(mode=0o700)
    command = [sys.executable, "-c", _LOG, str(log_dir), str(count)]
    done = subprocess.run(command, env=environment(rings), check=False)
    assert done.returncode == -signal.SIGKILL
