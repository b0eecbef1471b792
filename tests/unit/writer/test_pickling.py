"""Writers that are pickled for another process, or copied with what holds them."""

import copy
import multiprocessing
import pickle

import pytest
from support import oracle
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape import GlobalSummaryWriter
from tickertape.writer import FileWriter, SummaryWriter


def log_at(writer, tag, step):
    writer.add_scalar(tag, step, step)
    writer.close()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_spawned_worker_logs_into_the_same_run(tmp_path, method):
    """torch's writer cannot be pickled."""
    writer = SummaryWriter(tmp_path / "run", filename_suffix=".x")
    writer.add_scalar("parent", 1, 1)
    process = multiprocessing.get_context(method).Process(target=log_at, args=(writer, "child", 2))
    process.start()
    process.join()
    assert process.exitcode == 0
    writer.add_scalar("parent", 2, 2)
    writer.close()
    assert sorted(oracle.values(tmp_path / "run")) == [
        ("child", 2, 2.0),
        ("parent", 1, 1.0),
        ("parent", 2, 2.0),
    ]
    names = [path.name for path in oracle.event_files(tmp_path / "run")]
    assert len(names) == 2
    assert all(name.endswith(".x") for name in names)


class Tagged(SummaryWriter):
    def __init__(self, log_dir, note):
        super().__init__(log_dir, on_full="drop", on_error="raise", purge_step=3)
        self.note = note


def test_the_copy_has_the_options_and_no_file_until_it_logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Tagged("run", ["n"]) as writer:
        writer.default_bins = [0.0, 1.0]
        monkeypatch.chdir("/")  # a relative directory is the one of the time when the writer was made
        again = pickle.loads(pickle.dumps(writer))
        assert type(again) is Tagged
        assert (again.note, again.log_dir, again.default_bins) == (["n"], "run", [0.0, 1.0])
        assert len(oracle.event_files(tmp_path / "run")) == 1
        writer.close()
        again.add_scalar("a", 1, 1)
        again.add_scalars("s", {"x": 1.0}, 1)
        again.close()
    first, second = map(oracle.load, oracle.event_files(tmp_path / "run"))
    assert [event.WhichOneof("what") for event in first] == ["file_version", "session_log", "session_log"]
    assert [event.WhichOneof("what") for event in second] == ["file_version", "summary"]  # not purged again
    assert oracle.values(tmp_path / "run/s_x") == [("s", 1, 1.0)]


def test_write_to_disk_false_stays(tmp_path):
    again = pickle.loads(pickle.dumps(SummaryWriter(tmp_path / "run", write_to_disk=False)))
    again.add_scalar("a", 1, 1)
    again.close()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("make", [SummaryWriter, FileWriter, GlobalSummaryWriter])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_in_this_process_is_the_same_writer(tmp_path, make, duplicate):
    writer = make(tmp_path)
    holder = {"model": [writer]}
    assert duplicate(writer) is writer
    assert copy.deepcopy(holder)["model"][0] is writer
    writer.close()


def test_file_writer(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        data = pickle.dumps(writer.file_writer)
        event_writer = writer.file_writer.event_writer
        assert copy.deepcopy(event_writer) is event_writer
        with pytest.raises(TypeError, match="pickle the SummaryWriter or FileWriter"):
            pickle.dumps(event_writer)
        writer.close()
        again = pickle.loads(data)
        again.add_summary(Summary(value=[Summary.Value(tag="a", simple_value=2.0)]), 1)
        again.close()
    assert oracle.values(tmp_path) == [("a", 1, 2.0)]


def test_global_writer_goes_on_counting(tmp_path):
    writer = GlobalSummaryWriter(tmp_path)
    writer.add_scalar("a", 10)
    writer.add_scalar("a", 11)
    again = pickle.loads(pickle.dumps(writer))
    writer.close()
    again.add_scalar("a", 12)
    again.add_text("t", "x")
    again.close()
    assert [(step, value) for tag, step, value in oracle.values(tmp_path) if tag == "a"] == [
        (0, 10),
        (1, 11),
        (2, 12),
    ]
