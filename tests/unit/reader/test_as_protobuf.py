"""summary_iterator(as_protobuf=True): the messages that TensorBoard's loader has."""

import sys

import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event


@pytest.fixture
def path(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(5):
            writer.add_scalar("a", step, step)
        writer.add_histogram("h", [1.0, 2.0], 3)
        writer.add_text("t", "words", 4)
    (found,) = oracle.event_files(tmp_path)
    return found


def test_messages_are_tensorboards(path):
    found = list(tickertape.summary_iterator(path, as_protobuf=True))
    assert found == oracle.load(path)
    assert all(type(event) is Event for event in found)


@pytest.mark.parametrize("as_protobuf", [False, True])
def test_what_is_no_event_is_passed_by(path, as_protobuf):
    with path.open("ab") as file:
        file.write(oracle.frame(b"\xff\xff") + oracle.frame(Event(step=9).SerializeToString()))
    with pytest.warns(tickertape.DamageWarning, match="skipped 18 bytes"):
        events = list(tickertape.summary_iterator(path, as_protobuf=as_protobuf))
    assert events[-1].step == 9


def test_other_packages_have_the_class_too(path, monkeypatch):
    pytest.importorskip("tensorboardX")
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    monkeypatch.setitem(sys.modules, "tensorflow.core.util.event_pb2", None)
    found = list(tickertape.summary_iterator(path, as_protobuf=True))
    assert type(found[0]).__module__.startswith("tensorboardX")
    assert [event.step for event in found] == [event.step for event in oracle.load(path)]
    monkeypatch.setitem(sys.modules, "tensorboardX.proto.event_pb2", None)
    with pytest.raises(
        ModuleNotFoundError, match="as_protobuf: expected tensorboard, tensorflow or tensorboardX"
    ):
        tickertape.summary_iterator(path, as_protobuf=True)
