"""Golden files of real TensorFlow (tests/golden/make_tensorflow.py), TF1 and TF2 style: every value as TensorBoard's loaders have it."""

import io
import wave
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tickertape
from support import index_oracle, oracle, same
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.compat.proto.event_pb2 import SessionLog
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.util import tensor_util
from tickertape import _core
from tickertape.reader import accumulator

EVENTS = Path(__file__).parents[1] / "golden" / "events"
RUNS = sorted(path for path in EVENTS.glob("tensorflow-*/tf[12]"))
ALL = accumulator.STORE_EVERYTHING_SIZE_GUIDANCE

pytestmark = pytest.mark.parametrize("run", RUNS, ids=lambda path: f"{path.parent.name}/{path.name}")


def files(run):
    return sorted(path for path in run.iterdir())


def values_of(run, tag):
    """The protobuf values of a tag that TensorBoard shows: as it reads them, without what a restart makes void."""
    starts = [event.step for event in events_of(run) if event.session_log.status == SessionLog.START]
    found = []
    for number, path in enumerate(files(run)):
        for event in oracle.load(path):
            is_void = (
                number == 0 and len(starts) > 1 and event.step >= starts[1]
            )  # the first one is the beginning
            found += [value for value in event.summary.value if value.tag == tag and not is_void]
    return found


def events_of(run):
    return [event for path in files(run) for event in oracle.load(path)]


def test_both_styles_are_here(run):
    assert {path.name for path in run.parent.iterdir()} == {"tf1", "tf2"}
    plugins = {v.metadata.plugin_data.plugin_name for e in events_of(run) for v in e.summary.value} - {""}
    is_new = run.name == "tf2"
    assert plugins >= (
        {"scalars", "histograms", "images", "audio", "text", "mesh"} if is_new else {"text", "pr_curves"}
    )
    old = {value.WhichOneof("value") for event in events_of(run) for value in event.summary.value}
    assert old >= ({"tensor"} if is_new else {"simple_value", "histo", "image", "audio", "tensor"})


def test_the_index(run):
    for path in files(run):
        (index,) = _core.scan_files([str(path)])
        assert index_oracle.of_index(index) == index_oracle.of_file(path)
        assert (index.end, index.problems, index.is_cut) == (path.stat().st_size, [], False)


def test_every_field_of_every_event(run):
    for path in files(run):
        expected = oracle.load(path)
        found = list(tickertape.summary_iterator(path))
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same.assert_same_message(one, other)
        assert list(tickertape.summary_iterator(path, as_protobuf=True)) == expected


@pytest.mark.parametrize("sizes", [None, ALL, {"scalars": 2, "tensors": 1}])
def test_event_accumulator(run, sizes):
    ours = accumulator.EventAccumulator(run, sizes).Reload()
    theirs = event_accumulator.EventAccumulator(str(run), sizes).Reload()
    same.assert_same(ours, theirs)


def test_scalars_are_what_tensorboard_shows(run):
    theirs = plugin_event_accumulator.EventAccumulator(str(run), dict.fromkeys(["tensors"], 0)).Reload()
    shown = {}
    for tag, content in theirs.AllSummaryMetadata().items():
        if content.plugin_data.plugin_name == "scalars":
            shown[tag] = [
                (each.step, each.wall_time, float(tensor_util.make_ndarray(each.tensor_proto)))
                for each in theirs.Tensors(tag)
            ]
    assert shown
    scalars = tickertape.read(run)["."].scalars
    for tag, expected in shown.items():
        found = scalars[tag]
        assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


def test_numbers_and_tensors_of_every_type(run):
    if run.name != "tf2":
        pytest.skip("tf.summary.write is of TF2")
    runs = tickertape.read(run)["."]
    types = {tag.removeprefix("tensor/") for tag in runs.tensors.tags if tag.startswith("tensor/")}
    assert len(types) == 16
    for dtype in types:
        (value,) = values_of(run, f"tensor/{dtype}")
        (row,) = runs.tensors[f"tensor/{dtype}"]
        expected = {"string": [b"a", b"b\0c"], "bool": [True, False]}.get(dtype, [0, 3])
        assert row.array.tolist() == expected
        if dtype != "bfloat16":  # for which make_ndarray needs TensorFlow
            theirs = tensor_util.make_ndarray(value.tensor)
            assert row.array.dtype == theirs.dtype
            assert row.array.tolist() == theirs.tolist()
        if dtype not in ("string", "complex64", "complex128"):
            assert runs.scalars[f"number/{dtype}"].value.tolist() == [float(expected[1])]
    assert runs.tensors["empty"][0].array.shape == (0, 3)


def test_histograms(run):
    for tag in tickertape.read(run).histograms.tags:
        rows, values = tickertape.read(run)["."].histograms[tag], values_of(run, tag)
        assert len(rows) == len(values) == 3
        for row, value in zip(rows, values, strict=True):
            if value.HasField("histo"):
                assert (row.min, row.max, row.sum) == (value.histo.min, value.histo.max, value.histo.sum)
                assert row.counts.tolist() == list(value.histo.bucket)
                assert row.limits.tolist() == list(value.histo.bucket_limit)
            else:
                assert row.array.tolist() == tensor_util.make_ndarray(value.tensor).tolist()


def test_images_and_sounds(run):
    runs = tickertape.read(run)["."]
    assert runs.images.tags
    for table, field in ((runs.images, "image"), (runs.audio, "audio")):
        for tag in table.tags:
            for row, value in zip(table[tag], values_of(run, tag), strict=True):
                if value.HasField(field):
                    encoded = [getattr(getattr(value, field), f"encoded_{field}_string")]
                elif field == "image":
                    encoded = list(value.tensor.string_val)[2:]
                else:
                    encoded = tensor_util.make_ndarray(value.tensor)[:, 0].tolist()
                assert row.encoded == encoded
                decoded = [pixels(one) if field == "image" else samples(one) for one in encoded]
                array = row.array if len(encoded) > 1 else row.array[np.newaxis]
                assert array.reshape(len(encoded), -1).tolist() == [one.ravel().tolist() for one in decoded]


def pixels(encoded):
    return np.asarray(PIL.Image.open(io.BytesIO(encoded)))


def samples(encoded):
    with wave.open(io.BytesIO(encoded)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_texts_curves_meshes_and_graphs(run):
    runs = tickertape.read(run)["."]
    for tag in runs.text.tags:
        for row, value in zip(runs.text[tag], values_of(run, tag), strict=True):
            theirs = tensor_util.make_ndarray(value.tensor)
            assert row.array.ravel().tolist() == [text.decode() for text in theirs.ravel().tolist()]
    for table in (runs.pr_curves, runs.meshes):
        for tag in table.tags:
            for row, value in zip(table[tag], values_of(run, tag), strict=True):
                assert row.array.tolist() == tensor_util.make_ndarray(value.tensor).tolist()
    assert bool(runs.pr_curves) == (run.name == "tf1")
    assert bool(runs.meshes) == (run.name == "tf2")
    if run.name == "tf2":
        assert {row.part for row in runs.meshes} == {"vertices"}
        assert {row.mesh for row in runs.meshes} == {"mesh"}
    graphs = [GraphDef.FromString(row.graph_def) for row in runs.graphs]
    assert graphs == [GraphDef.FromString(e.graph_def) for e in events_of(run) if e.HasField("graph_def")]
    assert all(graph.node for graph in graphs)


def test_hyperparameters(run):
    sessions = tickertape.read(run).hparams.sessions
    if run.name == "tf1":
        assert sessions == []
        return
    (session,) = sessions
    content = next(
        value.metadata.plugin_data.content
        for value in values_of(run, hparams_metadata.SESSION_START_INFO_TAG)
    )
    start = hparams_metadata.parse_session_start_info_plugin_data(content)
    theirs = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    assert session.hparams == theirs == {"lr": 0.1, "layers": 3.0, "name": "x", "on": True}
    assert (session.group, session.start_time) == (start.group_name, start.start_time_secs)
