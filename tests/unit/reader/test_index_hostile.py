"""Many files, and files that are replaced under a reader: nothing is lost, nothing hangs, and memory keeps to the input's size."""

import os
import signal
import subprocess
import sys
import threading

from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape import _core

FILES = 100_000
READ = """
import resource, sys
import tickertape
from tickertape import _core

def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
before = peak()
run = tickertape.read(sys.argv[1], restarts="all")["."]
print(len(run.files), len(run.scalars["a"].step), len(run.problems), peak() - before)
"""
INTERRUPTED = """
import sys
import tickertape
runs = tickertape.read(sys.argv[1], progress=lambda done, total: print("reading", flush=True))
print("found", flush=True)
len(runs)
"""


def content(step):
    summary = Summary(value=[Summary.Value(tag="a", simple_value=step)])
    events = [Event(file_version="brain.Event:2"), Event(step=step, wall_time=step, summary=summary)]
    return b"".join(oracle.frame(event.SerializeToString()) for event in events)


def test_a_hundred_thousand_files(tmp_path):
    """Links to one file: what counts is how many are opened. A process may have few files open at a time."""
    file = tmp_path / "one"
    file.write_bytes(content(7))
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(FILES):
        os.symlink(file, logs / f"events.out.tfevents.{number}.h.1.0")  # noqa: PTH211  # a hundred thousand Paths take seconds
    done = subprocess.run([sys.executable, "-c", READ, logs], capture_output=True, text=True, check=True)
    files, rows, problems, grown = map(int, done.stdout.split())
    assert (files, rows) == (FILES, FILES)
    assert problems == 0
    assert grown < FILES * 10_000
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, logs], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "found\n"
    assert child.stdout.readline() == "reading\n"
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=60)
    assert child.returncode != 0
    assert error.rstrip().endswith("KeyboardInterrupt")


def test_a_file_that_is_replaced_while_it_is_read(tmp_path):
    """Every scan sees one of the two files, never a mixture, also if it goes on from an earlier one."""
    path, other = tmp_path / "file", tmp_path / "other"
    whole = {step: content(step) * 30_000 for step in (1, 2)}
    path.write_bytes(whole[1])
    stop = threading.Event()

    def replace():
        step = 2
        while not stop.is_set():
            other.write_bytes(whole[step])
            other.replace(path)
            step = 3 - step

    replacer = threading.Thread(target=replace)
    replacer.start()
    before = None
    try:
        for _ in range(20):
            (before,) = _core.scan_files([str(path)], previous=[before], threads=2)
            assert before.problems == []
            steps = {step for series in before.series for step in series.step.tolist()}
            assert len(steps) <= 1
    finally:
        stop.set()
        replacer.join()
    (index,) = _core.scan_files([str(path)], previous=[before])
    assert index.events == 60_000
