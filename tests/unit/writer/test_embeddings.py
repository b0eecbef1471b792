"""add_embedding: the same files as torch's, parsed by others."""

import numpy as np
import PIL.Image
import pytest
import tensorboardX
import torch
from google.protobuf import text_format
from support import oracle
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tickertape.writer import SummaryWriter

RNG = np.random.default_rng(9)


def config(directory):
    return text_format.Parse((directory / "projector_config.pbtxt").read_text(), ProjectorConfig())


def files(directory):
    """Relative path to content of all but the event files and pictures."""
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.suffix == ".tsv"
    }


CASES = {
    "plain": {"mat": RNG.normal(size=(5, 3))},
    "float32": {"mat": RNG.normal(size=(5, 3)).astype(np.float32)},
    "tensor": {"mat": torch.arange(6.0).reshape(3, 2)},
    "ints": {"mat": torch.arange(6).reshape(3, 2)},
    "labels": {"mat": np.eye(3), "metadata": ["a", "b c", "ü"]},
    "int labels": {"mat": np.eye(3), "metadata": [1, 2, 3]},
    "columns": {
        "mat": np.eye(2),
        "metadata": [["a", 1], ["b", 2]],
        "metadata_header": ["name", "number"],
    },
    "step": {"mat": np.eye(2), "global_step": 1234567},
    "tag": {"mat": np.eye(2), "tag": "a/b%c\\d", "global_step": 3},
    "pictures": {"mat": np.eye(5), "label_img": torch.rand(5, 3, 4, 4), "metadata": list("abcde")},
}


@pytest.mark.parametrize("name", CASES)
def test_files_as_torch(tmp_path, name):
    oracle.both(tmp_path, lambda writer: writer.add_embedding(**CASES[name]))
    assert files(tmp_path / "ours") == files(tmp_path / "torch")
    assert config(tmp_path / "ours") == config(tmp_path / "torch")


@pytest.mark.parametrize("name", CASES)
def test_files_as_tensorboardx(tmp_path, name):
    with (
        tensorboardX.SummaryWriter(str(tmp_path / "x")) as theirs,
        SummaryWriter(tmp_path / "ours") as ours,
    ):
        theirs.add_embedding(**CASES[name])
        ours.add_embedding(**CASES[name])
    assert files(tmp_path / "ours") == files(tmp_path / "x")
    # tensorboardX writes no escapes
    (tmp_path / "x/projector_config.pbtxt").write_text(
        (tmp_path / "x/projector_config.pbtxt").read_text().replace("\\", "\\\\")
    )
    assert config(tmp_path / "ours") == config(tmp_path / "x")


@pytest.mark.filterwarnings("ignore:mat. expected at least 2 rows")
@pytest.mark.parametrize("count", [1, 2, 4, 5, 10])
@pytest.mark.parametrize("channels", [1, 3])
def test_sprite_as_torch(tmp_path, count, channels):
    """torch multiplies in float64 and truncates, which darkens some pixels by one."""
    images = torch.rand(count, channels, 6, 6)
    oracle.both(tmp_path, lambda writer: writer.add_embedding(np.eye(count), label_img=images))
    theirs, ours = (
        np.asarray(PIL.Image.open(tmp_path / name / "00000/default/sprite.png")).astype(int)
        for name in ("torch", "ours")
    )
    assert ours.shape[:2] == theirs.shape[:2]
    assert np.abs(ours - theirs).max() <= 1


def test_uint8_sprite_stays_as_it_is(tmp_path, writer):
    images = RNG.integers(0, 256, (3, 3, 4, 8)).astype(np.uint8)
    writer.add_embedding(np.eye(3), label_img=images)
    sprite = np.asarray(PIL.Image.open(tmp_path / "ours/00000/default/sprite.png"))
    assert sprite.shape == (8, 16, 3)
    np.testing.assert_array_equal(sprite[:4, 8:], images[1].transpose(1, 2, 0))
    assert not sprite[4:, 8:].any()
    assert list(config(tmp_path / "ours").embeddings[0].sprite.single_image_dim) == [8, 4]


def sprite_of(directory):
    return np.asarray(PIL.Image.open(directory / "ours/00000/default/sprite.png"))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_sprite_beyond_the_limit_is_scaled_down(tmp_path, writer, dtype):
    """70 images of 1024 pixels a side are 9,216 pixels a side; the projector refuses more than 8,192."""
    images = np.zeros((70, 1, 1024, 16), dtype)
    images[:, :, 512:] = 255 if dtype is np.uint8 else 1
    with pytest.warns(UserWarning, match=r"^label_img: .* at most 8192 pixels.* scaled down to 910 x 14"):
        writer.add_embedding(np.eye(70), label_img=images)
    sprite = sprite_of(tmp_path)
    assert sprite.shape[:2] == (9 * 910, 9 * 14)
    assert list(config(tmp_path / "ours").embeddings[0].sprite.single_image_dim) == [14, 910]
    thumbnail = sprite[910 * 3 : 910 * 4, 14 * 2 : 14 * 3, 0]
    assert not thumbnail[:454].any()
    assert (thumbnail[456:] == 255).all()


@pytest.mark.filterwarnings("ignore:mat. expected at least 2 rows")
def test_scaling_down_is_the_mean_of_what_is_replaced(tmp_path, writer):
    image = RNG.integers(0, 256, (1, 3, 20, 16384)).astype(np.uint8)
    with pytest.warns(UserWarning, match="scaled down to 10 x 8192"):
        writer.add_embedding(np.eye(1), label_img=image)
    expected = np.rint(image[0].reshape(3, 10, 2, 8192, 2).mean(axis=(2, 4)))
    np.testing.assert_array_equal(sprite_of(tmp_path), expected.transpose(1, 2, 0))


def test_thumbnails_of_fewer_than_4_pixels_are_refused(tmp_path, writer):
    images = np.broadcast_to(np.uint8(7), (2800 * 2800, 1, 4, 4))
    with pytest.raises(
        ValueError, match=r"^label_img: expected .*8192 pixels.* at least 4 pixels.*; pass fewer"
    ):
        writer.add_embedding(np.broadcast_to(np.int8(1), (2800 * 2800, 1)), label_img=images)


def lines_of(directory):
    """(header or None, rows) as the projector reads metadata.tsv (parseMetadata of projector_binary.js)."""
    text = (directory / "ours/00000/default/metadata.tsv").read_text(encoding="utf-8")
    # What JavaScript's trim() removes: ECMA-262, WhiteSpace and LineTerminator.
    spaces = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
        map(chr, range(0x2000, 0x200B))
    )
    lines = [line for line in text.split("\n") if line.strip(spaces)]
    header = lines.pop(0).split("\t") if "\t" in lines[0] else None
    return header, [line.split("\t") for line in lines]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\ufeff", "\u3000"])
def test_blank_labels_keep_their_rows(tmp_path, writer, blank):
    """The projector passes over blank lines: every later label moved to the point before."""
    writer.add_embedding(np.eye(4), metadata=["a", blank, "c", blank])
    header, rows = lines_of(tmp_path)
    assert header is None
    assert [label for (label,) in rows] == ["a", "\u200b", "c", "\u200b"]


def test_blank_rows_of_a_table_keep_their_place(tmp_path, writer):
    table = [["a", 1], ["", ""], ["", 3]]
    writer.add_embedding(np.eye(3), metadata=table, metadata_header=["name", "number"])
    assert lines_of(tmp_path) == (["name", "number"], [["a", "1"], ["\u200b", ""], ["", "3"]])


@pytest.mark.parametrize("rows", [["a", "b"], [["a"], ["b"]], [("a",), ("b",)]])
def test_a_header_of_one_column_is_no_label(tmp_path, writer, rows):
    """The projector takes each line without a tab for a label: the header gave every label to the point before."""
    with pytest.warns(UserWarning, match=r"^metadata_header: expected at least 2 names, got 1"):
        writer.add_embedding(np.eye(2), metadata=rows, metadata_header=["name"])
    assert lines_of(tmp_path) == (None, [["a"], ["b"]])


def test_points_that_the_projector_leaves_out_are_said(writer):
    with pytest.warns(UserWarning, match=r"^mat: expected at most 100000 points, got 100001"):
        writer.add_embedding(np.broadcast_to(np.int8(1), (100_001, 2)))


def test_config_keeps_all_entries(tmp_path):
    for run in range(2):
        with SummaryWriter(tmp_path) as writer:
            for step in range(2):
                writer.add_embedding(np.eye(2), global_step=step, tag=f'run "{run}"')
    names = [embedding.tensor_name for embedding in config(tmp_path).embeddings]
    assert names == [f'run "{run}":0000{step}' for run in range(2) for step in range(2)]


def test_same_step_again_warns_and_is_written_over(tmp_path, writer):
    writer.add_embedding(np.eye(2))
    with pytest.warns(UserWarning, match="global_step"):
        writer.add_embedding(2 * np.eye(2))
    assert len(config(tmp_path / "ours").embeddings) == 1
    assert (tmp_path / "ours/00000/default/tensors.tsv").read_text() == "2.0\t0.0\n0.0\t2.0\n"


BAD = {
    "1-d": ({"mat": np.zeros(3)}, ValueError, "mat"),
    "empty": ({"mat": np.zeros((0, 3))}, ValueError, "mat"),
    "text": ({"mat": "x"}, TypeError, "mat"),
    "few labels": ({"mat": np.eye(3), "metadata": ["a"]}, ValueError, "metadata"),
    "labels in text": ({"mat": np.eye(3), "metadata": "abc"}, TypeError, "metadata"),
    "tab in label": ({"mat": np.eye(1), "metadata": ["a\tb"]}, ValueError, "metadata"),
    "columns differ": (
        {"mat": np.eye(2), "metadata": [["a"], ["b", "c"]], "metadata_header": ["n"]},
        ValueError,
        "metadata",
    ),
    "few pictures": ({"mat": np.eye(3), "label_img": np.zeros((2, 3, 4, 4))}, ValueError, "label_img"),
    "two channels": ({"mat": np.eye(3), "label_img": np.zeros((3, 2, 4, 4))}, ValueError, "label_img"),
    "step": ({"mat": np.eye(3), "global_step": "x"}, ValueError, "global_step"),
    "tag": ({"mat": np.eye(3), "tag": 5}, TypeError, "tag"),
    "tag ..": ({"mat": np.eye(3), "tag": ".."}, ValueError, "tag"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_write_nothing(tmp_path, writer, name):
    arguments, error, match = BAD[name]
    with pytest.raises(error, match=match):
        writer.add_embedding(**arguments)
    assert [path.name for path in (tmp_path / "ours").iterdir()] == [
        oracle.event_files(tmp_path / "ours")[0].name
    ]
