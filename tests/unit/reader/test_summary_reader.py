"""SummaryReader beside tbparse's own, on the same files."""

import numpy as np
import pandas as pd
import pytest
import tbparse
import tensorboardX
import tickertape
import torch
from support import oracle
from tensorboard.util import tensor_util
from tickertape import reader

WRITERS = {
    "torch": oracle.torch_tensorboard.SummaryWriter,
    "tensorboardX": tensorboardX.SummaryWriter,
    "ours": tickertape.SummaryWriter,
}
TYPES = ("scalars", "tensors", "histograms", "hparams", "text")  # of the others tbparse asks TensorFlow
EXTRA = {
    "none": None,
    "names": {"dir_name", "file_name"},
    "all": {"dir_name", "file_name", "wall_time", "min", "max", "num", "sum", "sum_squares"},
}


@pytest.fixture(autouse=True)
def _make_ndarray(monkeypatch):
    """tbparse's copy of make_ndarray() does not work with this version of TensorBoard."""
    monkeypatch.setattr(tbparse.summary_reader, "make_ndarray", tensor_util.make_ndarray)


@pytest.fixture(params=WRITERS)
def logged(tmp_path, request):
    """Two runs, one of which logs a step twice."""
    generator = np.random.default_rng(2)
    for run in ("a", "b/c"):
        with WRITERS[request.param](str(tmp_path / run)) as writer:
            for step in (0, 1, 2, 2, 5):
                writer.add_scalar("loss", step + len(run), step, 100.0 + step)
                writer.add_histogram("h", generator.normal(size=30), step)
                writer.add_text("t", f"{run} {step}", step)
            writer.add_scalar("acc", 0.5, 1)
            if request.param != "tensorboardX":
                writer.add_tensor("x", torch.tensor([1.0, 2.0]), 1)
                writer.add_tensor("one", torch.tensor(3), 1)
                writer.add_scalar("new", 0.25, 3, new_style=True)
            hparams = {"lr": 0.5, "name": "adam", "bias": True}
            if request.param == "tensorboardX":
                writer.add_hparams(hparams, {"m": 1.0}, name="hp")
            else:
                writer.add_hparams(hparams, {"m": 1.0}, run_name="hp")
    return tmp_path


def plain(cell):
    """A cell as something that can be compared."""
    if isinstance(cell, list):
        return [plain(one) for one in cell]
    return cell.tolist() if isinstance(cell, np.ndarray) else cell


def cells(frame):
    """A frame as comparable lists, column by column."""
    return {name: [repr(plain(cell)) for cell in frame[name].tolist()] for name in frame.columns}


def assert_same(path, **arguments):
    """Both have the same frames."""
    mine, theirs = reader.SummaryReader(path, **arguments), tbparse.SummaryReader(str(path), **arguments)
    for event_type in TYPES:
        found, expected = mine.get_events(event_type), theirs.get_events(event_type)
        tags, their_tags = mine.get_tags(event_type), theirs.get_tags(event_type)
        columns, their_columns = list(found.columns), list(expected.columns)
        if event_type == "hparams":  # of a protobuf map, whose order is chance
            tags, their_tags = sorted(tags), sorted(their_tags)
            columns, their_columns = sorted(columns), sorted(their_columns)
        assert tags == their_tags, event_type
        assert columns == their_columns, event_type
        assert cells(found) == cells(expected), event_type
        assert isinstance(getattr(mine, event_type), pd.DataFrame)
    return mine, theirs


@pytest.mark.filterwarnings("ignore")  # tbparse meets deprecations of pandas
@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("pivot", [False, True])
def test_frames_are_tbparses(logged, pivot, extra):
    assert_same(logged, pivot=pivot, extra_columns=EXTRA[extra])


@pytest.mark.filterwarnings("ignore")
def test_a_file_and_the_children_of_a_directory(logged):
    (path,) = oracle.event_files(logged / "a")
    assert_same(path, extra_columns={"dir_name", "file_name", "wall_time"})
    mine, theirs = assert_same(logged)
    assert list(mine.children) == list(theirs.children) == ["a", "b"]
    assert repr(mine["a"]) == f"SummaryReader(log_path='{logged / 'a'}')"
    assert mine["b"]["c"].scalars.equals(theirs["b"]["c"].scalars)


def test_images_and_audio_need_no_tensorflow(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    sound = np.linspace(-1, 1, 50)
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_image("i", pixels, 1)
        writer.add_audio("s", sound, 2, sample_rate=8000)
    found = reader.SummaryReader(tmp_path, extra_columns={"width", "height", "sample_rate", "length_frames"})
    (image,) = found.images.to_dict("records")
    assert (image["step"], image["tag"], image["width"], image["height"]) == (1, "i", 5, 4)
    assert image["value"].tolist() == pixels.transpose(1, 2, 0).tolist()
    (audio,) = found.audio.to_dict("records")
    assert (audio["sample_rate"], audio["length_frames"]) == (8000, 50)
    np.testing.assert_allclose(audio["value"].ravel(), sound, atol=1e-4)


def test_only_some_event_types(logged):
    found = reader.SummaryReader(logged, event_types={"text"})
    assert len(found.text) == 10
    with pytest.raises(ValueError, match=r"event_type: expected one of .*, got 'scalars'"):
        _ = found.scalars
    assert found.get_tags("scalars") == []


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="log_path: expected a file or directory"):
        reader.SummaryReader(tmp_path / "nothing")
    with pytest.raises(KeyError, match="extra_columns: expected some of"):
        reader.SummaryReader(tmp_path, extra_columns={"color"})
    with pytest.raises(KeyError, match=r"event_types: expected some of"):
        reader.SummaryReader(tmp_path, event_types={"videos"})
    with pytest.raises(ValueError, match="extra_columns: expected a set, got list"):
        reader.SummaryReader(tmp_path, extra_columns=["min"])
    with pytest.raises(ValueError, match=r"event_type: expected one of .*, got 'videos'"):
        reader.SummaryReader(tmp_path).get_events("videos")
    assert reader.SummaryReader(tmp_path).scalars.empty
