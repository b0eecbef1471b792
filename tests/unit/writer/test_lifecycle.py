"""Opening, closing, going on after close(), and the surface that other packages lean on."""

import threading

import numpy as np
import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape.writer import FileWriter, SummaryWriter


def test_close_clears_and_add_goes_on(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1, 0)
    first = writer._get_file_writer()
    assert first is writer.file_writer
    assert writer.all_writers == {str(tmp_path): first}
    writer.close()
    assert writer.file_writer is None
    assert writer.all_writers is None
    writer.close()
    writer.flush()
    assert len(oracle.event_files(tmp_path)) == 1
    writer.add_scalar("a", 2, 1)
    assert writer.file_writer is not None
    assert writer.file_writer is not first
    writer.close()
    assert len(oracle.event_files(tmp_path)) == 2
    assert oracle.values(tmp_path) == [("a", 0, 1.0), ("a", 1, 2.0)]


@pytest.mark.parametrize(
    "add",
    [
        lambda writer: writer.add_histogram("a", [1.0]),
        lambda writer: writer.add_text("a", "b"),
        lambda writer: writer.add_scalars("a", {"b": 1}),
        lambda writer: writer.add_image("a", [[0.5]], dataformats="HW"),
        lambda writer: writer.add_embedding([[1.0, 0.0], [0.0, 1.0]]),
        lambda writer: writer._get_file_writer(),
    ],
)
def test_every_add_reopens(tmp_path, add):
    writer = SummaryWriter(tmp_path)
    writer.close()
    add(writer)
    assert writer.file_writer is not None
    writer.close()
    assert len(oracle.event_files(tmp_path)) == 2


def test_bad_call_after_close_opens_nothing(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.close()
    with pytest.raises(TypeError, match="values"):
        writer.add_histogram("a", "text")
    assert writer.file_writer is None
    assert len(oracle.event_files(tmp_path)) == 1


def test_context_manager_closes_after_an_exception(tmp_path):
    def fail():
        with SummaryWriter(tmp_path) as writer:
            writer.add_scalar("a", 1, 0)
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert oracle.values(tmp_path) == [("a", 0, 1.0)]


def test_flush_makes_everything_visible(tmp_path, writer):
    for step in range(100):
        writer.add_scalar("a", step, step)
        writer.add_scalars("b", {"c": step, "d": step}, step)
        if step % 10 == 0:
            writer.flush()
            assert len(oracle.values(tmp_path / "ours")) == step + 1
            assert len(oracle.values(tmp_path / "ours" / "b_d")) == step + 1


def test_tensorboard_follows_the_growing_file(tmp_path, writer):
    (path,) = oracle.event_files(tmp_path / "ours")
    loader = oracle.LegacyEventFileLoader(str(path))
    assert len(list(loader.Load())) == 1
    for turn in range(20):
        for step in range(turn):
            writer.add_scalar("a", step, step)
            writer.add_image("b", np.full((3, 20, 20), step / 20), step)
        writer.flush()
        assert len(list(loader.Load())) == 2 * turn


def test_default_bins_are_torchs(tmp_path, writer):
    pytest.importorskip("torch")
    torch_writer = oracle.torch_tensorboard.SummaryWriter(tmp_path / "torch")
    torch_writer.close()
    assert writer.default_bins == torch_writer.default_bins
    assert len(writer.default_bins) == 1549


def test_changed_default_bins_count(tmp_path):
    def calls(writer):
        writer.default_bins = [0.0, 1.0, 2.0, 4.0]
        writer.add_histogram("a", np.array([0.5, 1.5, 1.5, 3.0]), 1, walltime=oracle.WALLTIME)

    theirs, ours = oracle.both(tmp_path, calls)
    assert ours == theirs


def test_event_writer_attributes(tmp_path, writer):
    event_writer = writer._get_file_writer().event_writer
    (path,) = oracle.event_files(tmp_path / "ours")
    assert event_writer._file_name == str(path)
    assert event_writer._logdir == str(tmp_path / "ours")
    assert event_writer.get_logdir() == str(tmp_path / "ours")
    assert writer.file_writer.get_logdir() == str(tmp_path / "ours")


def test_add_summary_takes_any_protobuf(tmp_path, writer):
    tensorboardx = pytest.importorskip("tensorboardX.proto.summary_pb2")
    messages = [
        Summary(value=[Summary.Value(tag="tb", simple_value=1)]),
        tensorboardx.Summary(value=[tensorboardx.Summary.Value(tag="tbx", simple_value=2)]),
        Summary(value=[Summary.Value(tag="bytes", simple_value=3)]).SerializeToString(),
    ]
    for step, message in enumerate(messages):
        writer._get_file_writer().add_summary(message, step, oracle.WALLTIME)
    writer.close()
    events = oracle.logged(tmp_path / "ours")
    assert [event.summary.value[0].tag for event in events] == ["tb", "tbx", "bytes"]
    assert [event.step for event in events] == [0, 1, 2]
    assert {event.wall_time for event in events} == {oracle.WALLTIME}


def test_add_event_as_torch(tmp_path):
    def calls(writer):
        file_writer = writer._get_file_writer()
        file_writer.add_event(Event(graph_def=b"graph"), 3, oracle.WALLTIME)
        file_writer.add_event(Event(step=5, summary=Summary()), walltime=oracle.WALLTIME)
        file_writer.event_writer.add_event(Event(step=6, wall_time=1.5))

    theirs, ours = oracle.both(tmp_path, calls)
    assert ours == theirs


def test_file_writer_reopens(tmp_path):
    writer = FileWriter(str(tmp_path), filename_suffix=".x")
    writer.reopen()
    assert len(oracle.event_files(tmp_path)) == 1
    writer.close()
    writer.close()
    writer.reopen()
    writer.add_summary(Summary(value=[Summary.Value(tag="a", simple_value=1)]), 2)
    writer.flush()
    writer.close()
    files = oracle.event_files(tmp_path)
    assert len(files) == 2
    assert all(path.name.endswith(".x") for path in files)
    assert oracle.values(tmp_path) == [("a", 2, 1.0)]


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda writer: writer.add_summary(5), TypeError, "summary"),
        (lambda writer: writer.add_summary(None), TypeError, "summary"),
        (lambda writer: writer.add_event("x"), TypeError, "event"),
        (lambda writer: writer.add_event(Event(), walltime=float("nan")), ValueError, "walltime"),
        (lambda writer: writer.add_event(Event(), step=2**63), ValueError, "step"),
        (lambda writer: writer.add_summary(Summary(), "x"), ValueError, "global_step"),
        (lambda writer: writer.event_writer.add_event(b"\xff\xff"), ValueError, "event"),
        (lambda writer: writer.event_writer.add_event(b"\x2a\x04\x0a\x02\xff\xff"), ValueError, "event"),
        (lambda writer: writer.add_summary(b"\xff\xff"), ValueError, "summary"),
        (lambda writer: writer.add_summary(b"\x0a\x05ab"), ValueError, "summary"),
    ],
)
def test_file_writer_bad_arguments(tmp_path, call, error, name):
    writer = FileWriter(tmp_path)
    with pytest.raises(error, match=name):
        call(writer)
    writer.close()
    assert oracle.logged(tmp_path) == []


def test_many_curves_need_no_threads(tmp_path, writer):
    writer.add_scalar("warm", 1, 0)
    python_threads = threading.active_count()
    writer.add_scalars("curves", {f"k{number}": number for number in range(300)}, 0)
    writer.flush()
    assert threading.active_count() == python_threads
    assert len(writer.all_writers) == 301


def test_stats_count(tmp_path, writer):
    before = tickertape.stats()
    for step in range(50):
        writer.add_scalar("a", 1, step)
    writer.flush()
    after = tickertape.stats()
    assert after["events_written"] - before["events_written"] == 50
    assert after["events_dropped"] == before["events_dropped"]


def test_sync_puts_everything_into_the_file(tmp_path):
    writer = tickertape.SummaryWriter(tmp_path)
    writer.add_scalar("a", 1, 1)
    writer.add_scalars("many", {"b": 2}, 2)
    writer.sync()
    assert oracle.values(tmp_path) == [("a", 1, 1.0)]
    assert oracle.values(tmp_path / "many_b") == [("many", 2, 2.0)]
    writer.close()
    writer.sync()
