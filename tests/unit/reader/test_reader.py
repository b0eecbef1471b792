"""summary_iterator and read_scalars over files written by torch, by us and by hand."""

import numpy as np
import pytest
import tickertape
import torch
from support import oracle
from support.same import assert_same_message
from tensorboard.compat.proto.event_pb2 import (
    Event,
    LogMessage,
    SessionLog,
    SourceMetadata,
    TaggedRunMetadata,
)
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tickertape import reader


def write(path, *events):
    path.write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    return path


@pytest.fixture
def torch_file(tmp_path):
    """Everything torch's writer can put in a file without other packages."""
    with oracle.torch_tensorboard.SummaryWriter(tmp_path / "run", purge_step=2) as writer:
        writer.add_scalar("scalar", 1.5, 3, 100.25)
        writer.add_scalar("new", 0.1, 4, new_style=True, double_precision=True)
        writer.add_histogram("histogram", np.arange(10), 5)
        writer.add_image("image", np.zeros((3, 4, 5)), 6)
        writer.add_audio("audio", np.zeros(100), 7, sample_rate=8000)
        writer.add_text("text", "words", 8)
        writer.add_pr_curve("pr", np.array([0, 1]), np.array([0.25, 0.75]), 9)
        writer.add_mesh("mesh", torch.zeros(1, 3, 3), global_step=10)
        writer.add_hparams({"lr": 0.1}, {"metric": 1}, run_name="hp")
        for dtype in (
            torch.half,
            torch.float64,
            torch.int8,
            torch.int64,
            torch.bool,
            torch.complex64,
            torch.complex128,
        ):
            writer.add_tensor(f"tensor {dtype}", torch.tensor([[-1, 1]]).to(dtype), -5)
    (path,) = oracle.event_files(tmp_path / "run")
    return path


def test_every_field_of_torchs_file(torch_file):
    theirs = oracle.load(torch_file)
    mine = list(tickertape.summary_iterator(torch_file))
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs, strict=True):
        assert (one.wall_time, one.step, one.file_version) == (
            other.wall_time,
            other.step,
            other.file_version,
        )
        assert one.WhichOneof("what") == other.WhichOneof("what")
        assert one.HasField("summary") == other.HasField("summary")
        assert one.SerializeToString() == other.SerializeToString()
        assert one.session_log.status == other.session_log.status
        assert one.source_metadata.writer == other.source_metadata.writer
        assert len(one.summary.value) == len(other.summary.value)
        for value, expected in zip(one.summary.value, other.summary.value, strict=True):
            assert value.WhichOneof("value") == expected.WhichOneof("value")
            for kind in ("simple_value", "image", "histo", "audio", "tensor", "metadata"):
                assert value.HasField(kind) == expected.HasField(kind)
            assert_same_message(value, expected)
            assert value.metadata.plugin_data.plugin_name == expected.metadata.plugin_data.plugin_name
            assert value.plugin_content == expected.metadata.plugin_data.content


def test_shape_of_the_api(tmp_path, writer):
    writer.add_image("image", np.zeros((3, 4, 5)), 6)
    writer.add_scalar("scalar", 2.5, 7, 8.5)
    writer.close()
    (path,) = oracle.event_files(tmp_path / "ours")
    version, image, scalar = tickertape.summary_iterator(str(path))
    assert version.file_version == "brain.Event:2"
    assert version.summary.value == []
    (value,) = image.summary.value
    assert value.HasField("image")
    assert not value.HasField("simple_value")
    assert (value.image.height, value.image.width, value.image.colorspace) == (4, 5, 3)
    assert oracle.pixels(value.image.encoded_image_string).shape == (4, 5, 3)
    assert value.simple_value == 0.0
    (value,) = scalar.summary.value
    assert (scalar.wall_time, scalar.step, value.tag, value.simple_value) == (8.5, 7, "scalar", 2.5)
    assert value.image.height == 0
    assert value.metadata.plugin_data.plugin_name == ""
    assert value.tensor.float_val == []
    assert "scalar" in repr(value)
    assert "step=7" in repr(scalar)
    with pytest.raises(AttributeError, match="nothing"):
        _ = value.nothing
    with pytest.raises(AttributeError, match="nothing"):
        _ = scalar.nothing


def test_rare_fields(tmp_path):
    tensor = TensorProto(
        dtype="DT_UINT64",
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1, name="n")], unknown_rank=True),
        version_number=3,
        tensor_content=b"raw",
        uint32_val=[1, 2**32 - 1],
        uint64_val=[2**64 - 1],
        half_val=[1],
        string_val=[b"a", b""],
    )
    metadata = SummaryMetadata(display_name="shown", summary_description="said", data_class=2)
    events = [
        Event(graph_def=b"graph", step=-1),
        Event(meta_graph_def=b"meta"),
        Event(log_message=LogMessage(level=20, message="hello")),
        Event(session_log=SessionLog(status=2, checkpoint_path="p", msg="m")),
        Event(tagged_run_metadata=TaggedRunMetadata(tag="t", run_metadata=b"r")),
        Event(
            summary=Summary(value=[Summary.Value(node_name="n", tag="t", tensor=tensor, metadata=metadata)])
        ),
        Event(summary=Summary(value=[Summary.Value(tag="t", obsolete_old_style_histogram=b"h")])),
        Event(summary=Summary(value=[Summary.Value(tag="no value")])),
        Event(summary=Summary()),
        Event(wall_time=1, source_metadata=SourceMetadata(writer="w")),
        Event(),
    ]
    found = list(tickertape.summary_iterator(write(tmp_path / "file", *events)))
    for mine, theirs in zip(found, events, strict=True):
        assert (mine.wall_time, mine.step, mine.WhichOneof("what")) == (
            theirs.wall_time,
            theirs.step,
            theirs.WhichOneof("what"),
        )
        for field, expected in theirs.ListFields():
            if field.name in ("graph_def", "meta_graph_def"):
                assert getattr(mine, field.name) == expected
            elif field.name in ("log_message", "session_log", "tagged_run_metadata", "source_metadata"):
                assert_same_message(getattr(mine, field.name), expected)
        for value, expected in zip(mine.summary.value, theirs.summary.value, strict=True):
            assert_same_message(value, expected)


def test_damage_is_skipped_and_told_once(tmp_path):
    events = [
        Event(step=step, summary=Summary(value=[Summary.Value(tag="a", simple_value=step)]))
        for step in range(10)
    ]
    frames = [oracle.frame(event.SerializeToString()) for event in events]
    frames[3] = frames[3][:-1] + bytes([frames[3][-1] ^ 1])
    frames[6] = oracle.frame(b"\xff\xff no protobuf")
    path = tmp_path / "file"
    path.write_bytes(b"".join(frames) + frames[0][:-1])
    with pytest.warns(tickertape.DamageWarning) as caught:
        steps = [event.step for event in tickertape.summary_iterator(path)]
    assert steps == [0, 1, 2, 4, 5, 7, 8, 9]
    (warning,) = caught
    starts = [sum(map(len, frames[:index])) for index in range(10)]
    assert warning.message.regions == [(starts[3], len(frames[3])), (starts[6], len(frames[6]))]
    assert warning.message.path == str(path)
    assert str(starts[3]) in str(warning.message)


def test_cut_off_tail_is_no_damage(tmp_path):
    path = write(tmp_path / "file", Event(step=1), Event(step=2))
    path.write_bytes(path.read_bytes()[:-3])
    assert [event.step for event in tickertape.summary_iterator(path)] == [1]


@pytest.mark.parametrize(("path", "error"), [("nothing", OSError), (5, TypeError), (None, TypeError)])
def test_bad_path(tmp_path, monkeypatch, path, error):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        tickertape.summary_iterator(path)
    with pytest.raises(error):
        tickertape.read_scalars(path)


def test_scalars_of_a_file(torch_file):
    scalars = tickertape.read_scalars(torch_file)
    assert set(scalars) == {"scalar", "new"}
    assert scalars["scalar"].step.tolist() == [3]
    assert scalars["scalar"].wall_time.tolist() == [100.25]
    assert scalars["scalar"].value.tolist() == [1.5]
    assert scalars["new"].value.tolist() == [0.1]
    assert scalars["new"].step.dtype == np.int64


def test_scalars_of_a_directory(tmp_path, writer):
    for turn in range(3):
        for step in range(4):
            writer.add_scalar("a", 10 * turn + step, step, walltime=turn)
            writer.add_scalar(f"only {turn}", step, step)
        writer.add_scalars("below", {"x": 1})
        writer.close()
    scalars = tickertape.read_scalars(tmp_path / "ours")
    assert set(scalars) == {"a", "only 0", "only 1", "only 2"}
    assert scalars["a"].value.tolist() == [10 * turn + step for turn in range(3) for step in range(4)]
    assert scalars["a"].step.tolist() == [0, 1, 2, 3] * 3
    assert scalars["a"].wall_time.tolist() == [0.0] * 4 + [1.0] * 4 + [2.0] * 4
    runs = reader.find_runs(tmp_path / "ours")
    assert {name: len(files) for name, files in runs.items()} == {".": 3, "below_x": 3}


def test_many_scalars_agree_with_tensorboard(tmp_path, writer):
    rng = np.random.default_rng(12)
    for step, value in enumerate(rng.normal(size=3000)):
        tag = step % 5 if step < 1000 else rng.integers(40)  # in turns, then as it comes
        writer.add_scalar(f"tag{tag}", value, step, new_style=step % 2 == 0)
    writer.close()
    expected = {}
    for event in oracle.logged(tmp_path / "ours"):
        (value,) = event.summary.value
        number = value.tensor.float_val[0] if value.HasField("tensor") else value.simple_value
        expected.setdefault(value.tag, []).append((event.step, event.wall_time, number))
    scalars = tickertape.read_scalars(tmp_path / "ours")
    assert {tag: list(zip(*columns, strict=True)) for tag, columns in scalars.items()} == expected
