"""The tables of everything that is no scalar, of files of torch, tensorboardX, TensorBoard's own summaries and us."""

import io
import wave

import duckdb
import numpy as np
import PIL.Image
import polars as pl
import pyarrow as pa
import pytest
import tensorboardX
import tickertape
import torch
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.plugins.histogram import summary_v2 as histogram_summary_v2
from tensorboard.plugins.text import summary_v2 as text_summary_v2
from tensorboard.util import tensor_util
from tickertape import _core

GENERATOR = np.random.default_rng(0)
PIXELS = GENERATOR.integers(0, 256, (3, 8, 6), dtype=np.uint8)
VALUES = GENERATOR.normal(size=1000)
SOUND = np.sin(np.arange(800) / 20)
LABELS = GENERATOR.integers(0, 2, 100)
SCORES = GENERATOR.random(100)
CURVE = tensor_util.make_tensor_proto(GENERATOR.random((6, 11)).astype(np.float32))
VERTICES = GENERATOR.normal(size=(1, 5, 3)).astype(np.float32)
FACES = np.array([[[0, 1, 2], [2, 3, 4]]], dtype=np.int32)

WRITERS = {
    "torch": oracle.torch_tensorboard.SummaryWriter,
    "tensorboardX": tensorboardX.SummaryWriter,
    "ours": tickertape.SummaryWriter,
}


@pytest.fixture(params=WRITERS)
def logged(tmp_path, request):
    """Everything that the three writers have in common."""
    with WRITERS[request.param](str(tmp_path / "logs")) as writer:
        writer.add_histogram("h", VALUES, 1)
        writer.add_image("i", PIXELS, 2)
        if request.param != "tensorboardX":  # which needs soundfile
            writer.add_audio("s", torch.tensor(SOUND), 3, sample_rate=8000)
        writer.add_text("t", "some *text*", 4)
        writer.add_pr_curve("p", LABELS, SCORES, 5)
        if request.param != "tensorboardX":
            writer.add_mesh("m", torch.tensor(VERTICES), faces=torch.tensor(FACES), global_step=6)
            writer.add_tensor("x", torch.arange(6).reshape(2, 3), 7)
    return tmp_path / "logs"


def events(directory):
    return [event for path in oracle.event_files(directory) for event in oracle.load(path)]


def value_of(directory, tag):
    """The protobuf Summary.Value of a tag."""
    return next(value for event in events(directory) for value in event.summary.value if value.tag == tag)


def test_histograms(logged):
    expected = value_of(logged, "h").histo
    (row,) = tickertape.read(logged).histograms
    assert (row.run, row.tag, row.step) == (".", "h", 1)
    for name in ("min", "max", "num", "sum", "sum_squares"):
        assert getattr(row, name) == getattr(expected, name)
    assert row.limits.tolist() == list(expected.bucket_limit)
    assert row.counts.tolist() == list(expected.bucket)
    from tensorboard import data_compat

    theirs = tensor_util.make_ndarray(data_compat.migrate_value(value_of(logged, "h")).tensor)
    assert row.array.astype(np.float32).tolist() == theirs.tolist()


def test_images(logged):
    table = tickertape.read(logged).images
    (row,) = table
    assert (row.step, row.width, row.height) == (2, 6, 8)
    assert row.encoded == [value_of(logged, "i").image.encoded_image_string]
    assert row.array.tolist() == PIXELS.transpose(1, 2, 0).tolist()
    assert table["i"][0].array.shape == (8, 6, 3)
    (path,) = table.save(logged / "out")
    assert path == logged / "out" / "%2E" / "i" / "2.png"
    assert np.array(PIL.Image.open(path)).tolist() == row.array.tolist()


def test_audio(logged):
    table = tickertape.read(logged).audio
    if not len(table):
        assert not any(value.HasField("audio") for event in events(logged) for value in event.summary.value)
        return
    expected = value_of(logged, "s").audio
    (row,) = table
    assert (row.sample_rate, row.channels, row.frames) == (8000, 1, 800)
    assert row.content_type == expected.content_type
    with wave.open(io.BytesIO(expected.encoded_audio_string)) as file:
        assert row.array.ravel().tolist() == np.frombuffer(file.readframes(800), "<i2").tolist()
    (path,) = table.save(logged / "out")
    assert path.read_bytes() == expected.encoded_audio_string


def test_text(logged):
    (row,) = tickertape.read(logged).text
    assert row.tag.startswith("t")
    assert row.text == "some *text*"
    assert row.array.ravel().tolist() == ["some *text*"]


def test_pr_curves(logged):
    expected = tensor_util.make_ndarray(value_of(logged, "p").tensor)
    (row,) = tickertape.read(logged).pr_curves
    assert row.array.tolist() == expected.tolist()
    assert [
        getattr(row, name).tolist() for name in ("tp", "fp", "tn", "fn", "precision", "recall")
    ] == expected.tolist()
    assert row.thresholds[[0, -1]].tolist() == [0, 1]
    assert len(row.thresholds) == expected.shape[1]


def test_meshes_and_tensors(logged):
    runs = tickertape.read(logged)
    if "meshes" not in runs["."].tags:
        assert not any(value.tag.startswith("m") for event in events(logged) for value in event.summary.value)
        return
    parts = {row.part: row for row in runs.meshes}
    assert {row.mesh for row in runs.meshes} == {"m"}
    assert parts["vertices"].array.tolist() == VERTICES.tolist()
    assert parts["faces"].array.tolist() == FACES.tolist()
    (row,) = runs.tensors
    assert (row.tag, row.dtype, row.shape) == ("x", "int64", [2, 3])
    assert row.array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.frombuffer(row.data, np.int64).tolist() == [0, 1, 2, 3, 4, 5]
    (path,) = runs.tensors.save(logged / "out")
    assert np.load(path).tolist() == row.array.tolist()


def test_every_table_in_every_shape(logged):
    runs = tickertape.read(logged)
    for kind in runs["."].tags:
        table = getattr(runs, kind)
        columns = table.to_dict()
        assert list(columns) == list(table.columns) == list(table.to_pandas().columns)
        arrow = pa.table(table)
        assert arrow.num_rows == len(table) == len(pl.DataFrame(table))
        arrow.validate(full=True)
        for name, column in columns.items():
            values = [item.tolist() if isinstance(item, np.ndarray) else item for item in column.tolist()]
            assert arrow.column(name).to_pylist() == values
        assert repr(table)


def test_new_style_values(tmp_path):
    """What TensorBoard's own summaries write: several images and sounds in one value, histograms as tensors."""
    summaries = [
        _image_value("i", [_png(PIXELS.transpose(1, 2, 0)), _png(255 - PIXELS.transpose(1, 2, 0))]),
        text_summary_v2.text_pb("t", [["a", "b"], ["c", "d"]]),
        histogram_summary_v2.histogram_pb("h", VALUES, buckets=5),
        Summary(value=[Summary.Value(tag="p", metadata=_plugin("pr_curves"), tensor=CURVE)]),
        _audio_value("s", [_wav(SOUND), _wav(-SOUND)]),
    ]
    path = tmp_path / "events.out.tfevents.1.h.1.0"
    path.write_bytes(
        b"".join(
            oracle.frame(
                Event(step=step, summary=Summary.FromString(one.SerializeToString())).SerializeToString()
            )
            for step, one in enumerate(summaries)
        )
    )
    runs = tickertape.read(tmp_path)
    (image,) = runs.images
    assert (image.width, image.height, len(image.encoded)) == (6, 8, 2)
    assert image.array.shape == (2, 8, 6, 3)
    assert image.array[0].tolist() == PIXELS.transpose(1, 2, 0).tolist()
    assert [file.name for file in runs.images.save(tmp_path / "out")] == ["0.png", "0-1.png"]
    (text,) = runs.text
    assert text.array.tolist() == [["a", "b"], ["c", "d"]]
    assert text.text == "a\nb\nc\nd"
    (histogram,) = runs.histograms
    expected = tensor_util.make_ndarray(summaries[2].value[0].tensor)
    assert histogram.counts.tolist() == expected[:, 2].tolist()
    assert histogram.limits.tolist() == expected[:, 1].tolist()
    assert (histogram.min, histogram.max, histogram.num) == (expected[0, 0], expected[-1, 1], 1000)
    assert np.isnan(histogram.sum)
    (curve,) = runs.pr_curves
    assert curve.array.tolist() == tensor_util.make_ndarray(summaries[3].value[0].tensor).tolist()
    (sound,) = runs.audio
    assert (sound.sample_rate, sound.channels, sound.frames) == (8000, 1, 800)
    assert sound.array.shape == (2, 800, 1)
    assert sound.array[0].tolist() == (-sound.array[1]).tolist()


def _plugin(name):
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name))


def _png(pixels):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _wav(samples):
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(8000)
        target.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _image_value(tag, encoded):
    from tensorboard.plugins.image import metadata

    data = [b"6", b"8", *encoded]
    plugin = metadata.create_summary_metadata(display_name="", description="", converted_to_tensor=False)
    return Summary(
        value=[Summary.Value(tag=tag, metadata=plugin, tensor=tensor_util.make_tensor_proto(data))]
    )


def _audio_value(tag, encoded):
    from tensorboard.plugins.audio import metadata

    data = [[one, b"label"] for one in encoded]
    plugin = metadata.create_summary_metadata(
        display_name="", description="", encoding=metadata.Encoding.Value("WAV"), converted_to_tensor=False
    )
    return Summary(
        value=[Summary.Value(tag=tag, metadata=plugin, tensor=tensor_util.make_tensor_proto(data))]
    )


def test_one_bad_value_costs_itself_alone(tmp_path):
    plugin = _plugin("pr_curves")
    good = tensor_util.make_tensor_proto(np.zeros((6, 4), np.float32))
    bad = tensor_util.make_tensor_proto(np.zeros(3, np.float32))
    path = tmp_path / "events.out.tfevents.1.h.1.0"
    path.write_bytes(
        b"".join(
            oracle.frame(
                Event(
                    step=step, summary=Summary(value=[Summary.Value(tag="p", metadata=plugin, tensor=one)])
                ).SerializeToString()
            )
            for step, one in enumerate([good, bad, good])
        )
    )
    table = tickertape.read(tmp_path).pr_curves
    with pytest.raises(ValueError, match=r"expected a PR curve \[6, thresholds\]"):
        _ = table[1].array
    with pytest.warns(tickertape.DamageWarning, match="'p' at step 1: tensor: expected a PR curve"):
        assert [len(tp) for tp in table.column("tp")] == [4, 0, 4]
    with pytest.warns(tickertape.DamageWarning, match="'p' at step 1"):
        assert len(table.save(tmp_path / "out")) == 2


@pytest.mark.parametrize(
    "tag", ["../up", "/etc/passwd", "a/../../b", ".", "", "a\0b", "x" * 400, "caf\u00e9 \u96ea"]
)
def test_names_of_saved_files_lead_nowhere_else(tmp_path, tag):
    with tickertape.SummaryWriter(tmp_path / "logs") as writer:
        writer.add_text("plain", "words")
    path = tmp_path / "logs" / "events.out.tfevents.9.h.1.0"
    value = Summary.Value(
        tag=tag, image=Summary.Image(encoded_image_string=_png(np.zeros((2, 2, 3), np.uint8)))
    )
    path.write_bytes(oracle.frame(Event(summary=Summary(value=[value])).SerializeToString()))
    before = set(tmp_path.rglob("*"))
    (file,) = tickertape.read(tmp_path / "logs").images.save(tmp_path / "out" / "deep")
    assert file.is_file()
    assert file.resolve().is_relative_to(tmp_path / "out" / "deep")
    assert all((tmp_path / "out") in (new, *new.parents) for new in set(tmp_path.rglob("*")) - before)


@pytest.mark.filterwarnings("ignore")  # of torch's tracer
def test_graphs(tmp_path):
    with oracle.torch_tensorboard.SummaryWriter(tmp_path) as writer:
        writer.add_graph(torch.nn.Linear(2, 3), torch.zeros(1, 2))
    expected = next(event.graph_def for event in events(tmp_path) if event.graph_def)
    (row,) = tickertape.read(tmp_path).graphs
    assert row.graph_def == expected
    (path,) = tickertape.read(tmp_path).graphs.save(tmp_path / "out")
    assert path.read_bytes() == expected


def test_rows_by_number_and_slice(tmp_path):
    for run in ("a", "b"):
        with tickertape.SummaryWriter(tmp_path / run) as writer:
            for step in range(5):
                writer.add_histogram("h", [step], step)
                writer.add_histogram("g", [step], step)
    table = tickertape.read(tmp_path).histograms
    everything = [(row.run, row.tag, row.step) for row in table]
    assert everything == [(run, tag, step) for run in "ab" for tag in "hg" for step in range(5)]
    assert [(table[n].run, table[n].tag, table[n].step) for n in range(20)] == everything
    assert table[-1].step == 4
    assert [row.step for row in table[3:8]] == [3, 4, 0, 1, 2]
    with pytest.raises(IndexError):
        _ = table[20]
    assert [row.max for row in tickertape.read(tmp_path)["a"].histograms["g"]] == [0, 1, 2, 3, 4]


def test_an_event_of_many_values_is_decoded_once(tmp_path, monkeypatch):
    """The columns of 200 histograms in each of 3 events take 3 events to decode, not 600."""
    values = [
        Summary.Value(tag=f"h{n}", histo=HistogramProto(min=n, bucket_limit=[1.0], bucket=[2.0]))
        for n in range(200)
    ]
    path = tmp_path / "events.out.tfevents.1.h.1.0"
    events = [Event(step=step, summary=Summary(value=values)) for step in range(3)]
    path.write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    read = []
    read_record = _core.read_record
    monkeypatch.setattr(_core, "read_record", lambda *place: read.append(place) or read_record(*place))
    table = tickertape.read(tmp_path).histograms
    columns = table.to_dict()
    assert len(read) == 3
    assert columns["min"].tolist() == [n for n in range(200) for _ in range(3)]
    assert columns["step"].tolist() == [0, 1, 2] * 200
    assert duckdb.sql("select count(*), sum(min) from table".replace("table", '"table"')).fetchall() == [
        (600, 3 * sum(range(200)))
    ]
    assert len(read) == 6  # DuckDB asks for the stream several times
