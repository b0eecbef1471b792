"""Deferred values when something ends: the process, the device, the time limit, a fork, a kill."""

import signal

import pytest
import tickertape
from support import oracle

# A device that is held, and a file. deferred(v) is a value whose copy is on its way.
PRELUDE = """
import os, signal, sys, threading, time
from support import device_copies, fake_cuda
from tickertape import _core
from tickertape.writer import lifecycle
lifecycle.arm()
device = fake_cuda.load()
stream = device.stream()
device.hold(stream)
file = _core.EventFileWriter(sys.argv[1])
deferred = lambda value: device_copies.scalar(device, stream, value)
"""


@pytest.fixture
def run(tmp_path, run_script, monkeypatch):
    def run(source, expect=0, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return run_script(PRELUDE + source, tmp_path / "logs", expect=expect)

    return run


def test_the_exit_waits(run, tmp_path):
    run("""
file.add_scalar("x", deferred(1.0), 1)
file.add_scalar("y", 2.0, 2)
threading.Timer(0.2, device.release, [stream]).start()
""")
    assert oracle.values(tmp_path / "logs") == [("x", 1, 1.0), ("y", 2, 2.0)]


def test_the_exit_waits_for_what_python_completes(run, tmp_path):
    run("""
import numpy as np
memory = np.zeros(1)
copy = _core.DeviceCopy(memory, "manual")
file.add_scalar("x", copy.scalar(memory.ctypes.data, "float64"), 1)
polls = []
def poll():
    polls.append(1)
    if len(polls) == 3:
        memory[0] = 5.0
        copy.complete()
_core.set_device_hooks(None, None, poll)
""")
    assert oracle.values(tmp_path / "logs") == [("x", 1, 5.0)]


def test_the_exit_has_a_bound_and_writes_what_stood_behind(run, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TICKERTAPE_RING_DIR", str(tmp_path / "rings"))
    (tmp_path / "rings").mkdir(mode=0o700)
    output = run(
        """
os.dup2(1, 2)
file.add_scalar("x", deferred(1.0), 1)
file.add_scalar("y", 2.0, 2)
""",
        TICKERTAPE_EXIT_TIMEOUT="0.3",
    )
    assert "1 events waited for a value from a device when the process ended and are lost" in output
    assert oracle.values(tmp_path / "logs") == [("y", 2, 2.0)]
    assert list((tmp_path / "rings").iterdir()) == []


def test_a_value_that_never_comes_is_dropped(run, tmp_path):
    output = run(
        """
import warnings
file.add_scalar("x", deferred(1.0), 1)
file.add_scalar("y", 2.0, 2)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    file.flush(wait=True)
print(said[0].message)
print(_core.stats()["events_dropped"], _core.stats()["events_queued"], _core.stats()["events_late"])
""",
        TICKERTAPE_DEVICE_TIMEOUT="0.2",
    )
    assert "'x' at step 1 did not arrive" in output
    assert output.endswith("1 0 0\n")
    assert oracle.values(tmp_path / "logs") == [("y", 2, 2.0)]


def test_ctrl_c_ends_a_wait(run, tmp_path):
    output = run("""
file.add_scalar("x", deferred(1.0), 1)
try:
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
    file.flush(wait=True)
except KeyboardInterrupt:
    print("interrupted")
try:
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
    file.close()
except KeyboardInterrupt:
    print("interrupted")
device.release(stream)
""")
    assert output == "interrupted\ninterrupted\n"
    assert oracle.values(tmp_path / "logs") == [("x", 1, 1.0)]


def test_killed_with_values_in_flight(run, tmp_path):
    """The events after them are recovered; they are counted as lost."""
    run(
        """
file.add_scalar("before", 0.0, 0)
for step in range(3):
    file.add_scalar("x", deferred(1.0), step)
    file.add_scalar("y", float(step), step)
file.flush()
os.kill(os.getpid(), signal.SIGKILL)
""",
        expect=-signal.SIGKILL,
    )
    (report,) = [r for r in tickertape.recover(tmp_path / "logs") if r.events or r.events_lost]
    assert (report.events, report.events_lost, report.complete) == (3, 3, True)
    assert any("3 events" in m and "waited for a value from a device" in m for m in report.messages)
    assert oracle.values(tmp_path / "logs") == [("before", 0, 0.0)] + [("y", s, float(s)) for s in range(3)]


def test_killed_after_they_came(run, tmp_path):
    run(
        """
file.add_scalar("x", deferred(1.5), 1)
device.release(stream)
while _core.stats()["events_late"]:
    file.flush()
os.kill(os.getpid(), signal.SIGKILL)
""",
        expect=-signal.SIGKILL,
    )
    tickertape.recover(tmp_path / "logs")
    assert oracle.values(tmp_path / "logs") == [("x", 1, 1.5)]


def test_a_forked_child_knows_nothing_of_its_parents_values(run, tmp_path):
    output = run("""
value = deferred(1.0)
file.add_scalar("x", value, 1)
child = os.fork()
if child == 0:
    try:
        file.add_scalar("x", value, 2)
    except RuntimeError as error:
        file.add_scalar("child", 1.0, 3)
        file.close()
        fine = "forked child" in str(error) and _core.take_done() == [] and _core.stats()["events_late"] == 0
        os._exit(0 if fine else 1)
    os._exit(2)
print(os.waitpid(child, 0)[1])
device.release(stream)
file.close()
""")
    assert output == "0\n"
    assert oracle.values(tmp_path / "logs") == [("x", 1, 1.0)]
    assert oracle.values(tmp_path / "logs/fork_1") == [("child", 3, 1.0)]


def test_a_full_ring_behind_a_late_value(run, tmp_path):
    """Dropping drops and counts; blocking waits until the value comes."""
    output = run(
        """
dropping = _core.EventFileWriter(sys.argv[1] + "/dropping", on_full="drop")
dropping.add_scalar("x", deferred(1.0), 0)
for step in range(200_000):
    dropping.add_scalar("y", 0.0, step)
print(_core.stats()["events_dropped"] > 0, _core.stats()["bytes_queued"] <= 4 << 20)
threading.Timer(0.3, device.release, [stream]).start()
for step in range(10_000):
    file.add_scalar("z", 0.0, step)
file.close()
dropping.close()
print(_core.stats()["events_queued"])
""",
        TICKERTAPE_QUEUE_BYTES="4194304",
    )
    assert output == "True True\n0\n"
    assert len([p for p in oracle.values(tmp_path / "logs") if p[0] == "z"]) == 10_000


def test_reopened_while_values_are_in_flight(run, tmp_path):
    run("""
import tickertape
writer = tickertape.SummaryWriter(sys.argv[1])
writer.add_scalar("x", deferred(1.0), 1)
closing = threading.Thread(target=writer.close)
closing.start()
while writer.file_writer is not None:
    time.sleep(0.001)
writer.add_scalar("x", 2.0, 2)
writer.flush()
assert closing.is_alive()
device.release(stream)
closing.join()
writer.close()
""")
    assert sorted(oracle.values(tmp_path / "logs")) == [("x", 1, 1.0), ("x", 2, 2.0)]
