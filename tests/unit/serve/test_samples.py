"""How many values TensorBoard shows of a tag, and which."""

import numpy as np
import pytest
import tickertape
from support import tensorboard_apps
from support.data_providers import served
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

STEPS = 5000
SPIKE = 3333
PICTURES = 40


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    made = tmp_path_factory.mktemp("logs")
    with tickertape.SummaryWriter(made / "run") as writer:
        for step in range(STEPS):
            writer.add_scalar("loss", 99.0 if step == SPIKE else 0.0, step)
        for step in range(PICTURES):
            writer.add_image("picture", np.full((3, 4, 4), step, np.uint8), step)
            writer.add_histogram("weights", np.full(10, step), step)
    return made


def _app(directory, client, samples):
    arguments = ("--samples_per_plugin", samples) if samples else ()
    return tensorboard_apps.served(directory, client.server.address, *arguments)


def _steps(app, plugin, tag):
    query = {"sample": 0} if plugin == "images" else {}
    found = app.json(f"plugin/{plugin}/{plugin}", run="run", tag=tag, **query)
    return [one["step"] if isinstance(one, dict) else one[1] for one in found]


@pytest.mark.parametrize(
    ("samples", "scalars", "pictures"),
    [
        ("", 1000, 10),  # TensorBoard's own numbers
        ("scalars=50,images=3", 50, 3),
        ("scalars=0,images=0", STEPS, PICTURES),  # 0 is all
        (f"scalars={STEPS},images=1", STEPS, 1),
    ],
)
def test_tensorboard_s_flag_counts(directory, samples, scalars, pictures):
    with served(directory, reload_secs=None) as client:
        app, channel = _app(directory, client, samples)
        with channel:
            steps = _steps(app, "scalars", "loss")
            assert len(steps) == scalars
            assert {0, SPIKE, STEPS - 1} <= set(steps)
            shown = _steps(app, "images", "picture")
            assert len(shown) == pictures
            assert shown[-1] == PICTURES - 1
            assert np.diff(shown).max(initial=0) <= -(-PICTURES // max(1, pictures - 1))  # evenly


@pytest.mark.parametrize(
    ("samples", "asked", "shown"),
    [
        ({}, 7, 7),
        ({}, 0, PICTURES),
        ({"images": 0}, 7, 7),
        ({"images": 0}, 0, PICTURES),
        ({"images": 5}, 7, 5),
        ({"images": 5}, 0, 5),
        ({"images": 50}, 1000, PICTURES),
    ],
)
def test_the_server_s_own_numbers(directory, samples, asked, shown):
    with served(directory, reload_secs=None, samples=samples) as client:
        found = client.ask("read_blob_sequences", "images", downsample=asked)["run"]["picture"]
        assert len(found) == shown
        assert len(client.ask("read_tensors", "histograms", downsample=8)["run"]["weights"]) == 8


def test_the_last_scalar(directory):
    with served(directory, reload_secs=None) as client:
        datum = client.ask("read_last_scalars", "scalars")["run"]["loss"]
        assert (datum.step, datum.value) == (STEPS - 1, 0.0)


def test_the_longest_sequence_of_all_is_listed(tmp_path):
    """One value in the middle has more images than the others."""
    writer = EventFileWriter(str(tmp_path / "run"))
    for step in range(30):
        value = summary_pb2.Summary.Value(tag="pictures")
        value.metadata.plugin_data.plugin_name = "images"
        value.tensor.dtype = 7  # DT_STRING
        value.tensor.string_val.extend([b"1", b"1", *[b"png"] * (9 if step == 14 else 1)])
        value.tensor.tensor_shape.dim.add(size=len(value.tensor.string_val))
        writer.add_event(event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[value])))
    writer.close()
    with served(tmp_path, samples={"images": 0}) as client:
        assert client.ask("list_blob_sequences", "images")["run"]["pictures"].max_length == 11


def test_several_values_of_a_step(tmp_path):
    """The first of a step is shown, steps in order, as in TensorBoard."""
    with tickertape.SummaryWriter(tmp_path / "run") as writer:
        for number, step in enumerate([3, 1, 3, 2, 1]):
            writer.add_image("picture", np.full((3, 4, 4), number, np.uint8), step)
    with served(tmp_path) as client:
        app, channel = _app(tmp_path, client, "")
        with channel:
            plain = tensorboard_apps.plain(tmp_path)
            query = {"run": "run", "tag": "picture", "sample": 0}
            ours, theirs = (one.json("plugin/images/images", **query) for one in (app, plain))
            assert ours == theirs
            assert [one["step"] for one in ours] == [1, 2, 3]
            for one in ours:
                path = "plugin/images/individualImage?" + one["query"]
                assert app.answer(path) == plain.answer(path)
