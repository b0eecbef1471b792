"""Runs with every kind of data that TensorBoard's dashboards show, old style and new, by our writer and by others."""

import numpy as np
import pytest
import tickertape
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.audio import metadata as audio_metadata
from tensorboard.plugins.audio import plugin_data_pb2 as audio_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

torch = pytest.importorskip("torch")

STEPS = 8  # fewer than TensorBoard keeps of any kind, so that nobody samples
LAYOUT = {
    "losses": {
        "both": ["Multiline", ["loss/train", "loss/validation"]],
        "bounds": ["Margin", ["loss/train", "loss/lower", "loss/upper"]],
    }
}


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, batch):
        return self.layer(batch)


def write(directory):
    """Writes the runs `ours`, `ours/…`, `torch`, `sweep/…`, `others` and `empty`."""
    _write_ours(directory / "ours")
    _write_with_torch(directory / "torch")
    with tickertape.SummaryWriter(directory / "sweep") as writer:
        for number, rate in enumerate([0.1, 0.01]):
            writer.add_hparams(
                {"rate": rate, "kind": "adam"}, {"accuracy": 0.5 + number / 4}, run_name=f"run{number}"
            )
    _write_others(directory / "others")
    (directory / "empty").mkdir()
    (directory / "empty" / "events.out.tfevents.1.host.1.0").touch()


def _write_ours(directory):
    rng = np.random.default_rng(1)
    with tickertape.SummaryWriter(directory) as writer:
        for step in range(STEPS):
            writer.add_scalar("loss/train", 1 / (step + 1), step)
            writer.add_scalar("loss/validation", 2 / (step + 1), step, new_style=True)
            writer.add_scalars("loss", {"a": step, "b": -step}, step)
            writer.log({"loss": {"lower": -1.0, "upper": 3.0}}, step)
            writer.add_histogram("weights", rng.normal(size=200), step)
            writer.add_pr_curve("curve", rng.integers(0, 2, 100), rng.random(100), step)
            writer.add_image("noise", rng.integers(0, 255, (3, 8, 9), dtype=np.uint8), step)
            writer.add_text("notes", f"**step** {step}\n\n| a | b |\n|---|---|\n| 1 | 2 |", step)
        writer.add_images("grid", rng.random((4, 3, 8, 8)), 0)
        writer.add_video("clip", rng.integers(0, 255, (1, 4, 3, 8, 8), dtype=np.uint8), 0, fps=4)
        writer.add_audio("tone", np.sin(np.arange(400) / 5)[None], 0, 8000)
        writer.add_tensor("tensor", np.arange(6.0), 0)
        points = rng.random((1, 5, 3))
        writer.add_mesh(
            "cloud", points, (points * 255).astype(np.uint8), np.array([[[0, 1, 2]]]), global_step=0
        )
        writer.add_graph(Net(), torch.zeros(1, 4))
        writer.add_custom_scalars(LAYOUT)
        writer.add_embedding(rng.random((6, 4)), list("abcdef"), global_step=0)


def _write_with_torch(directory):
    from torch.utils.tensorboard import SummaryWriter

    rng = np.random.default_rng(2)
    with SummaryWriter(str(directory)) as writer:
        for step in range(STEPS):
            writer.add_scalar("loss/train", step / 3, step)
            writer.add_histogram("weights", rng.normal(size=300), step)
            writer.add_image("noise", rng.integers(0, 255, (3, 8, 9), dtype=np.uint8), step)
        writer.add_histogram("constant", np.zeros(10), 0)
        writer.add_text("notes", "plain", 0)


def _write_others(directory):
    """What TensorFlow's summary operations write, made of the messages themselves."""
    writer = EventFileWriter(str(directory))
    add = _adder(writer)
    for step in range(STEPS):
        add(step, "scalar", _metadata("scalars"), np.float32(step / 7))
        strings = np.array([b"4", b"5", *(b"png %d" % number for number in range(step + 1))])
        add(
            step,
            "pictures",
            image_metadata.create_summary_metadata("shown name", "a **description**"),
            strings,
        )
        labels = np.array([[b"RIFF....WAVE", b"label"], [b"second", b"other"]])
        encoding = audio_pb2.AudioPluginData.Encoding.Value("WAV")
        add(step, "sounds", audio_metadata.create_summary_metadata("sounds", "", encoding), labels)
        add(
            step,
            "of an unknown plugin",
            _metadata("nobody knows", summary_pb2.DATA_CLASS_SCALAR),
            np.float32(step),
        )
        add(step, "without a class", _metadata("nobody knows"), np.float32(step))
    add(0, "keras", _metadata("graph_keras_model"), np.array(b'{"config": {"layers": []}}'))
    add(0, "train/step", _metadata("graph_run_metadata_graph"), np.array(b""))
    _old_scalar(writer)
    event = event_pb2.Event(wall_time=30.0, step=3)
    event.tagged_run_metadata.tag = "profile"
    event.tagged_run_metadata.run_metadata = b""
    writer.add_event(event)
    _hparams(writer)
    writer.close()


def _old_scalar(writer):
    """Old-style values with a display name and without."""
    for step in range(STEPS):
        event = event_pb2.Event(wall_time=20.0 + step, step=step)
        value = event.summary.value.add(tag="old", simple_value=step / 9)
        value.metadata.display_name = "the old one"
        value.metadata.summary_description = "described"
        event.summary.value.add(tag="plain", simple_value=-step)
        writer.add_event(event)


def _hparams(writer):
    """A session and its experiment; the values have no tensor."""
    rate = api_pb2.HParamInfo(name="rate", type=api_pb2.DATA_TYPE_FLOAT64)
    metric = api_pb2.MetricInfo(name=api_pb2.MetricName(tag="scalar"))
    experiment = api_pb2.Experiment(hparam_infos=[rate], metric_infos=[metric], user="someone")
    begin = plugin_data_pb2.SessionStartInfo(group_name="group", start_time_secs=1.0)
    begin.hparams["rate"].number_value = 0.5
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=2.0)
    contents = {
        hparams_metadata.EXPERIMENT_TAG: plugin_data_pb2.HParamsPluginData(experiment=experiment),
        hparams_metadata.SESSION_START_INFO_TAG: plugin_data_pb2.HParamsPluginData(session_start_info=begin),
        hparams_metadata.SESSION_END_INFO_TAG: plugin_data_pb2.HParamsPluginData(session_end_info=end),
    }
    for tag, content in contents.items():
        event = event_pb2.Event(wall_time=40.0)
        metadata = hparams_metadata.create_summary_metadata(content)
        event.summary.value.add(tag=tag, metadata=metadata)
        writer.add_event(event)


def _metadata(plugin, data_class=summary_pb2.DATA_CLASS_UNKNOWN):
    made = summary_pb2.SummaryMetadata(data_class=data_class)
    made.plugin_data.plugin_name = plugin
    if plugin == scalar_metadata.PLUGIN_NAME:
        made.display_name = "a scalar"
    return made


def _adder(writer):
    """Adds one value; metadata comes with the first of a tag only, as TensorFlow's writer has it."""
    seen = set()

    def add(step, tag, metadata, array):
        event = event_pb2.Event(wall_time=10.0 + step, step=step)
        value = event.summary.value.add(tag=tag, tensor=tensor_util.make_tensor_proto(array))
        if tag not in seen:
            value.metadata.CopyFrom(metadata)
            seen.add(tag)
        writer.add_event(event)

    return add
