"""Disks for the tests to break: a small one in memory, and one of our own that stalls and fails (fault_fs.py)."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape

_SUPPORT = Path(__file__).parent
_PACKAGE_PARENT = str(Path(tickertape.__file__).parents[1])

# At the head of scripts that run on a FaultDisk: `disk("stall")` and so on, from inside.
PRELUDE = """
import errno, gc, json, os, resource, signal, socket, sys, threading, time, warnings
import tickertape
from tickertape import SummaryWriter
root = sys.argv[1]

def disk(command):
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(sys.argv[2])
        control.sendall(command.encode() + b"\\n")
        return json.loads(control.makefile().readline())

def wait_for(condition):
    while not condition(tickertape.stats()):
        time.sleep(0.002)

def status(field):  # in KiB
    with open('/proc/self/status') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field))
"""


class FaultDisk:
    """A mounted fault_fs.py; see there for the commands."""

    def __init__(self, where):
        self.path = where / "disk"
        self.path.mkdir()
        self._control = str(where / "control")
        self._server = subprocess.Popen(
            [sys.executable, str(_SUPPORT / "fault_fs.py"), str(self.path), self._control],
            stdin=subprocess.PIPE,  # its end is the server's
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._server.stdout.readline() != "ready\n":
            reason = self._server.communicate()[1].strip().splitlines()
            pytest.skip(
                f"cannot mount a FUSE file system here: {reason[-1] if reason else 'no reason given'}"
            )

        first = self.path / "first"
        first.touch()  # asks for the first FLUSH; see there
        first.unlink()

    @property
    def arguments(self):
        """For a script that starts with PRELUDE."""
        return str(self.path), self._control

    def tell(self, command):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self._control)
            control.sendall(command.encode() + b"\n")
            with control.makefile() as lines:
                return json.loads(lines.readline())

    def end(self):
        self._server.kill()  # every request that is still open ends with an error
        self._server.communicate()
        subprocess.run(["fusermount3", "-u", "-z", "--", str(self.path)], check=False, capture_output=True)


@pytest.fixture
def fault_disk(tmp_path_factory):
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or shutil.which("fusermount3") is None:
        pytest.skip("needs FUSE: /dev/fuse and fusermount3 (Debian's fuse3)")
    disk = FaultDisk(tmp_path_factory.mktemp("fault"))
    yield disk
    disk.end()


@contextlib.contextmanager
def memory_disk(path, size):
    """A tmpfs of `size` (as mount takes it) at `path`."""
    path.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tickertape-test", str(path)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here (not root?): {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def run_on(arguments, source, cwd, timeout=600, expect=0, **environment):
    """Runs PRELUDE and `source` in a process of its own; returns what subprocess.run() does."""
    script = cwd / "script.py"
    script.write_text(PRELUDE + source)
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | {"PYTHONPATH": _PACKAGE_PARENT, "PYTHONWARNINGS": "default"} | environment,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == expect, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
