"""What install() hands to code that was written for tensorboardX, beside the real tensorboardX on the same calls."""

import json
import logging

import numpy as np
import pytest
import tensorboardX
import torch
from support import oracle
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.mesh import metadata as mesh_metadata
from tensorboard.util import tensor_util
from tickertape.integrations import tensorboardx

logging.getLogger("tensorboardX.summary").setLevel(logging.ERROR)
RNG = np.random.default_rng(13)
VERTICES = RNG.normal(size=(1, 4, 3)).astype(np.float32)
FACES = np.array([[[0, 2, 3], [0, 3, 1]]])
COLORS = RNG.integers(0, 256, (1, 4, 3))


@pytest.fixture
def beside(tmp_path):
    """Makes the same calls on tensorboardX's writer and on ours; returns (theirs, ours), directory to events each."""

    def run(calls, *, clean_tags=False):
        trees = []
        for name, make in (("theirs", tensorboardX.SummaryWriter), ("ours", tensorboardx.SummaryWriter)):
            with make(str(tmp_path / name)) as writer:
                if name == "ours":
                    writer.clean_tags = clean_tags
                calls(writer)
            trees.append(oracle.tree(tmp_path / name))
        return trees

    return run


def shown(directory):
    """Run to tag to [(step, value)], as TensorBoard loads them."""
    multiplexer = EventMultiplexer(tensor_size_guidance={}).AddRunsFromDirectory(str(directory)).Reload()
    return {
        run: {
            tag: [
                (event.step, tensor_util.make_ndarray(event.tensor_proto).tolist())
                for event in multiplexer.Tensors(run, tag)
            ]
            for tag in content["tensors"]
        }
        for run, content in multiplexer.Runs().items()
    }


CURVES = {
    "a tutorial's": ("run_14h", {"tanx": 1.5, "xsinx": -2.0}),
    "slashes": ("loss/epoch", {"train": 1, "val/hard": 2}),
    "a slash at the end": ("loss/", {"train": 1}),
    "no tag": ("", {"train": 0.5}),
    "lists": ("t", {"one": [1.0], "deep": [[2.5]], "array": np.array([3.0]), "tensor": [torch.tensor(4.0)]}),
}


@pytest.mark.parametrize("name", CURVES)
def test_curves_are_where_tensorboardx_has_them(tmp_path, beside, name):
    theirs, ours = beside(lambda writer: writer.add_scalars(*CURVES[name], 3, oracle.WALLTIME))
    assert ours == theirs
    assert shown(tmp_path / "ours") == shown(tmp_path / "theirs")


@pytest.mark.parametrize("main_tag", ["..", "a/../..", "/etc/tag", "a\0b"])
def test_curves_stay_inside(tmp_path, main_tag):
    with (
        tensorboardx.SummaryWriter(str(tmp_path / "run")) as writer,
        pytest.raises(ValueError, match=r"^main_tag: expected a directory inside log_dir"),
    ):
        writer.add_scalars(main_tag, {"a": 1.0}, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_exported_curves_have_the_same_names(tmp_path):
    names = []
    for module in (tensorboardX, tensorboardx):
        directory = tmp_path / module.__name__
        with module.SummaryWriter(str(directory)) as writer:
            writer.add_scalars("run_14h", {"tanx": 1.5, "x/y": 2.0}, 3)
            writer.export_scalars_to_json(str(tmp_path / "out.json"))
        curves = json.loads((tmp_path / "out.json").read_text())
        names.append({name.removeprefix(str(directory)): points[0][1:] for name, points in curves.items()})
    assert names[0] == names[1]


@pytest.mark.parametrize("tag", ["loss/all", "loss all"])
def test_a_restart_reaches_curves_of_earlier_processes(tmp_path, tag):
    for options in ({}, {"purge_step": 2}):
        with tensorboardx.SummaryWriter(str(tmp_path), **options) as writer:
            writer.clean_tags = True
            for step in range(4) if not options else ():
                writer.add_scalars(tag, {"train": step}, step)
    ((steps,),) = (content.values() for content in shown(tmp_path).values() if content)
    assert [step for step, _ in steps] == [0, 1]


SCALARS = {
    "list": [1.0],
    "int": [3],
    "deep": [[-2.5]],
    "bool": [True],
    "array in a list": [np.array([1.5])],
    "tensor in a list": [torch.tensor([1.5])],
    "array": np.array([[1.0]]),
}


@pytest.mark.parametrize("name", SCALARS)
def test_a_list_of_one_is_a_scalar(tmp_path, beside, name):
    def calls(writer):
        writer.add_scalar("t", SCALARS[name], 1, oracle.WALLTIME)

    theirs, ours = beside(calls)
    assert ours == theirs
    assert shown(tmp_path / "ours") == shown(tmp_path / "theirs")


@pytest.mark.parametrize("value", [[], [1.0, 2.0], [[1.0, 2.0]], [None], (1.0,), None])
def test_other_lists_are_refused_by_both(tmp_path, value):
    for module in (tensorboardX, tensorboardx):
        with (
            module.SummaryWriter(str(tmp_path / module.__name__)) as writer,
            pytest.raises((TypeError, ValueError, NotImplementedError, AssertionError)),
        ):
            writer.add_scalar("t", value, 0)


def test_a_list_as_a_metric(tmp_path):
    for module in (tensorboardX, tensorboardx):
        with module.SummaryWriter(str(tmp_path / module.__name__)) as writer:
            writer.add_hparams({"lr": 0.1}, {"loss": [0.5]}, name="trial")
        assert oracle.rows(tmp_path / module.__name__, "loss") == [("trial", "loss", 0, 0.5)]


@pytest.mark.parametrize("content", [(VERTICES,), (VERTICES, COLORS), (VERTICES, COLORS, FACES)])
def test_meshes_have_tensorboardx_tags(tmp_path, beside, content):
    theirs, ours = beside(
        lambda writer: writer.add_mesh("a/b", *content, global_step=5, walltime=oracle.WALLTIME)
    )
    about = [
        {
            value.tag: mesh_metadata.parse_plugin_metadata(value.metadata.plugin_data.content)
            for event in tree["."]
            for value in event.summary.value
        }
        for tree in (theirs, ours)
    ]
    assert list(about[0]) == list(about[1])
    assert about[1].keys() <= {"a/b_1", "a/b_2", "a/b_3"}
    for tag, data in about[0].items():
        assert (data.name, data.content_type, data.shape) == (
            about[1][tag].name,
            about[1][tag].content_type,
            about[1][tag].shape,
        )
    assert shown(tmp_path / "ours") == shown(tmp_path / "theirs")


@pytest.mark.parametrize("count", [1, 3, 8, 9, 17])
@pytest.mark.parametrize("dataformats", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_batches_with_transparency(beside, count, dataformats, dtype):
    images = RNG.uniform(0, 255 if dtype is np.uint8 else 1, (count, 4, 5, 7)).astype(dtype)
    if dataformats == "NHWC":
        images = images.transpose(0, 2, 3, 1)
    theirs, ours = beside(
        lambda writer: writer.add_images("t", images, 1, oracle.WALLTIME, dataformats=dataformats)
    )
    theirs, ours = (oracle.only_value(tree["."]).image for tree in (theirs, ours))
    np.testing.assert_array_equal(
        oracle.pixels(ours.encoded_image_string), oracle.pixels(theirs.encoded_image_string)
    )
    assert (ours.height, ours.width, ours.colorspace) == (theirs.height, theirs.width, theirs.colorspace)


def test_a_list_of_images_with_transparency(beside):
    images = [RNG.integers(0, 256, (4, 5, 7)).astype(np.uint8) for _ in range(3)]
    theirs, ours = beside(
        lambda writer: writer.add_images("t", list(map(torch.from_numpy, images)), dataformats="CHW")
    )
    theirs, ours = (oracle.only_value(tree["."]).image for tree in (theirs, ours))
    np.testing.assert_array_equal(
        oracle.pixels(ours.encoded_image_string), oracle.pixels(theirs.encoded_image_string)
    )


TAGS = ["plain", "with space", "a/b-c.d_e", "//lead", "loss (train)", "größe", "a\\b", "100%", "x#?&"]


def everything(writer, tag):
    """Each method that has a tag and writes a scalar, a histogram, a picture or a text."""
    picture = np.zeros((3, 4, 4), np.uint8)
    writer.add_scalar(tag, 1.0, 1)
    writer.add_histogram(tag, np.arange(3.0), 2)
    writer.add_image(tag, picture, 3)
    writer.add_images(tag, picture[None], 4)
    writer.add_image_with_boxes(tag, picture, np.zeros((1, 4)), 5)
    writer.add_histogram_raw(tag, 0.0, 1.0, 1, 1.0, 1.0, [1.0], [1], 6)
    writer.add_text(tag, "text", 7)
    writer.add_pr_curve(tag, np.array([0, 1]), np.array([0.1, 0.9]), 8)
    writer.add_mesh(tag, VERTICES, global_step=9)


@pytest.mark.filterwarnings("ignore:tag. expected no quote")
@pytest.mark.filterwarnings("ignore:tag. expected data of one kind")  # each method in turn
@pytest.mark.parametrize("tag", TAGS)
def test_tags_are_cleaned_if_asked(beside, tag):
    theirs, ours = beside(lambda writer: everything(writer, tag), clean_tags=True)
    names = [[(e.step, v.tag) for e in tree["."] for v in e.summary.value] for tree in (theirs, ours)]
    assert names[0] == names[1]


@pytest.mark.filterwarnings("ignore:tag. expected no quote")
@pytest.mark.filterwarnings("ignore:tag. expected data of one kind")  # each method in turn
@pytest.mark.parametrize("tag", TAGS)
def test_tags_stay_if_not_asked(beside, tag):
    _, ours = beside(lambda writer: everything(writer, tag))
    found = {value.tag for event in ours["."] for value in event.summary.value}
    assert found == {tag, tag + "/text_summary", tag + "_1"}


def test_the_module_says_what_the_code_was_written_for(run_script):
    run_script(
        """
import pathlib, tickertape
tickertape.install()
import torch.utils.tensorboard, tensorboardX
for module in (torch.utils.tensorboard, tensorboardX):
    with module.SummaryWriter(module.__name__) as writer:
        writer.add_scalars("run 14h", {"tanx": 1.0}, 0)
tickertape.install(clean_tags=True)
with tensorboardX.SummaryWriter("clean") as writer:
    writer.add_scalars("run 14h", {"tanx": 1.0}, 0)
with torch.utils.tensorboard.SummaryWriter("torch2") as writer:
    writer.add_scalar("a b", 1.0, 0)
assert pathlib.Path("torch.utils.tensorboard/run 14h_tanx").is_dir()
for name, tag in (("tensorboardX/run 14h/tanx", "run 14h"), ("clean/run 14h/tanx", "run_14h"), ("torch2", "a b")):
    assert list(tickertape.read_scalars(name)) == [tag], name
"""
    )
