"""Kills processes that log to an S3 server, uploads what they left, and compares the bucket with what they had counted.

remote_killing.py has the same with a store that fails; here every request is a real one.
"""

import collections
import contextlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import tickertape
from tensorboard.compat.proto.event_pb2 import Event

from support import scanner, tensorboards

_CHILD = Path(__file__).with_name("bucket_kill_child.py")


class Runs:
    """Runs that log to one URL, one after the other, and are killed.

    Args:
        store: a support.stores.Store.
        root: an empty directory.
        rng: decides everything.
    """

    def __init__(self, store, root, rng):
        self.store, self.root, self.rng = store, Path(root), rng
        self.url = store.url + "/runs"
        (self.root / "rings").mkdir(mode=0o700)
        self.environment = os.environ | store.environment
        self.environment |= {
            "TICKERTAPE_RING_DIR": str(self.root / "rings"),
            "TICKERTAPE_SPOOL": str(self.root / "spool"),
            "TICKERTAPE_CACHE": str(self.root / "cache"),
            "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
        }
        self.counts = collections.Counter()

    def kill_one(self, longest_secs):
        """A process that logs until it is killed."""
        number = self.counts["kills"]
        counters = self.root / f"counters{number}"
        counters.write_bytes(bytes(16))
        errors = self.root / "errors"
        with errors.open("wb") as stderr:
            child = subprocess.Popen(
                [sys.executable, _CHILD, self.url, counters, str(number), str(self.rng.randrange(10**9))],
                env=self.environment,
                stderr=stderr,
            )
        try:
            is_early = self.rng.random() < 0.1  # while it opens the writer, and uploads what others left
            while not is_early and not any(counters.read_bytes()[:8]):
                assert child.poll() is None, errors.read_text()
                time.sleep(0.001)
            time.sleep(self.rng.uniform(0, longest_secs))
            assert child.poll() is None, errors.read_text()
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        self.counts["kills"] += 1

    def sync(self, kill_after_secs=None):
        """`tickertape sync URL`, or the next writer, which is killed after a while, or not."""
        next_writer = "import sys, tickertape; tickertape.SummaryWriter(sys.argv[1]).close()"
        command = self.rng.choice((("-m", "tickertape", "sync"), ("-c", next_writer)))
        with (self.root / "sync").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *command, self.url],
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        if kill_after_secs is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(kill_after_secs)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.counts["syncs killed"] += process.returncode == -signal.SIGKILL
            return
        assert process.wait(600) == 0, (self.root / "sync").read_text()

    def check(self):
        """Everything acknowledged is in the bucket, once and in order, for TensorBoard's loader and for ours."""
        copy = self.root / "copy"
        for key, content in self.store.objects().items():
            path = copy / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        steps = collections.defaultdict(list)
        for path in sorted((copy / "runs").iterdir()):
            records, damage = scanner.records(path)
            assert not damage, f"{path}: {damage}"
            self.counts["objects"] += 1
            for record in records:
                event = Event.FromString(record)
                for value in event.summary.value:
                    steps[value.tag].append(event.step)
        ours = self._ours()
        for number in range(self.counts["kills"]):
            logged = struct.unpack("2Q", (self.root / f"counters{number}").read_bytes())[1]
            found = steps[str(number)]
            assert found == list(range(len(found))), f"run {number}: order"
            # The call in which the process died may or may not have got through.
            assert logged <= len(found) <= logged + 1, f"run {number}: {logged} logged, {len(found)} there"
            assert ours.get(str(number), []) == found
            self.counts["events"] += len(found)
        most = max(range(self.counts["kills"]), key=lambda number: len(steps[str(number)]))
        shown = tensorboards.plain(copy / "runs", str(most)).get(".", [])
        assert [step for step, _ in shown][-1:] == steps[str(most)][-1:]
        assert not list((self.root / "spool").rglob("*tfevents*")), "event files are left in the spool"
        assert not list((self.root / "rings").iterdir()), "rings are left"

    def _ours(self):
        """{tag: steps} as tickertape.read finds them in the bucket."""
        script = (
            "import json, sys, tickertape; runs = tickertape.read(sys.argv[1]); assert not runs.problems;"
            "print(json.dumps({tag: run.scalars[tag].step.tolist() for run in runs.values() for tag in run.scalars.tags}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, self.url],
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        return json.loads(done.stdout)


def torture(store, root, kills, seed, longest_secs=1.0):
    """Kills so many, checks, and returns what was counted."""
    rng = random.Random(seed)
    runs = Runs(store, root, rng)
    for _ in range(kills):
        runs.kill_one(longest_secs)
        if rng.random() < 0.15:
            runs.sync(kill_after_secs=rng.uniform(0.5, 4))
    runs.sync()
    runs.check()
    return runs.counts
