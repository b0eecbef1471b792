"""Packages that patch writers still see what is logged; the real ones are in tests/integrations, these act like them."""

import pytest

pytest.importorskip("torch")

# Each script logs with `make(directory)` under a patch that appends what it sees to `seen`.
LOG = """
def log_everything(make):
    with make("run") as writer:
        writer.add_scalar("a", 1.5, 3, walltime=7.5)
        writer.log({"b": {"c": 2.0, "d": 3}}, 4)
        writer.add_histogram("h", np.arange(5.0), 5)
        writer.add_scalars("s", {"x": 1.0, "y": 2.0}, 6)
        writer.add_text("t", "words", 7)
        writer.add_image("i", np.zeros((3, 4, 5)), 8)
        writer._get_file_writer().add_summary(
            summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="own", simple_value=4.0)]), 9
        )
        writer._get_file_writer().add_summary(
            summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="bytes", simple_value=4.0)]).SerializeToString(), 10
        )
        writer._get_file_writer().add_event(event_pb2.Event(graph_def=b"graph"), 11, 12.5)
        writer.flush()

EXPECTED = [
    ("a", 3), ("b/c", 4), ("b/d", 4), ("h", 5), ("s", 6), ("s", 6), ("t/text_summary", 7), ("i", 8), ("own", 9),
    ("bytes", 10), ("graph", 11),
]

def in_file(directory):
    found = []
    for path in sorted(pathlib.Path(directory).iterdir()):
        if path.is_file():
            (first, *events) = tickertape.summary_iterator(path)
            assert first.file_version == "brain.Event:2"
            found += events
    return found

def names(events):
    return [
        (name, event.step)
        for event in events
        for name in ([value.tag for value in event.summary.value] or ["graph"])
    ]
"""
HEAD = """
import os, pathlib, sys, tempfile
import numpy as np
import tickertape, torch.utils.tensorboard, tensorboardX
from tensorboard.compat.proto import event_pb2, summary_pb2
tempfile.tempdir = os.getcwd()
seen = []

def patch(cls):  # as MLflow and ClearML do
    event, summary = cls.add_event, cls.add_summary
    def add_event(self, message, *args, **kwargs):
        event(self, message, *args, **kwargs)
        seen.append(type(message).FromString(message.SerializeToString()))
        assert seen[-1].step == args[0] and args[1] in (None, seen[-1].wall_time)
    def add_summary(self, *args, **kwargs):
        return summary(self, *args, **kwargs)
    cls.add_event, cls.add_summary = add_event, add_summary
"""
CHECK = """
assert names(seen) == EXPECTED, names(seen)
logged = in_file("run")
assert names(logged) == [pair for pair in EXPECTED if pair[0] != "s"], names(logged)
assert names(in_file("run/s_x")) == [("s", 6)]
assert [event.wall_time for event in logged] == [event.wall_time for event in seen if names([event]) != [("s", 6)]]
assert (logged[0].wall_time, logged[-1].wall_time) == (7.5, 12.5)
histogram = next(event.summary.value[0].histo for event in seen if names([event]) == [("h", 5)])
assert histogram.num == 5.0
assert not list(pathlib.Path().glob("tickertape-*")), "scratch files are left over"
"""


def observed(run_script, preparation, check=CHECK):
    return run_script(HEAD + LOG + preparation + check)


def test_patched_after_install(run_script):
    observed(
        run_script,
        """
tickertape.install()
patch(torch.utils.tensorboard.writer.FileWriter)
log_everything(torch.utils.tensorboard.SummaryWriter)
""",
    )


def test_patched_before_install(run_script):
    observed(
        run_script,
        """
patch(torch.utils.tensorboard.writer.FileWriter)
tickertape.install()
log_everything(torch.utils.tensorboard.SummaryWriter)
""",
    )


def test_patched_without_install(run_script):
    observed(
        run_script,
        """
patch(torch.utils.tensorboard.writer.FileWriter)
log_everything(tickertape.SummaryWriter)
""",
    )


def test_tensorboardx_patched_after_install(run_script):
    observed(
        run_script,
        """
from tensorboardX.proto import event_pb2, summary_pb2
tickertape.install()
patch(tensorboardX.writer.FileWriter)
log_everything(tensorboardX.SummaryWriter)
""",
        CHECK.replace("run/s_x", "run/s/x"),
    )


def test_subclass_overrides_what_goes_native(run_script):
    observed(
        run_script,
        """
tickertape.install()
patch(torch.utils.tensorboard.writer.FileWriter)
calls = []

class Mine(tickertape.SummaryWriter):
    def add_scalar(self, tag, *args, **kwargs):
        calls.append(tag)
        super().add_scalar(tag, *args, **kwargs)

log_everything(Mine)
assert calls == ["a"], calls
""",
    )


def test_writers_that_are_not_observed_go_on(run_script):
    run_script(
        HEAD
        + LOG
        + """
early = tickertape.SummaryWriter("early")
patch(torch.utils.tensorboard.writer.FileWriter)
log_everything(tickertape.SummaryWriter)
count = len(seen)
early.add_scalar("before", 1.0, 1)
early.log({"x": 1.0}, 2)
early.close()
assert len(seen) == count
assert names(in_file("early")) == [("before", 1), ("x", 2)]
early.add_scalar("again", 1.0, 3)  # a new file, opened under the patch
early.close()
assert names(seen[count:]) == [("again", 3)]
"""
    )


def test_carries_over_methods_patched_before_install(run_script):
    run_script(
        """
import os
import tickertape, torch.utils.tensorboard as tt
hparams, original = [], tt.SummaryWriter.add_hparams
ours = tickertape.SummaryWriter.add_hparams

def add_hparams(self, hparam_dict, metric_dict, *args, **kwargs):
    hparams.append((hparam_dict, metric_dict))
    return original(self, hparam_dict, metric_dict, *args, **kwargs)

tt.SummaryWriter.add_hparams = add_hparams
tickertape.install()
with tt.SummaryWriter("run") as writer:
    writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name="one")
assert hparams == [({"lr": 0.1}, {"loss": 1.0})]
assert tickertape.read_scalars("run/one")["loss"].value.tolist() == [1.0]
with tt.SummaryWriter("gated") as writer:
    with tickertape.record_if(False):
        writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name="two")
    assert len(hparams) == 1
    asked = []
    with tickertape.record_if(lambda: asked.append(1) or True):
        writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name="three")
    assert len(hparams) == 2 and asked == [1]
assert not os.path.exists("gated/two")
assert tickertape.read_scalars("gated/three")["loss"].value.tolist() == [1.0]
tickertape.uninstall()
assert tickertape.SummaryWriter.add_hparams is ours
"""
    )


def test_exceptions_and_bad_calls_leave_the_file_whole(run_script):
    run_script(
        HEAD
        + LOG
        + """
patch(torch.utils.tensorboard.writer.FileWriter)
writer = tickertape.SummaryWriter("run")
for call in (
    lambda: writer.add_scalar("a", "no number", 1),
    lambda: writer.add_scalar(1, 1.0, 1),
    lambda: writer.add_histogram("h", object(), 1),
    lambda: writer._get_file_writer().add_summary(b"\\xff", 1),
):
    try:
        call()
    except (TypeError, ValueError):
        pass
    else:
        raise AssertionError(call)
writer.add_scalar("good", 1.0, 1)
writer.close()
assert names(seen) == names(in_file("run")) == [("good", 1)]
"""
    )


def test_threads_and_forks(run_script):
    run_script(
        HEAD
        + LOG
        + """
import threading, warnings
patch(torch.utils.tensorboard.writer.FileWriter)
writer = tickertape.SummaryWriter("run")

def work(number):
    for step in range(50):
        writer.add_scalar(f"thread/{number}", step, step)

threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
warnings.simplefilter("ignore", DeprecationWarning)
pid = os.fork()
if pid == 0:
    writer.add_scalar("child", 1.0, 1)
    writer.flush()
    sys.exit(0 if names(seen[-1:]) == [("child", 1)] else 1)
assert os.waitpid(pid, 0)[1] == 0
writer.add_scalar("parent", 1.0, 2)
writer.close()
assert len(seen) == 201
for number in range(4):
    assert [s for n, s in names(seen) if n == f"thread/{number}"] == list(range(50))
assert sorted(names(in_file("run"))) == sorted(names(seen))
assert names(in_file("run/fork_1")) == [("child", 1)]
"""
    )


def test_scratch_files_are_exchanged(run_script):
    run_script(
        HEAD
        + LOG
        + """
from tickertape.integrations import observed
observed._SCRATCH_BYTES = 1000
patch(torch.utils.tensorboard.writer.FileWriter)
writer = tickertape.SummaryWriter("run")
for step in range(100):
    writer.add_scalar("a", step, step)
    (scratch,) = pathlib.Path().glob("tickertape-*/*")
    assert scratch.stat().st_size < 1200
writer.close()
assert names(in_file("run")) == names(seen) == [("a", step) for step in range(100)]
"""
    )


def test_event_file_writers_constructor_is_told(run_script):
    run_script(
        """
import pathlib, sys
import tickertape, torch.utils.tensorboard.writer as torchs, tensorboardX.writer as tbx
import tensorboard.summary.writer.event_file_writer as base
told = []

def patch(module):  # as wandb does
    class TBXEventFileWriter(module.EventFileWriter):
        def __init__(self, logdir, *args, **kwargs):
            told.append((module.__name__, logdir))
            super().__init__(logdir, *args, **kwargs)
    module.EventFileWriter = TBXEventFileWriter

def files(directory):
    return [path for path in pathlib.Path(directory).rglob("*tfevents*")]

original = base.EventFileWriter
patch(base)
tickertape.SummaryWriter("run/base").close()
patch(tbx)
tickertape.SummaryWriter("run/tbx").close()
patch(torchs)
tickertape.SummaryWriter("run/torch").close()
tickertape.install()
with torchs.SummaryWriter("run/installed") as writer:
    writer.add_scalars("s", {"x": 1.0, "y": 2.0}, 6)
here = pathlib.Path.cwd()
assert told == [
    ("tensorboard.summary.writer.event_file_writer", str(here / "run/base")),
    ("tensorboardX.writer", str(here / "run/tbx")),
    *[("torch.utils.tensorboard.writer", str(here / "run" / name))
      for name in ("torch", "installed", "installed/s_x", "installed/s_y")],
], told
assert len(files("run")) == 6
"""
    )


def test_an_observed_file_asks_the_gate_once_and_leaves_other_writers_alone(run_script):
    observed(
        run_script,
        """
from tickertape import _core
early = tickertape.SummaryWriter("early")
native = vars(tickertape.SummaryWriter)["add_scalar"]
patch(torch.utils.tensorboard.writer.FileWriter)
asked = []
with tickertape.SummaryWriter("run") as writer:
    with tickertape.record_if(lambda: asked.append(1) or len(asked) != 2):
        writer.add_scalar("a", 1.0, 1)
        writer.log({"not": 1.0}, 2)
        writer.log({"b": 1.0}, 3)
    tickertape.set_step(4)
    writer.add_scalar("a", 1.0)
    tickertape.set_step(None)
    with writer.use_metadata(global_step=5, walltime=6.5):
        writer.log({"b": 1.0})
assert vars(tickertape.SummaryWriter)["add_scalar"] is native
assert not _core.is_gated
""",
        """
assert len(asked) == 3
assert names(seen) == names(in_file("run")) == [("a", 1), ("b", 3), ("a", 4), ("b", 5)]
assert seen[-1].wall_time == 6.5
""",
    )
