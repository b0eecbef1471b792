"""use_metadata: steps and wall times as tensorboardX's gives them."""

import pytest
import tensorboardX
import tensorboardX.writer
from support import oracle
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tickertape.writer import FileWriter, SummaryWriter


def calls(writer):
    writer.add_scalar("before", 1, 1, oracle.WALLTIME)
    with writer.use_metadata(global_step=10, walltime=5.0) as entered:
        assert entered is writer
        writer.add_scalar("both", 1)
        writer.add_scalar("own", 1, 2, 6.0)
        writer.add_scalar("keyword", 1, global_step=3)
        writer.add_scalar("none", 1, None, None)
        writer.add_text("text", "a")
        writer.add_histogram("histogram", [1.0, 2.0])
    with writer.use_metadata(walltime=7.0):
        writer.add_scalar("walltime", 1, 4)
    with writer.use_metadata(global_step=11):
        writer.add_scalar("step", 1, walltime=8.0)
    writer.add_scalar("after", 1, walltime=9.0)


def test_as_tensorboardx(tmp_path):
    found = []
    for name, make in (("x", tensorboardX.SummaryWriter), ("ours", SummaryWriter)):
        with make(str(tmp_path / name)) as writer:
            calls(writer)
        (path,) = oracle.event_files(tmp_path / name)
        found.append(
            [(event.summary.value[0].tag, event.step, event.wall_time) for event in oracle.load(path)[1:]]
        )
    assert found[0] == found[1]


def test_nested_and_after_an_exception(tmp_path, writer):
    with pytest.raises(KeyError), writer.use_metadata(global_step=1):  # noqa: PT012  # the block is what is tested
        with writer.use_metadata(global_step=2):
            writer.add_scalar("inner", 1)
        writer.write("outer", [1.0])
        raise KeyError
    writer.add_scalar("after", 1)
    writer.close()
    assert [event.step for event in oracle.logged(tmp_path / "ours")] == [2, 1, 0]


def test_one_writer_only(tmp_path, writer):
    with SummaryWriter(tmp_path / "other") as other, writer.use_metadata(global_step=5):
        writer.add_scalar("a", 1)
        writer.log({"b": 1})
        other.add_scalar("a", 1)
    writer.close()
    assert [event.step for event in oracle.logged(tmp_path / "ours")] == [5, 5]
    assert [event.step for event in oracle.logged(tmp_path / "other")] == [0]


def test_blocks_that_overlap_in_two_threads(tmp_path, writer):
    """Each takes out its own, in whatever order they end."""
    first = writer.use_metadata(global_step=1)
    second = writer.use_metadata(global_step=2)
    for block in (first, second):
        block.__enter__()
        writer.add_scalar("a", 1)
    for block in (first, second):
        block.__exit__(None, None, None)
        writer.add_scalar("a", 1)
    writer.close()
    assert [event.step for event in oracle.logged(tmp_path / "ours")] == [1, 2, 2, 0]


def test_bad_arguments(writer):
    for bad in ({}, {"global_step": "x"}, {"global_step": 2**63}, {"walltime": float("nan")}):
        with pytest.raises(ValueError, match=r"global_step|walltime"), writer.use_metadata(**bad):
            pass
    with pytest.raises(TypeError, match="walltime"), writer.use_metadata(walltime="now"):
        pass


def test_file_writer_as_tensorboardx(tmp_path):
    found = []
    for name, make in (("x", tensorboardX.writer.FileWriter), ("ours", FileWriter)):
        writer = make(str(tmp_path / name))
        with writer.use_metadata(global_step=3, walltime=5.0):
            summary = Summary(value=[Summary.Value(tag="a", simple_value=1)])
            writer.add_summary(summary)
            writer.add_event(Event(summary=summary))
            writer.add_event(Event(summary=summary), 7, 6.0)
        writer.close()
        (path,) = oracle.event_files(tmp_path / name)
        found.append([(event.step, event.wall_time) for event in oracle.load(path)[1:]])
    theirs, ours = found
    assert ours == theirs == [(3, 5.0), (3, 5.0), (7, 6.0)]
