"""GlobalSummaryWriter: steps that count themselves, in threads and forked processes, as tensorboardX documents."""

import inspect
import threading

import numpy as np
import pytest
import tensorboardX
import tickertape
from support import oracle
from tickertape.writer.global_writer import GlobalSummaryWriter, _SharedSteps


@pytest.fixture
def counting(tmp_path):
    writer = GlobalSummaryWriter(tmp_path / "ours")
    yield writer
    writer.close()


def steps(directory):
    found = {}
    for path in (path for run in oracle.with_forks(directory) for path in oracle.event_files(run)):
        for event in oracle.load(path):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(event.step)
    return found


@pytest.mark.parametrize(
    "method", ["__init__", "add_scalar", "add_image", "add_text", "close", "getSummaryWriter"]
)
def test_parameters_are_tensorboardxs(method):
    theirs = inspect.signature(getattr(tensorboardX.GlobalSummaryWriter, method)).parameters.values()
    mine = inspect.signature(getattr(GlobalSummaryWriter, method)).parameters.values()
    assert [(p.name, p.kind, p.default) for p in mine] == [(p.name, p.kind, p.default) for p in theirs]


def test_each_series_counts_for_itself(tmp_path, counting):
    for _ in range(3):
        counting.add_scalar("a", 1.0)
        counting.add_scalar("b", 1.0, 5.0)
    with pytest.warns(RuntimeWarning, match="one kind for 'a'"):
        counting.add_image("a", np.zeros((3, 2, 2)))
    counting.add_image("i", np.zeros((2, 2, 3)), dataformats="HWC")
    counting.add_text("t", "one")
    counting.add_text("t", "two", walltime=5.0)
    counting.close()
    counting.add_scalar("a", 1.0)
    counting.close()
    assert steps(tmp_path / "ours") == {
        "a": [0, 1, 2, 0, 3],
        "b": [0, 1, 2],
        "i": [0],
        "t/text_summary": [0, 1],
    }


def test_every_other_method(tmp_path, counting):
    for _ in range(2):
        counting.add_histogram("h", [1.0])
        counting.add_histogram("h2", [1.0], "auto", 5.0)
        counting.add_images("i", np.zeros((2, 3, 2, 2)), dataformats="NCHW")
        counting.log({"x": 1.0})
        counting.add_scalars("s", {"k": 1.0})
    counting.flush()
    assert counting.get_logdir() == tmp_path / "ours"
    assert counting.file_writer is counting.smw.file_writer
    assert counting.all_writers is counting.smw.all_writers
    counting.close()
    assert steps(tmp_path / "ours") == {tag: [0, 1] for tag in ("h", "h2", "i", "x")}
    assert oracle.values(tmp_path / "ours/s_k") == [("s", 0, 1.0), ("s", 1, 1.0)]
    with pytest.raises(AttributeError, match="add_nothing"):
        counting.add_nothing()
    with pytest.raises(TypeError, match="global_step"):
        counting.add_histogram("h", [1.0], global_step=5)


def test_a_call_that_raises_uses_up_no_step(tmp_path, counting):
    counting.add_scalar("a", 1.0)
    for arguments, error, name in [(("a", None), TypeError, "scalar_value"), ((5, 1.0), TypeError, "tag"),
                                   (("a", 1.0, "x"), TypeError, "walltime"), (("\ud800", 1.0), ValueError, "tag")]:  # fmt: skip
        with pytest.raises(error, match=name):
            counting.add_scalar(*arguments)
    counting.add_scalar("a", 1.0)
    counting.close()
    assert steps(tmp_path / "ours") == {"a": [0, 1]}


def test_threads(tmp_path, counting):
    threads = [
        threading.Thread(target=lambda: [counting.add_scalar("a", 1.0) for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counting.close()
    assert steps(tmp_path / "ours") == {"a": list(range(800))}


def test_forked_processes_count_together(tmp_path, run_script):
    """tensorboardX's own example."""
    run_script(
        """
import multiprocessing as mp, sys
from tickertape import GlobalSummaryWriter
w = GlobalSummaryWriter(sys.argv[1])

def train(x):
    w.add_scalar('poolmap/1', x)
    w.add_scalar('poolmap/2', x)

if __name__ == '__main__':
    w.add_scalar('poolmap/1', -1)
    with mp.get_context('fork').Pool(3) as pool:
        pool.map(train, range(100))
        pool.close()
        pool.join()
    w.add_scalar('poolmap/2', -1)
    w.close()
""",
        tmp_path / "run",
    )
    found = steps(tmp_path / "run")
    assert {tag: sorted(values) for tag, values in found.items()} == {
        "poolmap/1": list(range(101)),
        "poolmap/2": list(range(101)),
    }


def test_the_programs_writer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tickertape.writer.global_writer._writer", None)
    writer = tickertape.GlobalSummaryWriter.getSummaryWriter()
    assert GlobalSummaryWriter.getSummaryWriter() is writer
    writer.add_scalar("a", 1.0)
    writer.close()
    (run,) = (tmp_path / "runs").iterdir()
    assert steps(run) == {"a": [0]}


def test_a_signal_handler_asks_for_the_programs_writer_while_it_is_made(tmp_path, run_script):
    run_script(
        """
import os, signal
from tickertape import GlobalSummaryWriter
asked = []
def ask(*_): asked.append(GlobalSummaryWriter.getSummaryWriter())
signal.signal(signal.SIGUSR1, ask)
make = GlobalSummaryWriter.__init__
def interrupted(self, *args, **kwargs):
    GlobalSummaryWriter.__init__ = make
    os.kill(os.getpid(), signal.SIGUSR1)
    make(self, *args, **kwargs)
GlobalSummaryWriter.__init__ = interrupted
assert GlobalSummaryWriter.getSummaryWriter() is asked[0]
asked[0].add_scalar('a', 1.0)
""",
        timeout=30,
    )
    found = {tag: found for run in (tmp_path / "runs").iterdir() for tag, found in steps(run).items()}
    assert found == {"a": [0]}


def test_write_to_disk(tmp_path):
    writer = GlobalSummaryWriter(log_dir=tmp_path / "none", write_to_disk=False)
    writer.add_scalar("a", 1.0)
    writer.close()
    assert not (tmp_path / "none").exists()


def test_more_series_than_there_are_slots(monkeypatch):
    monkeypatch.setattr("tickertape.writer.global_writer._SLOTS", 8)
    shared = _SharedSteps()
    for round_ in range(3):
        for number in range(20):
            with shared:
                assert shared.next_of(str(number)) == round_
                shared.store(str(number), round_ + 1)


def test_a_process_that_died_with_the_lock(monkeypatch, counting, tmp_path):
    monkeypatch.setattr("tickertape.writer.global_writer._LOCK_SECS", 0.01)
    holder = threading.Thread(target=counting._steps._lock.acquire)
    holder.start()
    holder.join()
    counting._steps._lock = _Held()
    with pytest.warns(RuntimeWarning, match="died"):
        counting.add_scalar("a", 1.0)
    counting.add_scalar("a", 1.0)
    counting.close()
    assert steps(tmp_path / "ours") == {"a": [0, 1]}


class _Held:
    """A lock whose owner is gone."""

    def acquire(self, timeout):
        return False


def test_a_process_killed_while_it_counts_leaves_a_whole_step(run_script):
    """Its brothers go on from a step that it had stored, and not from 0."""
    run_script(
        """
import os, random, signal
from tickertape.writer.global_writer import _SharedSteps

shared = _SharedSteps()
for _ in range(300):
    shared.store("a", 1)
    child = os.fork()
    if child == 0:
        while True:
            for step in range(2, 1000): shared.store("a", step)
    while shared.next_of("a") == 1: pass
    for _ in range(random.randrange(100)): pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert 1 < shared.next_of("a") < 1000, shared.next_of("a")
"""
    )
