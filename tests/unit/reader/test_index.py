"""scan_files: what an index holds, compared with TensorBoard's loaders on files of torch, tensorboardX and ours."""

import numpy as np
import pytest
import tickertape
import torch
from support import index_oracle, oracle
from tensorboard.compat.proto.event_pb2 import Event, SessionLog, SourceMetadata, TaggedRunMetadata
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.util import tensor_util
from tensorboardX import SummaryWriter as TensorboardXWriter
from tickertape import _core


def scan(path, **options):
    (index,) = _core.scan_files([str(path)], **options)
    return index


def write(path, *events):
    path.write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    return path


def tensor_event(step, tag, proto, plugin=None, **fields):
    value = Summary.Value(tag=tag, tensor=proto)
    if plugin is not None:
        value.metadata.CopyFrom(SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin)))
    return Event(step=step, wall_time=step + 0.5, summary=Summary(value=[value]), **fields)


def fill(writer, pixels):
    """Everything that the writers have in common."""
    for step in range(3):
        writer.add_scalar("scalar", 1.5 + step, step, 100.25 + step)
        writer.add_histogram("histogram", np.arange(10), step)
        writer.add_image("image", pixels, step)
        writer.add_text("text", "words", step)
        writer.add_pr_curve("pr", np.array([0, 1]), np.array([0.25, 0.75]), step)
    writer.add_custom_scalars({"a": {"b": ["Multiline", ["scalar"]]}})
    writer.add_hparams({"lr": 0.1}, {"metric": 1.0})


def assert_is_all(directory):
    files = [path for path in directory.rglob("*tfevents*") if path.is_file()]
    assert files
    for path in files:
        index = scan(path)
        expected = index_oracle.of_file(path)
        assert index_oracle.of_index(index) == expected
        assert list(index_oracle.of_index(index)) == list(expected)  # the order of first values
        assert (index.path, index.end, index.size) == (str(path), path.stat().st_size, path.stat().st_size)
        assert (index.problems, index.is_cut, index.error) == ([], False, None)
        events = oracle.load(path)
        assert index.events == len(events)
        assert index.first_wall_time == events[0].wall_time
        records = oracle.raw_records(path)
        for one in index.series:
            if one.kind == "scalars":
                continue
            for offset, length, ordinal in zip(one.offset, one.length, one.ordinal, strict=True):
                assert _core.read_record(str(path), int(offset), int(length)) == records[ordinal]


def test_a_file_of_torch(tmp_path):
    with oracle.torch_tensorboard.SummaryWriter(tmp_path) as writer:
        fill(writer, np.zeros((3, 4, 5)))
        writer.add_scalar("new", 0.1, 4, new_style=True)
        writer.add_scalar("double", 0.1, 4, new_style=True, double_precision=True)
        writer.add_audio("audio", np.zeros(100), 7, sample_rate=8000)
        writer.add_mesh("mesh", torch.zeros(1, 3, 3), global_step=10)
        writer.add_tensor("tensor", torch.arange(6.0), 1)
    assert_is_all(tmp_path)


def test_a_file_of_tensorboardx(tmp_path):
    with TensorboardXWriter(str(tmp_path)) as writer:
        fill(writer, np.zeros((3, 4, 5)))
    assert_is_all(tmp_path)


def test_a_file_of_ours(tmp_path, writer):
    fill(writer, np.zeros((3, 4, 5)))
    writer.add_audio("audio", np.zeros(100), 7, sample_rate=8000)
    writer.add_mesh("mesh", np.zeros((1, 3, 3)), global_step=10)
    writer.add_graph(torch.nn.Linear(2, 2), torch.zeros(1, 2))
    writer.log({"a": 1, "b": {"c": 2}}, 5)
    writer.close()
    assert_is_all(tmp_path / "ours")


def test_events_that_are_not_summaries(tmp_path):
    events = [
        Event(file_version="brain.Event:2", source_metadata=SourceMetadata(writer="somebody"), wall_time=7),
        Event(step=1, graph_def=b"graph"),
        Event(step=2, meta_graph_def=b"meta"),
        Event(step=3, tagged_run_metadata=TaggedRunMetadata(tag="step3", run_metadata=b"x")),
        Event(step=4, session_log=SessionLog(status=SessionLog.START), wall_time=8),
        Event(step=5, session_log=SessionLog(status=SessionLog.STOP)),
        Event(step=6, summary=Summary(value=[Summary.Value(tag="nothing")])),
        Event(),
    ]
    path = write(tmp_path / "file", *events)
    index = scan(path)
    assert index_oracle.of_index(index) == index_oracle.series(events)
    assert index.starts == [(4, 8.0, 4)]
    assert (index.file_version, index.source_writer, index.first_wall_time) == (
        "brain.Event:2",
        "somebody",
        7.0,
    )


NUMBERS = [
    np.array(value, dtype)
    for dtype, values in {
        np.float32: (0.1, -np.inf, 1e-42),
        np.float64: (0.1, np.nan),
        np.float16: (0.1, 6e-8, 65504),
        np.int8: (-128, 127),
        np.uint8: (0, 255),
        np.int16: (-32768,),
        np.uint16: (65535,),
        np.int32: (-(2**31), 7),
        np.int64: (-(2**63), 2**53 + 1),
        np.bool_: (True, False),
    }.items()
    for value in values
]


@pytest.mark.parametrize("array", NUMBERS, ids=lambda array: f"{array.dtype}:{array}")
def test_numbers_of_every_type(tmp_path, array):
    """In the type's own field and in tensor_content, with each order of dtype, shape and value."""
    typed = tensor_util.make_tensor_proto(array)
    packed = TensorProto(dtype=typed.dtype, tensor_content=array.tobytes())
    ones = tensor_util.make_tensor_proto(array.reshape(1, 1))
    events = [tensor_event(i, "a", proto, "scalars") for i, proto in enumerate((typed, packed, ones))]
    events.append(tensor_event(3, "plain", typed))
    path = write(tmp_path / "file", *events)
    split = TensorProto.FromString(typed.SerializeToString())
    split.ClearField("dtype")
    tensor = split.SerializeToString() + TensorProto(dtype=typed.dtype).SerializeToString()
    value = Summary.Value(tag="a").SerializeToString() + b"\x42" + bytes([len(tensor)]) + tensor
    summary = b"\x0a" + bytes([len(value)]) + value
    data = b"\x2a" + bytes([len(summary)]) + summary
    with path.open("ab") as file:
        file.write(oracle.frame(data))
    expected = index_oracle.of_file(path)
    assert [len(rows) for rows in expected.values()] == [4, 1]
    # NaN is not equal to itself
    assert repr(index_oracle.of_index(scan(path))) == repr(expected)


def test_unsigned_numbers_and_bfloat16(tmp_path):
    """TensorBoard's make_ndarray knows no uint32 and uint64; the fields are types.proto's."""
    protos = [
        TensorProto(dtype=22, uint32_val=[2**32 - 1]),
        TensorProto(dtype=23, uint64_val=[2**63]),
        TensorProto(dtype=22, tensor_content=np.uint32(2**31).tobytes()),
        TensorProto(dtype=23, tensor_content=np.uint64(2**64 - 1).tobytes()),
        TensorProto(dtype=14, half_val=[0x3F80]),
        TensorProto(dtype=14, tensor_content=b"\x00\xc0"),
    ]
    path = write(
        tmp_path / "file", *(tensor_event(i, "a", proto, "scalars") for i, proto in enumerate(protos))
    )
    (one,) = scan(path).series
    assert one.value.tolist() == [2.0**32 - 1, 2.0**63, 2.0**31, 2.0**64, 1.0, -2.0]


def test_tensors_that_are_no_number(tmp_path):
    shape = tensor_util.make_tensor_proto(np.zeros((2, 0), np.float32)).tensor_shape
    protos = [
        tensor_util.make_tensor_proto(np.zeros(2, np.float32)),
        tensor_util.make_tensor_proto("text"),
        tensor_util.make_tensor_proto(np.complex64(1)),
        TensorProto(dtype=1, float_val=[1.0], tensor_shape=shape),
        TensorProto(dtype=1),
        TensorProto(dtype=1, tensor_content=b"abc"),
        TensorProto(),
        TensorProto(dtype=99, float_val=[1.0]),
    ]
    huge = TensorProto(dtype=1, float_val=[1.0])
    for _ in range(3):
        huge.tensor_shape.dim.add(size=2**62)
    events = [tensor_event(i, "a", proto, "scalars") for i, proto in enumerate([*protos, huge])]
    (one,) = scan(write(tmp_path / "file", *events)).series
    assert (one.tag, one.kind, one.plugin, len(one)) == ("a", "tensors", "scalars", 9)


def test_the_plugin_of_a_tag_is_that_of_its_first_metadata(tmp_path):
    pair = tensor_util.make_tensor_proto(np.zeros(2, np.float32))
    one = tensor_util.make_tensor_proto(np.float32(1))
    events = []
    for tag, plugin in (("s", "scalars"), ("t", "text"), ("m", "mine"), ("h", "histograms")):
        events += [tensor_event(0, tag, pair, plugin), tensor_event(1, tag, pair), tensor_event(2, tag, one)]
        events.append(tensor_event(3, tag, one, "images"))
    events += [
        tensor_event(0, "late", pair),
        tensor_event(1, "late", one),
        tensor_event(2, "late", one, "text"),
    ]
    path = write(tmp_path / "file", *events)
    index = scan(path)
    assert index_oracle.of_index(index) == index_oracle.of_file(path)
    assert {(one.tag, one.plugin) for one in index.series} == {
        ("s", "scalars"),
        ("t", "text"),
        ("m", "mine"),
        ("h", "histograms"),
        ("late", "text"),
    }


def test_many_values_in_one_event(tmp_path):
    rng = np.random.default_rng(3)
    values = [Summary.Value(tag=f"tag{i % 300}", simple_value=x) for i, x in enumerate(rng.normal(size=900))]
    values[450].ClearField("simple_value")
    values[450].tensor.CopyFrom(tensor_util.make_tensor_proto(np.float64(0.1)))
    path = write(tmp_path / "file", *(Event(step=step, summary=Summary(value=values)) for step in range(3)))
    assert index_oracle.of_index(scan(path)) == index_oracle.of_file(path)


def test_filters(tmp_path, writer):
    for step in range(10):
        for tag in ("loss/a", "loss/b", "other"):
            writer.add_scalar(tag, step, step)
        writer.add_text("words", "x", step)
    writer.close()
    (path,) = oracle.event_files(tmp_path / "ours")
    asked = []

    def is_loss(tag):
        asked.append(tag)
        return tag.startswith("loss")

    index = scan(path, tag_filter=is_loss, steps=(3, 5))
    assert {one.tag: one.step.tolist() for one in index.series} == {"loss/a": [3, 4, 5], "loss/b": [3, 4, 5]}
    assert sorted(asked) == ["loss/a", "loss/b", "other", "words/text_summary"]
    assert {one.kind for one in scan(path, kinds=["text"]).series} == {"text"}
    assert scan(path, kinds=[]).series == []
    assert scan(path, kinds=[]).events == 41
    with pytest.raises(ValueError, match="kinds: expected names of kinds such as 'scalars', got 'scalar'"):
        scan(path, kinds=["scalar"])


@pytest.mark.parametrize("argument", ["tag_filter", "progress"])
def test_what_a_hook_raises_ends_the_scan(tmp_path, writer, argument):
    writer.add_scalar("a", 1)
    writer.close()
    paths = [str(path) for path in oracle.event_files(tmp_path / "ours")] * 20

    def fails(*_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        _core.scan_files(paths, **{argument: fails})


def test_progress_ends_with_everything(tmp_path, writer):
    for step in range(1000):
        writer.add_scalar("a", 1, step)
    writer.close()
    (path,) = oracle.event_files(tmp_path / "ours")
    calls = []
    scan(path, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (path.stat().st_size, path.stat().st_size)


def test_arrays_are_read_only_and_outlive_the_index(tmp_path, writer):
    for step in range(100):
        writer.add_scalar("a", step, step)
    writer.close()
    step = scan(*oracle.event_files(tmp_path / "ours")).series[0].step
    assert not step.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        step[0] = 1
    assert step.tolist() == list(range(100))
    assert step.dtype == np.int64


def test_attributes_of_the_other_kind(tmp_path, writer):
    writer.add_scalar("a", 1)
    writer.add_text("b", "x")
    writer.close()
    number, text = scan(*oracle.event_files(tmp_path / "ours")).series
    with pytest.raises(AttributeError, match="a series of kind 'scalars' has numbers, not places"):
        _ = number.offset
    with pytest.raises(AttributeError, match="a series of kind 'text' has places, not numbers"):
        _ = text.value


def test_many_files_in_order(tmp_path):
    for run in range(40):
        with tickertape.SummaryWriter(tmp_path / str(run)) as writer:
            writer.add_scalar("a", run, run)
    paths = [str(oracle.event_files(tmp_path / str(run))[0]) for run in range(40)]
    paths.insert(7, str(tmp_path))  # a directory
    paths.insert(9, str(tmp_path / "nothing"))
    indices = _core.scan_files(paths, threads=3)
    assert [index.path for index in indices] == paths
    assert isinstance(indices.pop(9).error, FileNotFoundError)
    assert isinstance(indices.pop(7).error, IsADirectoryError)
    assert [index.series[0].value.tolist() for index in indices] == [[float(run)] for run in range(40)]


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="previous: expected 1 indices, as many as paths, got 2"):
        _core.scan_files([str(tmp_path)], previous=[None, None])
    with pytest.raises(
        ValueError, match="restarts: expected 'as-tensorboard', 'newest' or 'all', got 'some'"
    ):
        _core.live_series([], "some")
    assert _core.scan_files([]) == []


def test_read_record_refuses_what_is_no_record(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(oracle.frame(b"one") + oracle.frame(b"two"))
    assert _core.read_record(path, 19, 3) == b"two"
    for offset, length in [(0, 2), (1, 3), (19, 4), (38, 0), (10**18, 3), (19, 2**62)]:
        with pytest.raises(ValueError, match="record"):
            _core.read_record(path, offset, length)
    path.write_bytes(oracle.frame(b"one").replace(b"one", b"own"))
    with pytest.raises(ValueError, match="a record with a wrong CRC"):
        _core.read_record(path, 0, 3)


@pytest.fixture
def two_series(tmp_path):
    """Scalars of two runs, with masks of the rows that count."""
    for run in "ab":
        with tickertape.SummaryWriter(tmp_path / run) as writer:
            for step in range(20):
                writer.add_scalar("loss", step * 0.5, step + ord(run), walltime=100.0 + step)
    series = [scan(*oracle.event_files(tmp_path / run)).series[0] for run in "ab"]
    masks = [None, np.arange(20) % 3 == 0]
    return series, masks


@pytest.mark.parametrize("name", ["step", "wall_time", "value", "ordinal"])
def test_columns_of_many_series_are_joined(two_series, name):
    series, masks = two_series
    one, other = (getattr(each, name) for each in series)
    joined = _core.join_columns(series, masks, name)
    np.testing.assert_array_equal(joined, np.concatenate([one, other[masks[1]]]), strict=True)
    assert len(_core.join_columns([], [], name)) == 0


def test_columns_that_cannot_be_joined(two_series, tmp_path):
    series, masks = two_series
    with tickertape.SummaryWriter(tmp_path / "text") as writer:
        writer.add_text("text", "words", 0)
    places = scan(*oracle.event_files(tmp_path / "text")).series
    np.testing.assert_array_equal(_core.join_columns(places, [None], "offset"), places[0].offset)
    for more, masks_of_all, name, message in (
        ([], masks, "offset", "name: expected a column that all of the series have, got 'offset'"),
        (places, [*masks, None], "value", "name: expected a column that all of the series have, got 'value'"),
        ([], [None], "step", "live: expected 2 masks, as many as series, got 1"),
        ([], [None, masks[1][:3]], "step", "live: expected a mask with an element for each row"),
    ):
        with pytest.raises(ValueError, match=message):
            _core.join_columns([*series, *more], masks_of_all, name)
    with pytest.raises(TypeError, match="series: expected a sequence of Series, got int"):
        _core.join_columns([1], [None], "step")


def test_the_latest_step_and_wall_time(two_series):
    series, masks = two_series
    steps, times = (_core.join_columns(series, masks, name) for name in ("step", "wall_time"))
    assert _core.latest(series, masks) == (steps.max(), times.max())
    assert _core.latest(series, [np.zeros(20, bool)] * 2) == (0, 0.0)


def test_the_latest_wall_time_may_be_no_number(tmp_path):
    times = (1.0, float("nan"), 3.0)
    events = [
        Event(step=number, wall_time=time, summary=Summary(value=[Summary.Value(tag="a", simple_value=1)]))
        for number, time in enumerate(times)
    ]
    (series,) = scan(write(tmp_path / "file", *events)).series
    step, wall_time = _core.latest([series], [None])
    assert step == 2
    assert np.isnan(wall_time)


def test_what_the_first_row_is(tmp_path):
    with tickertape.SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_image("image", np.zeros((3, 4, 4)), 0)
        writer.add_text("text", "words", 0)
    for series in scan(*oracle.event_files(tmp_path / "run")).series:
        assert series.first_ordinal == series.ordinal[0]
        assert series.first_field == (series.fields[0] if series.kind == "scalars" else series.field[0])


def test_a_search_for_event_files_may_end_early(tmp_path):
    for run in range(5):
        (tmp_path / f"run{run}").mkdir()
        for name in ("events.out.tfevents.1", "events.out.tfevents.2.profile-empty", "model.pt"):
            (tmp_path / f"run{run}" / name).touch()
    found = _core.event_folders(str(tmp_path))
    assert sorted(found) == [(str(tmp_path / f"run{run}"), ["events.out.tfevents.1"]) for run in range(5)]
    assert len(_core.event_folders(str(tmp_path), most_folders=2)) == 2
    assert len(_core.event_folders(str(tmp_path), most_entries=4)) == 0  # the five runs alone are more
    assert _core.event_folders(str(tmp_path / "nothing")) == []
