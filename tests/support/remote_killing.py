"""Kills processes that log to a URL, uploads what they left, and compares it with what they say they had logged."""

import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import tickertape

from support import faulty_store, scanner

_CHILD = """
import mmap, os, sys, warnings
warnings.simplefilter("ignore")
from support import faulty_store
faulty_store.register()
import numpy as np
from tickertape import SummaryWriter
url, counter, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(counter, "r+b") as file:
    # Not struct.pack_into(): it fills the place with zeros first, and the process may die in between.
    count = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")
writer = SummaryWriter(url, upload_secs=0.01)
print("up", flush=True)
step = 0
large = np.zeros(300_000, np.uint8)
while True:
    writer.add_scalar(f"child{number}", step, step)
    step += 1
    count[0] = step  # acknowledged
    if number % 3 == 1 and step % 50 == 0:
        writer.add_tensor("noise", large, step)
    if number % 4 == 2 and step % 1000 == 0:
        writer.flush(wait=True)
    if number % 5 == 3 and step % 5000 == 0:
        writer.close()
"""
_SYNC = """
import sys
from support import faulty_store
faulty_store.register()
from tickertape.cli import main
print("up", flush=True)
sys.exit(main.main(["sync", sys.argv[1]]))
"""
_FAULTS = ("", "", "", "refuse", "after")


class Kills:
    """Runs that log to one URL, one after the other, and are killed.

    Args:
        root: an empty directory for everything.
        rng: decides everything.
        longest_secs: of a process's life.
    """

    def __init__(self, root, rng, longest_secs):
        self.root, self.rng, self.longest_secs = Path(root), rng, longest_secs
        (self.root / "store").mkdir()
        (self.root / "rings").mkdir(mode=0o700)
        self.folder = self.root / "store" / "runs"
        self.url = f"faulty://{self.folder}"
        self.faults = faulty_store.Faults(self.root / "store")
        self.children = self.syncs_killed = 0
        paths = [str(Path(tickertape.__file__).parents[1]), str(Path(__file__).parents[1])]
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "TICKERTAPE_RING_DIR": str(self.root / "rings"),
            "TICKERTAPE_SPOOL": str(self.root / "spool"),
            "TICKERTAPE_EXIT_TIMEOUT": "1",
        }

    def kill_one(self):
        """A process logs, and is killed; the store may refuse meanwhile."""
        self.faults.set(self.rng.choice(_FAULTS))
        counter = self.root / f"count{self.children}"
        counter.write_bytes(bytes(8))
        self._killed(_CHILD, self.url, str(counter), str(self.children))
        self.children += 1
        if self.rng.random() < 0.3:
            self._killed(_SYNC, self.url)
            self.syncs_killed += 1

    def _killed(self, code, *arguments):
        command = [sys.executable, "-c", code, *arguments]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as child:
            child.stdout.readline()
            threading.Event().wait(self.rng.uniform(0, self.longest_secs))
            if self.rng.random() < 0.5:
                self.faults.set(self.rng.choice(_FAULTS))
                threading.Event().wait(self.rng.uniform(0, self.longest_secs))
            child.send_signal(signal.SIGKILL)

    def acknowledged(self, number):
        """How many calls of a child had returned."""
        with (self.root / f"count{number}").open("rb") as file:
            view = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
            return struct.unpack("<q", view)[0]

    def check(self):
        """Uploads everything that was left, and counts. Returns (events acknowledged, events found).

        Raises:
            AssertionError: an event is missing, there twice or out of order, or something is left in the spool or among the rings.
        """
        self.faults.set("")
        done = subprocess.run(
            [sys.executable, "-c", _SYNC, self.url],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = {}
        for name, content in faulty_store.joined(self.folder).items():  # no gap, no overlap
            events = {}
            for step, tag in _scalars(content, name):
                events.setdefault(tag, []).append(step)
            for tag, steps in events.items():
                found.setdefault(tag, []).append(steps)
        acknowledged = 0
        for number in range(self.children):
            files = sorted(found.pop(f"child{number}", []))
            steps = [step for one in files for step in one]
            count = self.acknowledged(number)
            assert steps == list(range(len(steps))), f"child {number}: lost, doubled or out of order"
            assert count <= len(steps) <= count + 1, (
                f"child {number}: {count} acknowledged, {len(steps)} there"
            )
            acknowledged += count
        assert not found
        assert not [path for path in (self.root / "spool").rglob("*") if path.is_file()]
        assert not list((self.root / "rings").glob("*"))
        puts = [name for name, _ in self.faults.puts]
        return acknowledged, len(puts) - len(set(puts))

    def close(self):
        """Removes everything."""
        shutil.rmtree(self.root)


def _scalars(content, name):
    """(step, tag) of the scalars in bytes that must be whole records."""
    at = 0
    while at < len(content):
        record = scanner._record_at(content, at)
        assert record is not None, f"{name}: no record at {at}"
        data, at = record
        step, tag, _, _ = scanner.event(data)
        if tag.startswith("child"):
            yield step, tag
