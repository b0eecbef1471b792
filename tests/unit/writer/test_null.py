"""write_to_disk=False: nothing is written, and what a real writer refuses is refused."""

import numpy as np
import pytest
import tickertape
import torch
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape.writer import SummaryWriter
from unit.convert import test_bad_input, test_bad_input_cold


@pytest.fixture
def null(tmp_path):
    with SummaryWriter(tmp_path / "ours", write_to_disk=False) as writer:
        yield writer
    assert list(tmp_path.iterdir()) == []


def everything(writer):
    """One good call of each method, and of what else is public."""
    writer.add_scalar("a", 1.0, 1, new_style=True, display_name="name")
    writer.add_scalar("a", torch.tensor(1.0))
    writer.log({"a": 1, "b": {"c": np.float32(2)}}, 3, 4.0)
    writer.add_scalars("s", {"x": 1, "y": 2}, 1)
    writer.add_histogram("h", [1.0, 2.0], 1)
    writer.add_histogram("h", np.arange(5), bins="auto", walltime=2.0)
    writer.add_histogram_raw("h", 0, 1, 2, 3, 4, [0, 1], [0, 2])
    writer.add_image("i", np.zeros((3, 2, 2)), 1)
    writer.add_images("i", np.zeros((2, 3, 2, 2)), 1)
    writer.add_text("t", "text")
    writer.add_tensor("t", np.arange(3))
    writer.add_pr_curve("p", [0, 1], [0.5, 0.6])
    writer.add_pr_curve_raw("p", *[[0.5]] * 6, num_thresholds=1)
    writer.add_embedding(np.eye(3), label_img=np.zeros((3, 3, 4, 4)))
    writer.add_hparams({"lr": 0.1}, {"loss": 1.0})
    writer.add_video("v", np.zeros((1, 2, 3, 4, 4)))
    writer.add_audio("s", np.zeros((1, 100)))
    writer.add_mesh("m", np.zeros((1, 3, 3)))
    writer.add_custom_scalars({"a": {"b": ["Multiline", ["c"]]}})
    writer.add_graph(torch.nn.Linear(2, 2), torch.ones(1, 2))
    writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="a", simple_value=1.0)]), 1)
    writer.file_writer.add_event(Event(step=1))
    writer.file_writer.event_writer.add_event(Event(step=1))
    writer.restart(3)
    writer.restart(3, "a")
    writer.flush()
    writer.flush(wait=True)
    writer.sync()
    writer.file_writer.flush()


@pytest.mark.filterwarnings("ignore:add_graph. expected one graph")  # one before close(), one after it
def test_everything_is_taken(null, tmp_path):
    before = tickertape.stats()["events_accepted"]
    everything(null)
    null.close()
    everything(null)
    assert tickertape.stats()["events_accepted"] == before
    assert null.stats()["files"] == 0
    assert null.get_logdir() == tmp_path / "ours"
    assert null.file_writer.get_logdir() == str(tmp_path / "ours")
    assert null.file_writer.event_writer._file_name == ""
    with pytest.raises(AttributeError):
        null.file_writer.event_writer.add_nothing("a")


BAD = [*test_bad_input.BAD, *test_bad_input_cold.BAD]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_a_writer_refuses_is_refused(null, number):
    (method, arguments, options), error, name = BAD[number]
    if method == "add_onnx_graph":
        pytest.importorskip("onnx")
    with pytest.raises(
        (TypeError, ValueError) if error is not FileNotFoundError else error,
        match=rf"(?<![a-z_])({name})(?![a-z_])",
    ):
        getattr(null, method)(*arguments, **options)


@pytest.mark.parametrize("values", [{}, None, [], {"a": None}, {1: 2}, {"a": {"b": [1, 2]}}, {"\ud800": 1}])
def test_bad_values_of_log(null, values):
    with pytest.raises((TypeError, ValueError)):
        null.log(values)


@pytest.mark.parametrize("bad", [b"\xff", "text", None])
def test_bad_messages(null, bad):
    with pytest.raises((TypeError, ValueError)):
        null.file_writer.event_writer.add_event(bad)
    with pytest.raises((TypeError, ValueError)):
        null.file_writer.add_summary(bad)


def test_it_warns_as_a_writer_does(null):
    with pytest.warns(RuntimeWarning, match="within float32"):
        null.add_scalar("a", 1e39)
    with pytest.warns(RuntimeWarning, match="within float32"):
        null.log({"a": 1e39})


def test_a_process_of_null_writers_has_no_queue(run_script):
    """No thread, no ring file, no memory for what is dropped."""
    run_script(
        """
import os, pathlib, resource
import numpy as np
os.environ["TICKERTAPE_RING_DIR"] = os.getcwd()
import tickertape
threads = os.listdir("/proc/self/task")
before = tickertape.stats()
image, rows = np.zeros((3, 2000, 2000), np.float32), np.zeros(10_000_000)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with tickertape.SummaryWriter("run", write_to_disk=False) as writer:
    for step in range(20):
        writer.add_scalar("a", 1.0, step)
        writer.log({"a": 1.0}, step)
        writer.add_scalars("s", {"x": 1.0}, step)
        writer.add_image("i", image, step)
        writer.add_histogram("h", rows, step)
        writer.add_tensor("t", rows, step)
assert os.listdir("/proc/self/task") == threads
assert tickertape.stats() == before
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < peak + 20_000  # kB; the arrays have 128 MB
assert os.listdir() == ["script.py"], os.listdir()
"""
    )


def test_nobody_observes_what_is_not_written(null, tmp_path, monkeypatch):
    monkeypatch.setattr("tickertape.writer.observation.file_opened", None)
    null.close()
    null.add_scalar("a", 1.0)
    assert null.file_writer.op_writer is null.file_writer.event_writer
    assert null.file_writer.event_writer.path == ""
    null.export_scalars_to_json(tmp_path / "scalars.json")
    assert (tmp_path / "scalars.json").read_text() == "{}"
    (tmp_path / "scalars.json").unlink()


def test_a_writer_that_writes_beside_one_that_does_not(tmp_path, null):
    with SummaryWriter(tmp_path / "other") as writer:
        null.add_scalar("a", 1, 1)
        writer.add_scalar("b", 2, 2)
        writer.log({"c": 3}, 3)
        writer.flush()
    assert oracle.values(tmp_path / "other") == [("b", 2, 2.0), ("c", 3, 3.0)]
    for path in (tmp_path / "other").iterdir():
        path.unlink()
    (tmp_path / "other").rmdir()


def test_constructor_checks(tmp_path):
    for options in ({"filename_suffix": "/"}, {"purge_step": "x"}, {"log_dir": "nosuch://bucket"}):
        with pytest.raises(ValueError, match=next(iter(options))):
            SummaryWriter(**{"log_dir": tmp_path, **options}, write_to_disk=False)
