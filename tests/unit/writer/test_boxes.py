"""add_image_with_boxes against torch's writer, pixel for pixel."""

import sys

import numpy as np
import pytest
import torch
from support import oracle

RNG = np.random.default_rng(16)
IMAGE = RNG.integers(0, 256, (3, 60, 80)).astype(np.uint8)
BOXES = np.array([[5, 5, 40, 30], [10.5, 20.25, 70, 55]])

CASES = {
    "boxes": ((IMAGE, BOXES), {}),
    "labels": ((IMAGE, BOXES), {"labels": ["cat", "a dog"]}),
    "empty label": ((IMAGE, BOXES), {"labels": ["", "dog"]}),
    "one label as text": ((IMAGE, BOXES[:1]), {"labels": "cat"}),
    "no boxes": ((IMAGE, np.zeros((0, 4))), {}),
    "tensors": ((torch.from_numpy(IMAGE), torch.from_numpy(BOXES).float()), {}),
    "integer boxes": ((IMAGE, BOXES.astype(int)), {}),
    "floats": ((IMAGE / 255.0, BOXES), {}),
    "beyond the picture": ((IMAGE, np.array([[-10, -10, 200, 200]])), {"labels": ["out"]}),
    "HWC": ((IMAGE.transpose(1, 2, 0), BOXES), {"dataformats": "HWC"}),
    "gray": ((IMAGE[0], BOXES), {"dataformats": "HW"}),
    "one channel": ((IMAGE[:1], BOXES), {}),
    "alpha": ((RNG.integers(0, 256, (4, 60, 80)).astype(np.uint8), BOXES), {"labels": ["a", "b"]}),
    "batch": ((np.stack([IMAGE, IMAGE]), BOXES), {"dataformats": "NCHW"}),
}


def picture(events):
    """The pixels of the one event, whose other fields must fit them; the PNG is taken out of it."""
    image = oracle.only_value(events).image
    pixels = oracle.pixels(image.encoded_image_string)
    image.ClearField("encoded_image_string")
    return pixels


@pytest.mark.parametrize("name", CASES)
def test_as_torch(tmp_path, name):
    arguments, options = CASES[name]
    theirs, ours = oracle.both(
        tmp_path,
        lambda writer: writer.add_image_with_boxes("tag", *arguments, 3, oracle.WALLTIME, **options),
    )
    np.testing.assert_array_equal(picture(ours), picture(theirs))
    assert ours == theirs


@pytest.mark.parametrize("factor", [0.5, 2, 1.3])
def test_rescale_as_torch_but_for_the_size(tmp_path, factor):
    """torch's event keeps the size of before."""
    theirs, ours = oracle.both(
        tmp_path,
        lambda writer: writer.add_image_with_boxes("tag", IMAGE, BOXES, rescale=factor, labels=["a", "b"]),
    )
    pixels = picture(ours)
    np.testing.assert_array_equal(pixels, picture(theirs))
    image = oracle.only_value(ours).image
    assert (image.height, image.width) == pixels.shape[:2] == (int(60 * factor), int(80 * factor))


def test_the_callers_image_stays_as_it_is(writer):
    before = IMAGE.copy()
    writer.add_image_with_boxes("tag", IMAGE, BOXES)
    np.testing.assert_array_equal(IMAGE, before)


def test_without_pillow(tmp_path, writer, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match="add_image_with_boxes needs Pillow"):
        writer.add_image_with_boxes("tag", IMAGE, BOXES)
    monkeypatch.undo()
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []
