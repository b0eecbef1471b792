"""Somebody cuts off the ring's file while its process logs: no SIGBUS ends the training, and what is lost is counted."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape
from support import oracle

LOG = """
import faulthandler, os, sys, threading, time, warnings
from pathlib import Path
if "before" in sys.argv: faulthandler.enable()
from tickertape import SummaryWriter
warnings.simplefilter("always")
rings = Path(os.environ["TICKERTAPE_RING_DIR"])
w = SummaryWriter(sys.argv[1])
w.add_scalar("thread0", 0, 0)
w.flush()
if "after" in sys.argv: faulthandler.enable()
size = int(sys.argv[2])
rounds = [threading.Barrier(4) for _ in range(6)]
def log(thread):
    for step in range(1, 6001):
        w.add_scalar(f"thread{thread}", step % 997, step)
        if step % 50 == 0: w.add_histogram(f"thread{thread}h", [step] * 100, step)
        if step % 1000 == 500: rounds[step // 1000].wait()
threads = [threading.Thread(target=log, args=(n,)) for n in range(1, 4)]
for thread in threads: thread.start()
for cut in range(5):
    (ring,) = rings.iterdir()
    rounds[cut].wait()
    os.truncate(ring, size)
    while ring in list(rings.iterdir()) or not list(rings.iterdir()): time.sleep(0.001)
rounds[5].wait()
for thread in threads: thread.join()
w.close()
stats = w.stats()
print(stats["events_dropped"], stats["events_written"])
"""


def run(tmp_path, script, *arguments):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    environment = os.environ | {
        "TICKERTAPE_RING_DIR": str(rings),
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
    }
    return subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run"), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=600,
    )


# Everything; all but the header; all but header, slots and names (4 KiB, 4 MiB, 64 MiB).
@pytest.mark.parametrize("size", ["0", "5000", str(68 << 20)])
@pytest.mark.parametrize("faulthandler", ["", "before", "after"])
def test_threads_that_log_go_on(tmp_path, size, faulthandler):
    done = run(tmp_path, LOG, size, faulthandler)
    assert done.returncode == 0, done.stderr
    dropped, written = map(int, done.stdout.split())
    assert dropped + written == 1 + 3 * (6000 + 6000 // 50)
    found = {}
    for event in oracle.logged(tmp_path / "run"):
        (value,) = event.summary.value
        found.setdefault(value.tag, []).append(event.step)
        if value.HasField("simple_value"):
            assert value.simple_value == event.step % 997
        else:
            assert value.histo.min == value.histo.max == event.step
    assert sum(map(len, found.values())) == written
    for thread in (1, 2, 3):
        for tag in (f"thread{thread}", f"thread{thread}h"):
            assert all(a < b for a, b in itertools.pairwise(found[tag]))
            assert found[tag][-1] == 6000
    warned = [line for line in done.stderr.splitlines() if "was cut off by somebody" in line]
    lost = [int(line.split("somebody; ")[1].split()[0]) for line in warned]
    assert len(warned) == 5
    assert sum(lost) == dropped
    # faulthandler writes before it hands the signal on, so a handler in front of ours cannot be silent.
    assert faulthandler == "after" or "Bus error" not in done.stderr


UNUSED = """
import os, sys, warnings
from pathlib import Path
warnings.simplefilter("error")
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
w.add_scalar("a", 0, 0)
(ring,) = Path(os.environ["TICKERTAPE_RING_DIR"]).iterdir()
os.truncate(ring, os.path.getsize(ring) // 2)
for step in range(1, 200_000): w.add_scalar("a", step, step)
w.close()
print(w.stats()["events_dropped"])
"""


def test_an_end_behind_everything_that_is_in_use_harms_nothing(tmp_path):
    done = run(tmp_path, UNUSED)
    assert done.stdout == "0\n", done.stderr
    assert [step for _, step, _ in oracle.values(tmp_path / "run")] == list(range(200_000))


OTHER = """
import ctypes, faulthandler, mmap, os, sys
if "before" in sys.argv: faulthandler.enable()
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
if "after" in sys.argv: faulthandler.enable()
with open(sys.argv[1] + ".own", "w+b") as file:
    file.truncate(4096)
    own = mmap.mmap(file.fileno(), 4096)
    file.truncate(0)
print(own[0])
"""


@pytest.mark.parametrize("faulthandler", ["", "before", "after"])
def test_a_fault_that_is_not_ours_ends_as_without_us(tmp_path, faulthandler):
    done = run(tmp_path, OTHER, faulthandler)
    assert done.returncode == -signal.SIGBUS, done.stderr
    assert done.stdout == ""
    assert ("Fatal Python error: Bus error" in done.stderr) == (faulthandler != "")


REPLACED = """
import ctypes, faulthandler, os, signal, sys, time
from pathlib import Path

def first(number):
    "The address of the function that gets the signal first."
    action = ctypes.create_string_buffer(1024)
    ctypes.CDLL(None).sigaction(number, None, action)
    return int.from_bytes(action[:8], sys.byteorder)

kind = sys.argv[2]
if kind == "faulthandler": faulthandler.enable()
from tickertape import SummaryWriter
w = SummaryWriter(sys.argv[1])
w.add_scalar("a", 0, 0)
signal.signal(signal.SIGUSR1, lambda *_: None)
theirs = first(signal.SIGUSR1) if kind == "python" else signal.SIG_DFL
heard = []
if kind == "faulthandler": faulthandler.disable()
elif kind == "default": signal.signal(signal.SIGBUS, signal.SIG_DFL)
else: signal.signal(signal.SIGBUS, lambda number, _: heard.append(number))
while first(signal.SIGBUS) == theirs: time.sleep(0.001)
(ring,) = Path(os.environ["TICKERTAPE_RING_DIR"]).iterdir()
os.truncate(ring, 0)
for step in range(1, 1000): w.add_scalar("a", step, step)
w.close()
if kind == "python":
    assert not heard
print("alive", flush=True)
os.kill(os.getpid(), signal.SIGBUS)
while not heard: time.sleep(0.001)
print("heard")
"""


@pytest.mark.parametrize("kind", ["faulthandler", "default", "python"])
def test_our_handler_comes_back_and_passes_on_what_is_sent(tmp_path, kind):
    done = run(tmp_path, REPLACED, kind)
    assert done.stdout == ("alive\nheard\n" if kind == "python" else "alive\n"), done.stderr
    assert done.returncode == (0 if kind == "python" else -signal.SIGBUS)
    assert [step for _, step, _ in oracle.values(tmp_path / "run")][-1] == 999
