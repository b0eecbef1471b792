"""EventAccumulator beside TensorBoard's own, on the same files."""

import numpy as np
import pytest
import tensorboardX
import tickertape
import torch
from support import oracle
from tensorboard.backend.event_processing import event_accumulator as theirs
from tensorboard.compat.proto.event_pb2 import Event, SessionLog, TaggedRunMetadata
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.plugins.distribution import compressor
from tensorboard.util import tensor_util
from tickertape import reader
from tickertape.reader import accumulator, accumulator_events

WRITERS = {
    "torch": oracle.torch_tensorboard.SummaryWriter,
    "tensorboardX": tensorboardX.SummaryWriter,
    "ours": tickertape.SummaryWriter,
}
GETTERS = {
    "scalars": "Scalars",
    "histograms": "Histograms",
    "distributions": "CompressedHistograms",
    "images": "Images",
    "audio": "Audio",
    "tensors": "Tensors",
}
GUIDANCE = {
    "default": None,
    "everything": theirs.STORE_EVERYTHING_SIZE_GUIDANCE,
    "some": {"scalars": 7, "histograms": 3, "images": 2, "audio": 1, "distributions": 4, "tensors": 5},
}


def plain(event):
    """An event of either as comparable values."""
    fields = dict(vars(event))
    if "tensor_proto" in fields:
        fields["tensor_proto"] = fields["tensor_proto"].SerializeToString()
    if "histogram_value" in fields:
        value = dict(vars(fields["histogram_value"]))
        fields["histogram_value"] = {name: np.asarray(one).tolist() for name, one in value.items()}
    if "compressed_histogram_values" in fields:
        fields["compressed_histogram_values"] = [
            tuple(map(float, pair)) for pair in fields["compressed_histogram_values"]
        ]
    return type(event).__name__, {name: repr(value) for name, value in fields.items()}


def assert_same(path, guidance=None, **arguments):
    """Both say the same of a file or directory."""
    expected = theirs.EventAccumulator(str(path), guidance, **arguments).Reload()
    found = reader.EventAccumulator(path, guidance, **arguments).Reload()
    assert found.Tags() == expected.Tags()
    for kind, getter in GETTERS.items():
        for tag in expected.Tags()[kind]:
            assert list(map(plain, getattr(found, getter)(tag))) == list(
                map(plain, getattr(expected, getter)(tag))
            )
        with pytest.raises(KeyError, match="Key no such tag was not found in Reservoir"):
            getattr(found, getter)("no such tag")
    assert found.FirstEventTimestamp() == expected.FirstEventTimestamp()
    assert found.GetSourceWriter() == expected.GetSourceWriter()
    assert set(found._snapshot.metadata) == set(expected.summary_metadata)
    for tag, metadata in expected.summary_metadata.items():
        assert found.SummaryMetadata(tag).SerializeToString() == metadata.SerializeToString()
    for plugin, content in expected._plugin_to_tag_to_content.items():
        assert found.PluginTagToContent(plugin) == content
    with pytest.raises(KeyError, match="Plugin 'nothing' could not be found"):
        found.PluginTagToContent("nothing")
    return found, expected


@pytest.fixture(params=WRITERS)
def logged(tmp_path, request):
    """Many values of every kind."""
    generator = np.random.default_rng(1)
    with WRITERS[request.param](str(tmp_path)) as writer:
        for step in range(25):
            writer.add_scalar("loss", 1 / (step + 1), step, 100.0 + step)
            writer.add_histogram("h", generator.normal(size=50) * step, step)
            writer.add_image("i", generator.integers(0, 256, (3, 4, 4), dtype=np.uint8), step)
            writer.add_text("t", str(step), step)
            if request.param != "tensorboardX":  # which needs soundfile, and has no new-style scalars
                writer.add_scalar("new", step / 3, step, new_style=True, double_precision=step % 2 == 0)
                writer.add_audio("s", torch.zeros(20), step)
        writer.add_pr_curve("p", np.array([0, 1, 1]), np.array([0.1, 0.6, 0.7]), 3)
        writer.add_hparams({"lr": 0.5}, {"m": 1.0})
    return tmp_path


@pytest.mark.parametrize("guidance", GUIDANCE)
def test_it_says_what_tensorboards_says(logged, guidance):
    assert_same(logged, GUIDANCE[guidance])
    (path,) = oracle.event_files(logged)
    assert_same(path, GUIDANCE[guidance])


def test_more_scalars_than_are_kept(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(12_000):
            writer.add_scalar("a", step, step)
    found, _ = assert_same(tmp_path)
    assert len(found.Scalars("a")) == 10_000


def write(path, *events):
    path.write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    return path


def scalar(step, tag="a", value=1.0):
    return Event(
        step=step, wall_time=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    )


def start(step):
    return Event(step=step, session_log=SessionLog(status=SessionLog.START))


VERSION = Event(wall_time=5, file_version="brain.Event:2")


@pytest.mark.parametrize("purge", [True, False])
@pytest.mark.parametrize("size", [0, 3, 6])
def test_restarts(tmp_path, purge, size):
    write(
        tmp_path / "events.out.tfevents.1.h",
        VERSION,
        start(0),
        *map(scalar, range(10)),
        start(7),
        scalar(7),
        scalar(8),
    )
    write(tmp_path / "events.out.tfevents.2.h", VERSION, start(5), *map(scalar, range(5, 12)), scalar(0, "b"))
    write(tmp_path / "events.out.tfevents.3.h", VERSION, start(11))
    assert_same(tmp_path, {"scalars": size}, purge_orphaned_data=purge)


@pytest.mark.parametrize("size", [0, 3])
def test_steps_that_go_back_without_a_version(tmp_path, size):
    steps = [0, 1, 2, 5, 3, 4, 9, 9, 2, 10]
    events = [scalar(step, tag) for step in steps for tag in ("a", "b")]
    write(tmp_path / "events.out.tfevents.1.h", *events, scalar(1, "c"))
    assert_same(tmp_path, {"scalars": size})


def test_reload_takes_what_is_new(tmp_path):
    path = write(tmp_path / "events.out.tfevents.1.h", VERSION, scalar(1))
    mine, other = reader.EventAccumulator(str(tmp_path)), theirs.EventAccumulator(str(tmp_path))
    assert mine.Tags()["scalars"] == []
    for accumulated in (mine, other):
        accumulated.Reload()
    with path.open("ab") as file:
        file.write(oracle.frame(scalar(2).SerializeToString()))
    write(tmp_path / "events.out.tfevents.2.h", VERSION, scalar(3), scalar(1, "b"))
    assert [event.step for event in mine.Scalars("a")] == [1]
    for accumulated in (mine, other):
        accumulated.Reload()
    assert (
        [event.step for event in mine.Scalars("a")]
        == [event.step for event in other.Scalars("a")]
        == [1, 2, 3]
    )
    assert mine.Tags() == other.Tags()


@pytest.mark.filterwarnings("ignore")  # of torch's tracer
def test_graphs_and_run_metadata(tmp_path):
    with oracle.torch_tensorboard.SummaryWriter(str(tmp_path)) as writer:
        writer.add_graph(torch.nn.Linear(2, 3), torch.zeros(1, 2))
    found, expected = assert_same(tmp_path)
    assert found.Graph() == expected.Graph()
    for tag in expected.Tags()["run_metadata"]:
        assert found.RunMetadata(tag) == expected.RunMetadata(tag)
    with pytest.raises(ValueError, match="tag: expected one of"):
        found.RunMetadata("nothing")
    with pytest.raises(ValueError, match="path: expected files with a metagraph"):
        found.MetaGraph()


def test_newest_run_metadata_counts(tmp_path):
    events = [
        Event(tagged_run_metadata=TaggedRunMetadata(tag=tag, run_metadata=b"")) for tag in ("a", "b", "a")
    ]
    write(tmp_path / "events.out.tfevents.1.h", *events)
    assert_same(tmp_path)


def test_tensors_are_what_make_ndarray_takes(tmp_path):
    with oracle.torch_tensorboard.SummaryWriter(str(tmp_path)) as writer:
        writer.add_tensor("x", torch.arange(6.0).reshape(2, 3), 1)
        writer.add_scalar("s", 0.1, 1, new_style=True, double_precision=True)
    found = reader.EventAccumulator(tmp_path).Reload()
    (event,) = found.Tensors("x")
    assert tensor_util.make_ndarray(event.tensor_proto).tolist() == [[0, 1, 2], [3, 4, 5]]
    (event,) = found.Tensors("s")
    assert tensor_util.make_ndarray(event.tensor_proto) == 0.1


def test_damage_does_not_cost_the_rest(tmp_path):
    path = write(tmp_path / "events.out.tfevents.1.h", VERSION, *map(scalar, range(10)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.warns(tickertape.DamageWarning, match=str(path)):
        found = reader.EventAccumulator(tmp_path).Reload()
    assert len(found.Scalars("a")) == 9
    found.Reload()  # told once


def test_no_events(tmp_path):
    with pytest.raises(ValueError, match="path: expected a file with events"):
        reader.EventAccumulator(tmp_path).FirstEventTimestamp()
    assert reader.EventAccumulator(tmp_path).GetSourceWriter() is None
    with pytest.raises(FileNotFoundError):
        reader.EventAccumulator(tmp_path / "nothing.tfevents").Reload()


@pytest.mark.parametrize(
    "values", [[1.0], [0.0, 0.0], [1, 2, 3, 4], list(np.random.default_rng(0).normal(size=999)), [-5.0, 1e19]]
)
def test_compressed_histograms(values):
    low, high, num, total, squares, limits, counts, *_ = tickertape._core.histogram(
        np.array(values, dtype=float), "float64", None, None
    )
    proto = HistogramProto(
        min=low, max=high, num=num, sum=total, sum_squares=squares, bucket_limit=limits, bucket=counts
    )
    mine = accumulator_events.HistogramValue(low, high, num, total, squares, limits.tolist(), counts.tolist())
    for points in (accumulator.NORMAL_HISTOGRAM_BPS, (0, 2500, 5000, 7500, 10_000)):
        expected = compressor.compress_histogram_proto(proto, points)
        np.testing.assert_allclose(accumulator_events.compressed(mine, points), expected, rtol=1e-13)
    empty = accumulator_events.HistogramValue(0, 0, 0, 0, 0, [], [])
    assert accumulator_events.compressed(empty, (0, 10_000)) == [(0, 0.0), (10_000, 0.0)]


def test_constants_are_tensorboards():
    for name in ("DEFAULT_SIZE_GUIDANCE", "STORE_EVERYTHING_SIZE_GUIDANCE", "NORMAL_HISTOGRAM_BPS"):
        assert getattr(accumulator, name) == getattr(theirs, name)
