"""Two files that grow at the same time: what TensorBoard's plain loader shows of them while it watches."""

import gc
import multiprocessing
import warnings

import pytest
from support import oracle
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tickertape.writer import SummaryWriter


class Watching:
    """A TensorBoard with the plain loader that was started before anything was written."""

    def __init__(self, directory):
        self._directory = str(directory)
        self._multiplexer = EventMultiplexer()
        self.look()

    def look(self):
        """Run and tag to the steps that it shows."""
        self._multiplexer.AddRunsFromDirectory(self._directory)
        self._multiplexer.Reload()
        return {
            (run, tag): [event.step for event in self._multiplexer.Tensors(run, tag)]
            for run, content in self._multiplexer.Runs().items()
            for tag in content["tensors"]
        }


def log_twice(writer, logged, go_on):
    for step in (1, 2):
        writer.add_scalar("child", step, step)
        writer.add_scalars("both", {"new": step, "old": step}, step)
        writer.flush()
        logged.set()
        go_on.wait()
        go_on.clear()
    writer.close()
    writer.add_scalar("child", 3, 3)


def test_parent_and_forked_child_are_shown_while_both_grow(tmp_path):
    context = multiprocessing.get_context("fork")
    writer = SummaryWriter(tmp_path / "run")
    tensorboard = Watching(tmp_path)
    writer.add_scalar("parent", 0, 0)
    writer.add_scalars("both", {"old": 0}, 0)
    logged, go_on = context.Event(), context.Event()
    child = context.Process(target=log_twice, args=(writer, logged, go_on))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, about forks of processes with threads
        child.start()
    for step in (1, 2):
        logged.wait()
        logged.clear()
        writer.add_scalar("parent", step, step)
        writer.add_scalars("both", {"old": step}, step)
        writer.flush()
        shown = tensorboard.look()
        assert shown["run", "parent"] == list(range(step + 1))
        assert shown["run/both_old", "both"] == list(range(step + 1))
        assert shown["run/fork_1", "child"] == list(range(1, step + 1))
        assert shown["run/both_new/fork_1", "both"] == list(range(1, step + 1))
        assert shown["run/both_old/fork_1", "both"] == list(range(1, step + 1))
        go_on.set()
    child.join()
    writer.close()
    assert child.exitcode == 0
    assert tensorboard.look()["run/fork_1", "child"] == [1, 2, 3]  # a file that it opened itself


def second(directory):
    return pytest.warns(
        UserWarning,
        match=rf"log_dir: another writer of this process is open on '{directory}'.*close the first",
    )


def test_two_writers_on_one_directory_warn_once(tmp_path):
    """What the warning says: the first one's curve stops."""
    tensorboard = Watching(tmp_path)
    first = SummaryWriter(tmp_path)
    first.add_scalar("first", 1, 1)
    with second(tmp_path) as warned:
        other = SummaryWriter(f"{tmp_path}//.")
    assert warned[0].filename == __file__
    other.add_scalar("other", 1, 1)
    other.flush()
    first.flush()
    assert tensorboard.look() == {(".", "first"): [1], (".", "other"): [1]}
    first.add_scalar("first", 2, 2)
    first.flush()
    assert tensorboard.look() == {(".", "first"): [1], (".", "other"): [1]}
    SummaryWriter(tmp_path).close()  # no second warning
    other.close()
    first.close()
    assert len(oracle.event_files(tmp_path)) == 3


def test_writers_one_after_the_other_do_not_warn(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.close()
    writer.add_scalar("a", 1, 1)  # a new file
    writer.close()
    SummaryWriter(tmp_path)  # nobody holds it
    gc.collect()
    with SummaryWriter(tmp_path) as writer, SummaryWriter(tmp_path, write_to_disk=False):
        writer.add_hparams({"a": 1}, {"m": 1.0}, run_name="x")
        writer.add_hparams({"a": 2}, {"m": 1.0}, run_name="y")


def test_the_writers_of_add_scalars_warn_too(tmp_path):
    with (
        SummaryWriter(tmp_path / "a") as first,
        SummaryWriter(tmp_path / "a/b_c"),
        second(tmp_path / "a/b_c"),
    ):
        first.add_scalars("b", {"c": 1.0}, 1)
