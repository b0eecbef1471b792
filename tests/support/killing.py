"""Kills processes that log, recovers what they left, and compares it with what they say they had logged."""

import array
import collections
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event

from support import scanner

CHILD = Path(__file__).with_name("kill_child.py")
LOADS = ("scalars", "mixed", "heavy", "writers", "closing", "fork")
# How the parent kills, and how the child ends by itself (kill_child.DEATHS).
SIGNALS = {name: getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGSEGV", "SIGABRT")}
OWN_DEATHS = ("os._exit", "abort", "segfault", "exec", "SIGTERM", "SIGHUP")
# Runs a command in a mount and a PID namespace of its own.
ELSEWHERE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

RECOVER = """
import sys, warnings
warnings.simplefilter("ignore")
import tickertape
print("up", flush=True)
for report in tickertape.recover(sys.argv[1]):
    print(report.events, report.events_lost, int(report.complete), *report.messages, sep="|", flush=True)
"""


def why_not_elsewhere():
    """Why this process cannot run anything in other namespaces; "" if it can."""
    if shutil.which("unshare") is None:
        return "there is no unshare(1)"
    done = subprocess.run([*ELSEWHERE, "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip()


class Group:
    """Runs that log to one directory, one after the other.

    Args:
        root: an empty directory for everything but the rings.
        rings: where the rings go; must exist and be private.
        rng: decides everything.
        environment: for the children; must let them import tickertape.
        elsewhere: half of the recoveries are in other namespaces.
    """

    def __init__(self, root, rings, rng, environment, elsewhere=False):
        self.root, self.rings, self.rng, self.elsewhere = Path(root), Path(rings), rng, elsewhere
        self.logs = self.root / "logs"
        self.logs.mkdir()
        self.environment = environment | {"TICKERTAPE_RING_DIR": str(rings), "PYTHONFAULTHANDLER": ""}
        self.runs = 0
        self.counts = collections.Counter()

    # --- killing -----------------------------------------------------------------------------------------------

    def run(self, load, death, life_secs, least=0):
        """One process that logs until it dies, `life_secs` after it has logged `least` times."""
        counters = self.root / f"counters{self.runs}"
        counters.write_bytes(bytes(8 * 64))
        own = death in OWN_DEATHS and (death not in SIGNALS or self.rng.random() < 0.5)
        seed = self.rng.randrange(10**9)
        arguments = [self.logs, counters, self.runs, load, death if own else "", life_secs, least, seed]
        self.runs += 1
        errors = self.root / "errors"
        with errors.open("wb") as stderr:
            child = subprocess.Popen(
                [sys.executable, str(CHILD), *map(str, arguments)],
                env=self.environment,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        try:
            while True:
                # Asked first: a child that ends by itself may do so at once after it has begun to log.
                has_ended = child.poll() is not None
                if any(counters.read_bytes()[:8]) and _logged(counters) >= least:
                    break
                assert not has_ended, errors.read_text()
                time.sleep(0.001)
            if not own:
                time.sleep(life_secs)
                child.send_signal(SIGNALS[death])
            child.wait(timeout=600)
        finally:
            _kill_group(child.pid)  # the load "fork" has a child of its own
        assert child.returncode != 1, errors.read_text()  # a Python error: the test's own
        self.counts[f"{'self' if own else 'parent'}: {death}"] += 1
        self.counts["kills"] += 1

    # --- recovering --------------------------------------------------------------------------------------------

    def recover(self, kill_after_secs=None):
        """Recovers in a process of its own, which is killed some time after it has begun."""
        is_elsewhere = self.elsewhere and self.rng.random() < 0.5
        process = subprocess.Popen(
            [*(ELSEWHERE if is_elsewhere else ()), sys.executable, "-c", RECOVER, str(self.logs)],
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline() == "up\n"
        if kill_after_secs is not None:
            time.sleep(kill_after_secs)
            _kill_group(process.pid)
        out, _ = process.communicate(timeout=600)
        self.counts["recoveries in other namespaces" if is_elsewhere else "recoveries in this namespace"] += 1
        reports = [line.split("|") for line in out.splitlines() if line.count("|") >= 2]
        self.counts["events recovered by recover()"] += sum(int(report[0]) for report in reports)
        if process.returncode == -signal.SIGKILL:
            self.counts["recoveries killed"] += 1
            return
        assert process.returncode == 0
        for _, lost, complete, *messages in reports:
            assert lost == "0", messages
            assert complete == "1", messages

    def _let_young_rings_age(self):
        """A ring whose process died while making it is spared for some seconds: it may be another's that is being made."""
        young = [ring for ring in self.rings.iterdir() if not any(ring.read_bytes()[:8])]
        for ring in young:
            os.utime(ring, (0, 0))
        if young:
            self.counts["killed while making the ring"] += len(young)
            self.recover()

    # --- checking ----------------------------------------------------------------------------------------------

    def check(self):
        """Everything acknowledged is in the files once and in order, and nothing else but the calls cut short."""
        found = collections.defaultdict(lambda: array.array("q"))
        for path in sorted(self.logs.rglob("*tfevents*"), key=lambda path: path.name):
            content, damage = scanner.records(path)
            assert not damage, f"{path}: {damage}"
            self.counts["files"] += 1
            for data in content[1:]:
                event = Event.FromString(data)
                (value,) = event.summary.value
                run, stream, _ = value.tag.split("/", 2)
                found[int(run), int(stream)].append(event.step)
                _check_value(event.step, value)
        self._let_young_rings_age()
        assert not list(self.rings.iterdir()), "rings are left"
        for run in range(self.runs):
            counters = struct.unpack("64Q", (self.root / f"counters{run}").read_bytes())
            for stream in range(1, 64):
                acknowledged = counters[stream]
                steps = found.pop((run, stream), array.array("q"))
                assert steps == array.array("q", range(len(steps))), f"run {run}, stream {stream}: order"
                # The call in which the process died may or may not have got through.
                assert acknowledged <= len(steps) <= acknowledged + 1, (
                    f"{acknowledged} acknowledged, {len(steps)} there"
                )
                self.counts["events acknowledged"] += acknowledged
                self.counts["events found"] += len(steps)
        assert not found, found.keys()


def _logged(counters):
    """Calls of the first stream that have returned."""
    return struct.unpack_from("Q", counters.read_bytes(), 8)[0]


def _kill_group(group_id):
    """Returns when every process of the group is gone."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(group_id, signal.SIGKILL)
        except ProcessLookupError:
            return
        time.sleep(0.001)


def _check_value(step, value):
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        assert value.simple_value == step % 997, (value.tag, step)
    else:
        assert kind in {"image", "histo", "tensor"}, (value.tag, step, kind)


def random_life(rng, longest_secs):
    """Seconds: some so short that they end while the writer opens (and recovers what others left)."""
    return rng.random() * 0.02 if rng.random() < 0.25 else rng.uniform(0.02, longest_secs)


def random_death(rng):
    """SIGKILL half of the time."""
    return "SIGKILL" if rng.random() < 0.5 else rng.choice([*SIGNALS, *OWN_DEATHS])


def torture(group, kills, longest_secs):
    """Kills `kills` times at random moments, recovers now and then, at last for good, and checks."""
    rng = group.rng
    for _ in range(kills):
        group.run(rng.choice(LOADS), random_death(rng), random_life(rng, longest_secs))
        chance = rng.random()
        if chance < 0.3:
            group.recover(kill_after_secs=rng.random() * 0.03)
        elif chance < 0.5:
            group.recover()
        # Otherwise the next writer finds what is left.
    group.recover()
    group.check()


def rng_of(seed):
    return random.Random(seed)
