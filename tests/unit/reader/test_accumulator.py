"""EventAccumulator beside TensorBoard's on the same files: every value of every type, whoever wrote them."""

import shutil
import warnings

import numpy as np
import pytest
import tensorboardX
import tickertape
import tickertape.writer
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import oracle
from support.same import METHODS, assert_same, plain
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.event_pb2 import Event, SessionLog, TaggedRunMetadata
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.util import tensor_util
from tickertape import reader
from tickertape.reader import accumulator

ALL = accumulator.STORE_EVERYTHING_SIZE_GUIDANCE


def both(path, *arguments, **options):
    return (
        accumulator.EventAccumulator(path, *arguments, **options),
        event_accumulator.EventAccumulator(str(path), *arguments, **options),
    )


def check(path, *arguments, **options):
    ours, theirs = both(path, *arguments, **options)
    assert ours.Reload() is ours
    assert_same(ours, theirs.Reload())
    return ours


def test_constants_are_tensorboards():
    for name in (
        *("DEFAULT_SIZE_GUIDANCE", "STORE_EVERYTHING_SIZE_GUIDANCE", "NORMAL_HISTOGRAM_BPS"),
        *("COMPRESSED_HISTOGRAMS", "HISTOGRAMS", "IMAGES", "AUDIO", "SCALARS", "TENSORS"),
        *("GRAPH", "META_GRAPH", "RUN_METADATA"),
    ):
        assert getattr(accumulator, name) == getattr(event_accumulator, name), name


def write_everything(writer):
    random = np.random.default_rng(0)
    for step in range(30):
        writer.add_scalar("loss", random.normal(), step, 100.5 + step)
        writer.add_scalars("both", {"a": step, "b": -step}, step)
        writer.add_histogram("weights", random.normal(size=50), step)
        writer.add_text("words", f"step {step}", step)
    for step in range(7):
        writer.add_image("image", random.integers(0, 255, (3, 4, 5), dtype=np.uint8), step)
        if not type(writer).__module__.startswith("tensorboardX"):  # which needs soundfile
            writer.add_audio("sound", torch.zeros(1, 100), step, sample_rate=8000)
        writer.add_pr_curve("curve", np.array([0, 1]), np.array([0.25, 0.75]), step)
        writer.add_mesh("mesh", torch.zeros(1, 3, 3), global_step=step)
    writer.add_hparams({"lr": 0.1, "name": "x", "on": True}, {"metric": 1})
    writer.add_custom_scalars({"all": {"loss": ["Multiline", ["loss"]]}})


def write_new_style(writer):
    for step in range(30):
        writer.add_scalar("new", step / 3, step, new_style=True)
        writer.add_scalar("double", step / 3, step, new_style=True, double_precision=True)
        writer.add_scalar("changing", step, step, new_style=step % 3 == 1)
        writer.add_tensor("tensor", torch.full((2, 3), float(step)), step)


@pytest.mark.parametrize(
    "sizes", [None, {}, ALL, {"scalars": 5, "tensors": 3, "distributions": 4, "images": 0}]
)
@pytest.mark.parametrize(
    "make",
    [oracle.torch_tensorboard.SummaryWriter, tensorboardX.SummaryWriter, tickertape.writer.SummaryWriter],
)
def test_same_answers_on_files_of_every_writer(tmp_path, make, sizes):
    with make(str(tmp_path / "run")) as writer:
        write_everything(writer)
        if make is not tensorboardX.SummaryWriter:
            write_new_style(writer)
    folders = {path.parent for path in tmp_path.rglob("*tfevents*")}
    assert len(folders) >= 4
    for folder in folders:
        check(folder, sizes)
    for path in tmp_path.rglob("*tfevents*"):
        check(path, sizes)


def write(path, events):
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.writelines(oracle.frame(event.SerializeToString()) for event in events)


def scalar(tag, step, value=1.0, wall_time=None):
    return Event(
        step=step,
        wall_time=step if wall_time is None else wall_time,
        summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]),
    )


def version(text="brain.Event:2"):
    return Event(wall_time=1, file_version=text)


def start(step):
    return Event(step=step, wall_time=step, session_log=SessionLog(status=SessionLog.START))


def new_style(tag, step, data, plugin=None):
    metadata = None
    if plugin is not None:
        metadata = SummaryMetadata(display_name="shown")
        metadata.plugin_data.plugin_name = plugin
        metadata.plugin_data.content = b"content"
    value = Summary.Value(tag=tag, metadata=metadata, tensor=tensor_util.make_tensor_proto(data))
    return Event(step=step, wall_time=step, summary=Summary(value=[value]))


def test_files_of_tensorflow_1(tmp_path):
    graph = GraphDef()
    graph.node.add(name="node", op="Add")
    meta = MetaGraphDef(graph_def=graph)
    meta.meta_info_def.tags.append("train")
    run_metadata = RunMetadata()
    run_metadata.step_stats.dev_stats.add(device="cpu")
    histogram = HistogramProto(
        min=0, max=3, num=4, sum=6, sum_squares=14, bucket_limit=[1, 2, 4], bucket=[1, 0, 3]
    )
    everything = [
        version(),
        start(0),
        Event(meta_graph_def=meta.SerializeToString()),
        Event(tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=b"")),
        Event(
            tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=run_metadata.SerializeToString())
        ),
        scalar("loss", 1),
        Event(
            step=2,
            summary=Summary(value=[Summary.Value(tag="h", histo=histogram), Summary.Value(tag="nothing")]),
        ),
        Event(step=3, summary=Summary(value=[Summary.Value(tag="h", histo=HistogramProto())])),
    ]
    write(tmp_path / "a" / "events.out.tfevents.1.host", everything)
    assert check(tmp_path / "a", ALL).Graph() == graph
    graph.node.add(name="other", op="Mul")
    write(
        tmp_path / "a" / "events.out.tfevents.2.host", [version(), Event(graph_def=graph.SerializeToString())]
    )
    assert check(tmp_path / "a").SerializedGraph() == graph.SerializeToString()


def test_files_of_tensorflow_2(tmp_path):
    events = [version()]
    for step in range(20):
        plugin = "scalars" if step == 0 else None
        events += [
            new_style("loss", step, np.float32(step), plugin),
            new_style("exact", step, np.int64(step), plugin),
            new_style("histogram", step, np.ones((3, 3)), "histograms" if step == 0 else None),
            new_style("image", step, [b"4", b"3", b"png"], "images" if step == 0 else None),
            new_style("unknown", step, np.ones((2, 2), np.float16)),
        ]
    several = Summary(
        value=[Summary.Value(tag="twice", tensor=tensor_util.make_tensor_proto(i)) for i in range(3)]
        + [Summary.Value(tag="loss", tensor=tensor_util.make_tensor_proto(np.float32(i))) for i in range(3)]
    )
    events.append(Event(step=21, summary=several))
    write(tmp_path / "run" / "events.out.tfevents.1.host.v2", events)
    for sizes in (None, ALL, {"tensors": 4}):
        check(tmp_path / "run", sizes)
    ours = check(tmp_path / "run", ALL)
    plugins = plugin_event_accumulator.EventAccumulator(str(tmp_path / "run")).Reload()
    assert ours.ActivePlugins() == {"scalars", "histograms", "images"}
    assert ours.ActivePlugins() <= set(plugins.ActivePlugins())
    assert set(ours.AllSummaryMetadata()) == {"loss", "exact", "histogram", "image"}
    for tensor in ours.Tensors("histogram"):
        np.testing.assert_array_equal(tensor_util.make_ndarray(tensor.tensor_proto), np.ones((3, 3)))


def test_reload_goes_on_where_it_was(tmp_path):
    run = tmp_path / "run"
    write(run / "events.out.tfevents.1.a", [version()])
    ours, theirs = both(run, {"scalars": 4, "histograms": 0})
    rounds = [
        (1, [scalar("a", step) for step in range(3)]),
        (1, [scalar("a", step) for step in range(3, 11)]),
        (1, []),
        (2, [version(), start(6), scalar("b", 1), *(scalar("a", step) for step in range(6, 20))]),
        (3, [version(), start(0), scalar("a", 0)]),
    ]
    for number, events in rounds:
        write(run / f"events.out.tfevents.{number}.a", events)
        assert_same(ours.Reload(), theirs.Reload())


def test_what_differs_is_what_the_docstring_says(tmp_path):
    run = tmp_path / "run"
    write(run / "events.out.tfevents.1.a", [version(), scalar("a", 1)])
    write(run / "events.out.tfevents.2.a", [version(), scalar("a", 2)])
    ours = accumulator.EventAccumulator(run).Reload()
    write(run / "events.out.tfevents.1.a", [scalar("a", 3)])
    assert [event.step for event in ours.Reload().Scalars("a")] == [1, 3, 2]
    shutil.rmtree(run)
    assert [event.step for event in ours.Scalars("a")] == [1, 3, 2]
    with pytest.raises(FileNotFoundError, match="run"):
        ours.Reload()


steps = st.integers(0, 12)
logged = st.one_of(
    st.tuples(st.just("scalar"), steps, st.sampled_from("ab")),
    st.tuples(st.just("tensor"), steps, st.sampled_from("ab")),
    st.tuples(st.just("start"), steps, st.just("")),
    st.tuples(st.just("empty"), steps, st.just("")),
)
MAKERS = {
    "scalar": lambda step, tag: scalar(tag, step),
    "tensor": lambda step, tag: new_style(tag, step, 1.0),
    "start": lambda step, _: start(step),
    "empty": lambda step, _: Event(step=step, wall_time=step),
}


@given(
    files=st.lists(
        st.tuples(
            st.sampled_from(["brain.Event:2", "brain.Event:1", "brain.Event:x", None]),
            st.lists(logged, max_size=25),
        ),
        min_size=1,
        max_size=3,
    ),
    size=st.sampled_from([0, 1, 3, 100]),
    purges=st.booleans(),
)
def test_restarts_and_sampling(tmp_path_factory, files, size, purges):
    run = tmp_path_factory.mktemp("run")
    for number, (text, events) in enumerate(files):
        made = [MAKERS[kind](step, tag) for kind, step, tag in events]
        write(run / f"events.out.tfevents.{number}.a", [*([version(text)] if text else []), *made])
    check(run, {"scalars": size, "tensors": size}, purge_orphaned_data=purges)


def test_unusual_basis_points(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_histogram("h", np.random.default_rng(step).normal(size=100) ** 3, step)
        writer.add_histogram_raw("empty", 0, 0, 0, 0, 0, [1.0], [0.0], 1)
        writer.add_histogram_raw("flat", 5, 5, 4, 20, 100, [4.0, 5.0, 6.0], [0.0, 4.0, 0.0], 1)
    check(tmp_path, ALL, (0, 1, 2500, 5000, 9999, 10000))
    check(tmp_path, ALL, (5000,))


def test_missing_tags_raise_as_there(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1, 1)
    ours, theirs = both(tmp_path)
    for when in ("before", "after"):
        for method, argument in [
            *((name, "missing") for name in METHODS.values()),
            ("SummaryMetadata", "a"),
            ("PluginTagToContent", "missing"),
            ("PluginTagToContent", ""),
            ("RunMetadata", "missing"),
            ("Graph", None),
            ("MetaGraph", None),
            ("RetrievePluginAsset", None),
        ]:
            arguments = {"Graph": (), "MetaGraph": (), "RetrievePluginAsset": ("x", "y")}.get(
                method, (argument,)
            )
            raised = []
            for one in (ours, theirs):
                with pytest.raises((KeyError, ValueError)) as caught:
                    getattr(one, method)(*arguments)
                raised.append(caught.type)
            assert raised[0] is raised[1], (when, method)
        ours.Reload()
        theirs.Reload()
    assert ours.PluginAssets("x") == theirs.PluginAssets("x") == []
    (tmp_path / "plugins" / "x").mkdir(parents=True)
    (tmp_path / "plugins" / "x" / "asset").write_text("text")
    assert ours.PluginAssets("x") == theirs.PluginAssets("x") == ["asset"]
    assert ours.RetrievePluginAsset("x", "asset") == theirs.RetrievePluginAsset("x", "asset") == "text"


def test_first_event_before_reload(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for one in both(run):
        with pytest.raises(ValueError, match=r"timestamp|^path: expected"):
            one.FirstEventTimestamp()
        assert one.GetSourceWriter() is None
    write(run / "events.out.tfevents.1.a", [version(), scalar("a", 7)])
    ours, theirs = both(run)
    assert ours.FirstEventTimestamp() == theirs.FirstEventTimestamp() == 1.0
    assert ours.GetSourceWriter() is theirs.GetSourceWriter() is None


def test_damage_costs_the_damaged_events_alone(tmp_path):
    run = tmp_path / "run"
    write(run / "events.out.tfevents.1.a", [version(), *(scalar("a", step) for step in range(50))])
    path = oracle.only_file(run)
    blob = bytearray(path.read_bytes())
    blob[len(blob) // 2] ^= 1
    path.write_bytes(blob)
    ours = accumulator.EventAccumulator(run)
    with pytest.warns(reader.DamageWarning, match="skipped") as caught:
        ours.Reload()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(ours.Scalars("a")) == 49
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours.Reload()


def everything(accumulator_of_a_run):
    """Every value, as nested tuples."""
    tags = accumulator_of_a_run.Tags()
    return {
        (kind, tag, event[:2]): plain(event)
        for kind, method in METHODS.items()
        for tag in tags[kind]
        for event in getattr(accumulator_of_a_run, method)(tag)
    }


def test_a_flipped_bit_anywhere_costs_one_event(tmp_path):
    run = tmp_path / "run"
    with tickertape.SummaryWriter(run) as writer:
        for step in range(2):
            writer.add_scalar("scalar", step, step)
            writer.add_scalar("new", step, step, new_style=True)
            writer.add_text("text", "words", step)
            writer.add_image("image", np.zeros((1, 2, 2)), step)
            writer.add_histogram("histogram", np.arange(2), step, max_bins=3)
    path = oracle.only_file(run)
    blob = path.read_bytes()
    whole = everything(accumulator.EventAccumulator(run, ALL).Reload())
    assert len(whole) == 12
    last = len(blob) - len(oracle.frame(oracle.raw_records(path)[-1]))
    for at in range(len(blob)):
        path.write_bytes(blob[:at] + bytes([blob[at] ^ 1 << at % 8]) + blob[at + 1 :])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ours = accumulator.EventAccumulator(run, ALL).Reload()
        # The last record may be one that is being written.
        assert [one.category for one in caught] == ([reader.DamageWarning] if at < last else [])
        found = everything(ours)
        assert found.items() <= whole.items()
        assert len(whole) - len(found) <= 2  # a histogram counts twice, compressed too


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        (("",), ValueError, "path"),
        ((3.5,), TypeError, "path"),
        (("x", {"scalars": -1}), ValueError, "size_guidance"),
        (("x", {"scalars": 1.5}), ValueError, "size_guidance"),
        (("x", 5), TypeError, "size_guidance"),
        (("x", None, 5), TypeError, "compression_bps"),
        (("x", None, ()), ValueError, "compression_bps"),
    ],
)
def test_bad_arguments_raise_at_the_call(arguments, error, name):
    with pytest.raises(error, match=rf"^{name}: expected "):
        accumulator.EventAccumulator(*arguments)
