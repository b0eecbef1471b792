"""JPEG and WebP: what torch's writer would show, encoded by Pillow."""

import io
import sys

import numpy as np
import PIL.Image
import pytest
import tickertape
import torch
from support import oracle

ROWS, COLUMNS = np.mgrid[0:48, 0:64]
SMOOTH = np.stack([ROWS * 5, COLUMNS * 3, ROWS + COLUMNS]).astype(np.uint8)  # CHW
ALPHA = np.concatenate([SMOOTH, SMOOTH[:1]])

CASES = {
    "RGB": ((SMOOTH,), {}),
    "grey": ((SMOOTH[:1],), {}),
    "HWC": ((SMOOTH.transpose(1, 2, 0),), {"dataformats": "HWC"}),
    "floats": ((SMOOTH / np.float32(255),), {}),
    "tensor": ((torch.from_numpy(SMOOTH),), {}),
    "batch": ((np.stack([SMOOTH, SMOOTH, 255 - SMOOTH]),), {"dataformats": "NCHW"}),
}


def saved(picture, encoding, quality):
    """Pillow's bytes; quality None: its default."""
    options = {} if quality is None else {"quality": quality}
    file = io.BytesIO()
    picture.save(file, encoding, **options)
    return file.getvalue()


@pytest.mark.parametrize("quality", [None, 1, 60, 100])
@pytest.mark.parametrize("encoding", ["jpeg", "webp"])
@pytest.mark.parametrize("name", CASES)
def test_the_picture_of_torch_as_pillow_saves_it(tmp_path, name, encoding, quality):
    arguments, options = CASES[name]
    theirs, _ = oracle.both(tmp_path / "png", lambda w: w.add_image("tag", *arguments, 3, 1.5, **options))
    shown = oracle.pixels(oracle.only_value(theirs).image.encoded_image_string)

    with tickertape.SummaryWriter(tmp_path / "ours") as writer:
        writer.add_image("tag", *arguments, 3, 1.5, **options, encoding=encoding, quality=quality)
    events = oracle.logged(tmp_path / "ours")
    image = oracle.only_value(events).image
    assert image.encoded_image_string == saved(PIL.Image.fromarray(shown), encoding, quality)
    assert (image.height, image.width, image.colorspace) == shown.shape
    assert events[-1].step == 3
    assert events[-1].wall_time == 1.5


def test_webp_keeps_transparency(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_image("tag", ALPHA, encoding="webp", quality=100)
    image = oracle.only_value(oracle.logged(tmp_path)).image
    picture = PIL.Image.open(io.BytesIO(image.encoded_image_string))
    assert (picture.format, picture.mode, image.colorspace) == ("WEBP", "RGBA", 4)
    np.testing.assert_array_equal(np.asarray(picture)[..., 3], ALPHA[3])  # WebP stores alpha exactly


def test_a_batch(tmp_path):
    batch = np.stack([SMOOTH] * 10)
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_images("tag", batch, encoding="jpeg", max_outputs=9)
    image = oracle.only_value(oracle.logged(tmp_path)).image
    assert PIL.Image.open(io.BytesIO(image.encoded_image_string)).size == (64 * 8, 48 * 2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"encoding": "gif"}, "encoding: expected 'png' or 'jpeg' or 'webp', got 'gif'"),
        ({"encoding": None}, "encoding: expected"),
        ({"quality": 90}, "quality: expected None with encoding='png', got 90"),
        ({"encoding": "jpeg", "quality": 0}, "quality: expected at least 1"),
        ({"encoding": "jpeg", "quality": 101}, "quality: expected at most 100"),
        ({"encoding": "jpeg", "quality": 0.9}, "quality: expected an integer, got float"),
        (
            {"encoding": "jpeg", "img_tensor": ALPHA},
            "img_tensor: expected 1 or 3 channels with encoding='jpeg', got 4",
        ),
        (
            {"encoding": "webp", "img_tensor": np.zeros((1, 2, 16_384), np.uint8)},
            "img_tensor: expected at most 16383 pixels a side with encoding='webp', got 16384 x 2",
        ),
        ({"encoding": "jpeg", "img_tensor": np.zeros((5, 2, 2), np.uint8)}, "img_tensor: expected"),
        ({"encoding": "jpeg", "copy": np.zeros(2)}, "copy: expected"),
        ({"encoding": "jpeg", "tag": 1}, "tag: expected"),
    ],
)
def test_refused(tmp_path, arguments, told):
    with tickertape.SummaryWriter(tmp_path) as writer, pytest.raises((TypeError, ValueError), match=told):
        writer.add_image(**{"tag": "tag", "img_tensor": SMOOTH, **arguments})
    assert not oracle.logged(tmp_path)


def test_without_pillow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with (
        tickertape.SummaryWriter(tmp_path) as writer,
        pytest.raises(ImportError, match="encoding='webp' needs Pillow: pip install pillow"),
    ):
        writer.add_image("tag", SMOOTH, encoding="webp")


def test_a_pillow_without_the_format(tmp_path, monkeypatch):
    PIL.Image.init()
    monkeypatch.delitem(PIL.Image.SAVE, "WEBP")
    with (
        tickertape.SummaryWriter(tmp_path) as writer,
        pytest.raises(ImportError, match="encoding='webp' needs a Pillow that was built with it"),
    ):
        writer.add_image("tag", SMOOTH, encoding="webp")
