"""Threads that use the same objects at once; without the GIL they really run at once."""

import contextlib
import threading

import numpy as np
import pytest
from support import oracle
from tickertape import _core, get_step, record_if, set_step
from tickertape.reader import Event
from tickertape.writer import SummaryWriter

THREADS = 4


def at_once(*bodies):
    """Runs each body in a thread of its own, all from the same moment on; raises what the first of them raised."""
    barrier = threading.Barrier(len(bodies))
    errors = []

    def run(body):
        barrier.wait()
        try:
            body()
        except Exception as error:  # noqa: BLE001  # any of them fails the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def counted(directory):
    """How many values of each tag the files below `directory` hold."""
    counts = {}
    for path in directory.rglob("*tfevents*"):
        for event in oracle.load(path):
            for value in event.summary.value:
                counts[value.tag] = counts.get(value.tag, 0) + 1
    return counts


def test_one_writer_is_logged_to_flushed_and_closed(tmp_path):
    steps = 500
    writer = SummaryWriter(tmp_path)
    left = threading.Semaphore(0)

    def log(number):
        for step in range(steps):
            writer.add_scalar("shared", 0.5, step)  # the plain call
            writer.add_scalar(f"of {number}", np.float32(step), global_step=step)
            writer.log({"one": 1.0, "two": step}, step)
            if step % 100 == 0:
                writer.add_histogram("histogram", np.arange(10.0), step)
                writer.flush()
            left.release()

    def close():
        for _ in range(20):
            for _ in range(steps * THREADS // 25):
                left.acquire()
            writer.close()

    at_once(*(lambda number=number: log(number) for number in range(THREADS)), close)
    writer.close()
    expected = {f"of {number}": steps for number in range(THREADS)}
    expected |= dict.fromkeys(("shared", "one", "two"), steps * THREADS)
    assert counted(tmp_path) == expected | {"histogram": THREADS * steps // 100}


def test_the_gate_is_shut_and_opened(tmp_path):
    """Every call inside record_if(False) is left out, whatever other threads do with the gate."""
    turns = 300
    writer = SummaryWriter(tmp_path)

    def inside():
        for step in range(turns):
            with record_if(False):
                writer.add_scalar("out", 1.0, step)
                writer.log({"out": 1.0}, step)
                writer.add_text("out", "x", step)
            writer.add_scalar("in", 1.0)

    def set_steps():
        for step in range(turns):
            set_step(step)
            set_step(None)

    at_once(inside, inside, inside, set_steps)
    writer.close()
    assert counted(tmp_path) == {"in": 3 * turns}
    assert get_step() is None
    assert not _core.is_gated


def test_a_dict_changes_while_it_is_logged(tmp_path):
    writer = SummaryWriter(tmp_path)
    values = dict.fromkeys(map(str, range(20)), 1.0)
    is_over = threading.Event()

    def log():
        for step in range(1000):
            with contextlib.suppress(RuntimeError):  # the dict changed meanwhile, as in a loop over it
                writer.log(values, step)
        is_over.set()

    def change():
        number = 0
        while not is_over.is_set():
            number += 1
            values[f"more {number % 50}"] = float(number)
            values.pop(f"more {(number + 25) % 50}", None)

    at_once(log, change, change)
    writer.close()
    assert counted(tmp_path).keys() >= set(map(str, range(20)))


def test_a_message_is_decoded(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.log(dict.fromkeys(map(str, range(10)), 0.5), 7)
    (path,) = tmp_path.glob("*tfevents*")
    data = list(_core.RecordReader(str(path)))[-1]
    for _ in range(300):
        event = Event(data)

        def read(event=event):
            assert event.step == 7
            assert [value.tag for value in event.summary.value] == [str(number) for number in range(10)]
            assert "step=7" in repr(event)

        at_once(*[read] * THREADS)


def test_one_reader_serves_one_thread_at_a_time(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(3000):
            writer.add_scalar("a", 0.5, step)
    (path,) = tmp_path.glob("*tfevents*")
    reader = _core.RecordReader(str(path))
    found = []

    def read():
        while True:
            try:
                found.append(next(reader))
            except StopIteration:  # noqa: PERF203  # each call may raise
                return
            except RuntimeError as error:
                assert "another thread" in str(error)  # noqa: PT017  # it may be raised, and need not

    at_once(*[read] * THREADS)
    assert sorted(found) == sorted(_core.RecordReader(str(path)))
    with pytest.raises(StopIteration):
        next(reader)
