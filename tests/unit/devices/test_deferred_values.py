"""Values of a slow device: taken at the call, written in the order of the calls; no call waits for them."""

import threading

import numpy as np
import pytest
import tickertape
from support import fake_device, oracle
from tickertape import SummaryWriter

HEAD = """
import os, signal, sys
from support import fake_device
from tickertape import SummaryWriter, _core
device = fake_device.attach()
writer = SummaryWriter("run")
"""


def deferred_count():
    return tickertape.stats()["events_late"]


def test_values_stand_where_their_calls_stood(device, writer):
    with device.held():
        writer.add_scalar("a", device.tensor(1.5), 1, walltime=10.0)
        writer.add_scalar("a", 2.5, 2, walltime=11.0)
        writer.add_scalar("a", device.tensor([[3.5]]), 3, walltime=12.0)
        writer.log({"b": device.tensor(4.0), "c": 5.0, "d": {"e": device.tensor(6.0)}}, 4, walltime=13.0)
        writer.add_text("t", "words", 5, walltime=14.0)
        assert deferred_count() == 3
    writer.flush(wait=True)
    events = oracle.logged(writer.log_dir)
    assert [(e.step, e.wall_time) for e in events] == [(i, 9.0 + i) for i in range(1, 6)]
    assert oracle.values(writer.log_dir)[:-1] == [
        ("a", 1, 1.5),
        ("a", 2, 2.5),
        ("a", 3, 3.5),
        ("b", 4, 4.0),
        ("c", 4, 5.0),
        ("d/e", 4, 6.0),
    ]
    assert deferred_count() == 0


def test_a_change_in_place_after_the_call_changes_nothing(device, writer):
    loss = device.tensor(1.0)
    with device.held():
        for step in range(100):
            loss.set(step)
            writer.add_scalar("loss", loss, step)
            writer.log({"also": loss, "and": loss}, step)
        loss.set(-1)
    writer.flush(wait=True)
    assert oracle.values(writer.log_dir) == [
        (tag, step, float(step)) for step in range(100) for tag in ("loss", "also", "and")
    ]


def test_what_does_not_wait_for_the_device_is_written_meanwhile(cuda, tmp_path):
    with SummaryWriter(tmp_path / "deferred") as deferred, SummaryWriter(tmp_path / "host") as host:
        with cuda.held():
            deferred.add_scalar("a", cuda.tensor(1.0), 1)
            host.add_scalar("b", 2.0, 1)
            host.flush()
            assert oracle.values(tmp_path / "host") == [("b", 1, 2.0)]
            assert oracle.values(tmp_path / "deferred") == []
        deferred.flush(wait=True)
        assert oracle.values(tmp_path / "deferred") == [("a", 1, 1.0)]


def test_device_copies_are_noticed_without_python(cuda, writer):
    """Nobody calls anything: the backend's own thread asks the events."""
    with cuda.held():
        writer.add_scalar("a", cuda.tensor(1.0), 1)
    while deferred_count():
        threading.Event().wait(0.001)
    reached = threading.Event()
    while not oracle.values(writer.log_dir):
        reached.wait(0.001)
    assert oracle.values(writer.log_dir) == [("a", 1, 1.0)]


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float16"]
)
def test_types(cuda, writer, dtype):
    for step, value in enumerate((0, 1, 100 if dtype != "bool" else 1)):
        writer.add_scalar("t", cuda.tensor(value, dtype), step)
    writer.flush(wait=True)
    assert oracle.values(writer.log_dir) == [
        ("t", 0, 0.0),
        ("t", 1, 1.0),
        ("t", 2, 1.0 if dtype == "bool" else 100.0),
    ]


def test_double_precision(cuda, writer):
    writer.add_scalar("d", cuda.tensor(1 / 3, "float64"), 1, new_style=True, double_precision=True)
    writer.flush(wait=True)
    (event,) = oracle.logged(writer.log_dir)
    assert event.summary.value[0].tensor.double_val == [1 / 3]


@pytest.mark.parametrize("size", [0, 2])
def test_wrong_shapes_raise_at_the_call(cuda, writer, size):
    wrong = cuda.tensor(np.zeros(size))
    with pytest.raises(ValueError, match="scalar_value"):
        writer.add_scalar("a", wrong, 1)
    with pytest.raises(ValueError, match=r"values\['b/c'\]"):
        writer.log({"a": cuda.tensor(1.0), "b": {"c": wrong}}, 1)
    with pytest.raises(ValueError, match=r"tag_scalar_dict\['c'\]"):
        writer.add_scalars("b", {"a": cuda.tensor(1.0), "c": wrong}, 1)
    writer.flush(wait=True)
    assert oracle.logged(writer.log_dir) == []


def test_polling_leaves_a_capture_alone(cuda, writer):
    violations = cuda.cuda.violations
    with cuda.held():
        writer.add_scalar("a", cuda.tensor(1.0), 1)
        cuda.cuda.capture(True)
        writer.flush()
    writer.flush(wait=True)
    cuda.cuda.capture(False)
    assert cuda.cuda.violations == violations


def test_a_broken_device_costs_its_values_and_says_which(cuda, tmp_path):
    dropped = tickertape.stats()["events_dropped"]
    with SummaryWriter(tmp_path) as writer:
        with cuda.held():
            writer.add_scalar("before", 1.0, 1)
            writer.add_scalar("lost", cuda.tensor(2.0), 7)
            writer.add_scalar("after", 3.0, 8)
        cuda.cuda.fail(700)  # CUDA_ERROR_ILLEGAL_ADDRESS
        with pytest.warns(RuntimeWarning, match=r"'lost' at step 7 did not arrive"):  # noqa: PT031  # whichever tells
            writer.flush(wait=True)
            writer.add_scalar("warned", 1.0, 9)
        cuda.cuda.fail(0)
    assert oracle.values(tmp_path) == [("before", 1, 1.0), ("after", 8, 3.0), ("warned", 9, 1.0)]
    assert tickertape.stats()["events_dropped"] == dropped + 1


def test_memory_is_used_again(cuda, writer):
    locked = cuda.cuda.locked_bytes
    for step in range(2000):
        writer.add_scalar("a", cuda.tensor(step), step)
        if step % 100 == 99:
            writer.flush(wait=True)
    assert cuda.cuda.locked_bytes <= locked + 2 * 128 * 16  # two blocks
    assert [value for _, _, value in oracle.values(writer.log_dir)] == list(range(2000))


def test_too_many_under_way_take_the_usual_way(run_script, tmp_path):
    """When the core's 65,536 slots and Python's copies are under way, a call waits as item() does."""
    script = """
import threading
from tickertape.devices import streams
streams._MOST_COPIES = 10
value = device.tensor(1.5)
device.cuda.hold(device.stream)
for step in range(2**16 + 10):
    writer.add_scalar("a", value, step)
syncs, waiting = device.cuda.syncs, threading.Event()
thread = threading.Thread(target=lambda: writer.add_scalar("a", value, step + 1))
thread.start()
while device.cuda.syncs == syncs:
    waiting.wait(0.001)
device.cuda.release(device.stream)
thread.join()
print(device.cuda.locked_bytes)
"""
    assert run_script(HEAD + script) == f"{2**16 * 16}\n"
    expected = [("a", step, 1.5) for step in range(2**16 + 11)]
    assert oracle.values(tmp_path / "run") == expected


def test_a_large_log_is_one_copy(cuda, writer):
    copies = cuda.cuda.copies
    values = {f"tag{i}": cuda.tensor(float(i)) for i in range(1000)}
    writer.log(values, 1)
    writer.flush(wait=True)
    assert cuda.cuda.copies == copies + 1
    assert [value for _, _, value in oracle.values(writer.log_dir)] == list(range(1000))


def test_types_side_by_side_are_one_copy_each(cuda, writer):
    copies = cuda.cuda.copies
    kinds = ["float32", "int64", "float16", "bool", "float32", "uint8", "int64"]
    values = {str(i): cuda.tensor(i % 2 if kind == "bool" else i, kind) for i, kind in enumerate(kinds)}
    with cuda.held():
        writer.log({**values, "host": -1}, 1)
        for value in values.values():
            value.set(100)
    writer.flush(wait=True)
    assert cuda.cuda.copies == copies + len(set(kinds))
    assert [value for _, _, value in oracle.values(writer.log_dir)] == [0, 1, 2, 1, 4, 5, 6, -1]


def test_two_devices_and_threads_without_a_context(cuda, writer):
    other = fake_device.attach(index=1)
    violations = cuda.cuda.violations

    def log():
        assert cuda.cuda.context == 0
        writer.log({"a": cuda.tensor(1.0), "b": other.tensor(2.0), "c": cuda.tensor(3.0)}, 1)
        assert cuda.cuda.context == 0

    thread = threading.Thread(target=log)
    with cuda.held(), other.held():
        thread.start()
        thread.join()
    writer.flush(wait=True)
    assert oracle.values(writer.log_dir) == [("a", 1, 1.0), ("b", 1, 2.0), ("c", 1, 3.0)]
    assert cuda.cuda.violations == violations


def test_streams_do_not_wait_for_each_other(cuda, tmp_path):
    other = cuda.cuda.stream()
    with SummaryWriter(tmp_path / "slow") as slow, SummaryWriter(tmp_path / "fast") as fast, cuda.held():
        slow.add_scalar("a", cuda.tensor(1.0), 1)
        with cuda.on(other):
            fast.add_scalar("b", cuda.tensor(2.0), 1)
        fast.flush(wait=True)
        assert oracle.values(tmp_path / "fast") == [("b", 1, 2.0)]
        assert oracle.values(tmp_path / "slow") == []


def test_many_threads(device, tmp_path):
    streams = [device.cuda.stream() for _ in range(4)]
    device.cuda.delay(0.0001)

    def log(writer, stream):
        for step in range(200):
            device.cuda.use_context()
            value = device.tensor(step)
            writer.add_scalar("deferred", value, step)
            writer.log({"x": value, "y": step}, step)
            writer.add_scalar("host", step, step)

    with SummaryWriter(tmp_path) as writer:
        threads = [threading.Thread(target=log, args=(writer, stream)) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    values = oracle.values(tmp_path)
    assert len(values) == 4 * 200 * 4
    assert all(step == value for _, step, value in values)


def test_close_waits_and_the_next_file_goes_on(cuda, tmp_path):
    writer = SummaryWriter(tmp_path)
    cuda.cuda.delay(0.05)
    writer.add_scalar("a", cuda.tensor(1.0), 1)
    writer.close()
    assert oracle.values(tmp_path) == [("a", 1, 1.0)]
    writer.add_scalar("a", cuda.tensor(2.0), 2)
    writer.close()
    assert sorted(oracle.values(tmp_path)) == [("a", 1, 1.0), ("a", 2, 2.0)]


def test_no_call_waits(device, tmp_path):
    """The queue is held all the time: a call that waited would hang."""
    with SummaryWriter(tmp_path) as writer:
        syncs = device.cuda.syncs
        with device.held():
            writer.add_scalar("before", 1.0, 0)
            one = device.tensor(2.0)
            writer.add_scalar("one", one, 1)
            writer.add_scalar("new", one, 1, new_style=True, double_precision=True)
            writer.add_scalar("told", one, 1, display_name="name", summary_description="words")
            writer.log({"x": one, "y": one}, 2)
            writer.add_scalars("both", {"device": one, "host": 3.0}, 3)
            writer.add_scalar("after", 4.0, 9)
            writer.flush()
            assert oracle.values(tmp_path) == [("before", 0, 1.0)]
        assert device.cuda.syncs == syncs
    events = oracle.logged(tmp_path)
    tags = [value.tag for event in events for value in event.summary.value]
    assert tags == ["before", "one", "new", "told", "x", "y", "after"]
    assert oracle.values(tmp_path / "both_device") == [("both", 3, 2.0)]
    assert oracle.values(tmp_path / "both_host") == [("both", 3, 3.0)]


def test_a_writer_without_a_disk_asks_no_device(cuda, tmp_path):
    syncs = cuda.cuda.syncs
    with cuda.held(), SummaryWriter(tmp_path / "none", write_to_disk=False) as writer:
        writer.add_scalar("a", cuda.tensor(1.0), 1)
        writer.log({"a": cuda.tensor(1.0)}, 1)
        writer.add_scalars("a", {"b": cuda.tensor(1.0)}, 1)
        with pytest.raises(ValueError, match="scalar_value"):
            writer.add_scalar("a", cuda.tensor(np.zeros(2)), 1)
    assert cuda.cuda.syncs == syncs
    assert not (tmp_path / "none").exists()


# --- the ends of a process


def test_exit_waits_for_what_is_under_way(run_script, tmp_path):
    script = """
device.cuda.delay(0.002)
for step in range(100):
    writer.add_scalar("a", device.tensor(step), step)
    writer.add_scalar("b", step, step)
"""
    run_script(HEAD + script)
    expected = [(tag, step, float(step)) for step in range(100) for tag in ("a", "b")]
    assert oracle.values(tmp_path / "run") == expected


def test_exit_does_not_wait_for_ever(run_script, tmp_path, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "0.3")
    script = """
writer.add_scalar("a", 1.0, 1)
device.cuda.hold(device.stream)
writer.add_scalar("never", device.tensor(2.0), 2)
writer.add_scalar("b", 3.0, 3)
"""
    run_script(HEAD + script)
    assert oracle.values(tmp_path / "run") == [("a", 1, 1.0), ("b", 3, 3.0)]


def test_a_forked_child_logs_its_own(run_script, tmp_path):
    script = """
device.cuda.hold(device.stream)
writer.add_scalar("parent", device.tensor(1.0), 1)
child = os.fork()
if child == 0:
    writer.add_scalar("child", 2.0, 2)
    writer.flush(wait=True)
    copies = device.cuda.copies
    try:
        _core.deferred_scalars([device.tensor(1.0)], ["x"])
    except RuntimeError as error:
        os._exit(0 if "no context" in str(error) and device.cuda.copies == copies else 3)
    os._exit(4)
assert os.waitpid(child, 0)[1] == 0
device.cuda.release(device.stream)
writer.add_scalar("parent", device.tensor(3.0), 3)
"""
    run_script(HEAD + script)
    assert oracle.values(tmp_path / "run") == [("parent", 1, 1.0), ("parent", 3, 3.0)]
    assert oracle.values(tmp_path / "run/fork_1") == [("child", 2, 2.0)]


def test_values_of_the_host_are_recovered_after_a_kill(run_script, tmp_path):
    script = """
writer.add_scalar("a", 1.0, 1)
device.cuda.hold(device.stream)
writer.add_scalar("deferred", device.tensor(2.0), 2)
writer.log({"deferred": device.tensor(2.0), "host": 2.0}, 2)
writer.add_scalar("b", 3.0, 3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    run_script(HEAD + script, expect=-9)
    reports = tickertape.recover(str(tmp_path / "run"))
    assert oracle.values(tmp_path / "run") == [("a", 1, 1.0), ("b", 3, 3.0)]
    assert sum(report.events_lost for report in reports) == 2
