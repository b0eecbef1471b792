"""add_image, add_images and add_figure against torch's writer: decoded pixels, never bytes."""

import itertools

import matplotlib as mpl
import numpy as np
import PIL.Image
import pytest
import tensorboardX
import tickertape
import torch
from support import oracle

mpl.use("agg")
import matplotlib.pyplot as plt

RNG = np.random.default_rng(6)


def assert_images_equal(ours, theirs):
    """Everything but the PNG's bytes."""
    for events in (ours, theirs):
        for event in events:
            for value in event.summary.value:
                decoded = oracle.pixels(value.image.encoded_image_string)
                assert decoded.shape[:2] == (value.image.height, value.image.width)
    pictures = [
        [oracle.pixels(value.image.encoded_image_string) for event in events for value in event.summary.value]
        for events in (ours, theirs)
    ]
    for mine, other in zip(*pictures, strict=True):
        np.testing.assert_array_equal(mine, other)
    for events in (ours, theirs):
        for event in events:
            for value in event.summary.value:
                value.image.ClearField("encoded_image_string")
    assert ours == theirs


def arrange(nchw, dataformats):
    """An NCHW array with the axes that `dataformats` says; axes that it leaves out are taken at 0."""
    kept = [axis for axis in "NCHW" if axis in dataformats]
    picked = nchw[tuple(slice(None) if axis in dataformats else 0 for axis in "NCHW")]
    return picked.transpose([kept.index(axis) for axis in dataformats])


FORMATS = ["".join(axes) for name in ("NCHW", "CHW", "HW") for axes in itertools.permutations(name)]


@pytest.mark.parametrize("dataformats", [*FORMATS, "chw", "nhwc"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_layout_as_torch(tmp_path, dataformats, channels, dtype):
    image = RNG.uniform(0, 255 if dtype is np.uint8 else 1, (3, channels, 5, 7)).astype(dtype)
    given = arrange(image, dataformats.upper())

    def calls(writer):
        writer.add_image("one", given, 1, oracle.WALLTIME, dataformats)
        writer.add_images("many", given, 2, oracle.WALLTIME, dataformats=dataformats)

    theirs, ours = oracle.both(tmp_path, calls)
    assert_images_equal(ours, theirs)


PIXELS = {
    "bool": np.array([[True, False]]),
    "mask, int8": np.array([[0, 1, 1]], np.int8),
    "mask, int64": np.array([[0, 1, 1]]),
    "mask, uint16": np.array([[0, 1]], np.uint16),
    "black, int32": np.zeros((2, 2), np.int32),
    "float16": np.linspace(0, 1, 1001, dtype=np.float16)[None],
    "float32": np.linspace(-0.1, 1.2, 5001, dtype=np.float32)[None],
    "1.5": np.array([[0, 1.5]]),
    "float64": np.linspace(-0.1, 1.2, 5001)[None],
    "k / 255": (np.arange(256, dtype=np.float32) / 255)[None],
    "beyond": np.array([[1.1, -3.0, -np.inf, -1e30]]),
    "strided": np.linspace(0, 1, 600).reshape(20, 30)[::-2, ::3],
    "half": torch.linspace(0, 1, 100).half()[None],
    "tensor": torch.rand(4, 5, generator=torch.Generator().manual_seed(1)),
    "with gradient": torch.rand(4, 5, requires_grad=True),
    "uint8 tensor": torch.arange(12, dtype=torch.uint8).reshape(3, 4),
}


@pytest.mark.parametrize("name", PIXELS)
def test_scaling_as_torch(tmp_path, name):
    theirs, ours = oracle.both(
        tmp_path, lambda writer: writer.add_image("tag", PIXELS[name], 1, oracle.WALLTIME, dataformats="HW")
    )
    assert_images_equal(ours, theirs)


def shown(event):
    return oracle.pixels(event.summary.value[0].image.encoded_image_string)


def flushed(writer, method, *arguments, **options):
    """The call, and what the codecs say of it."""
    method(*arguments, **options)
    writer.flush()


@pytest.mark.parametrize("most", [2, 100, 255])
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"])
def test_integers_to_255_as_they_are(tmp_path, writer, dtype, most):
    """torch makes all but 0 white."""
    image = RNG.integers(0, min(most, np.iinfo(dtype).max) + 1, (3, 6, 7)).astype(dtype)
    image[0, 0, 0] = 2
    writer.add_image("CHW", image)
    writer.add_image("HWC", image.transpose(1, 2, 0), dataformats="HWC")
    writer.add_image("tensor", torch.from_numpy(image))
    writer.add_images("grid", np.stack([image, np.zeros_like(image)]))
    writer.add_images("list", [image[:1], np.zeros_like(image[:1])])
    writer.close()
    hwc = image.transpose(1, 2, 0)
    one, other, tensor, grid, listed = (shown(event) for event in oracle.logged(tmp_path / "ours"))
    for picture in (one, other, tensor, grid[:, :7]):
        np.testing.assert_array_equal(picture, hwc)
    assert not grid[:, 7:].any()
    np.testing.assert_array_equal(listed[:, :7], np.repeat(hwc[..., :1], 3, axis=2))


def test_sixteen_bits_of_a_camera(tmp_path, writer):
    levels = np.arange(0, 65536, 7, dtype=np.uint16)[None]
    writer.add_image("tag", levels, dataformats="HW")
    writer.close()
    (event,) = oracle.logged(tmp_path / "ours")
    np.testing.assert_array_equal(shown(event)[..., 0], levels // 257)


def test_integers_read_in_place(tmp_path, writer):
    image = np.arange(12).reshape(3, 2, 2) * 20
    image.setflags(write=False)
    writer.add_image("tag", image, copy=False)
    writer.close()
    (event,) = oracle.logged(tmp_path / "ours")
    np.testing.assert_array_equal(shown(event), image.transpose(1, 2, 0))


def test_integers_of_another_range_say_what_to_do(writer):
    for image in (np.array([[-1, 0, 1]]), np.array([[0, 256]]), np.array([[0, 65536]], np.uint32)):
        with pytest.raises(ValueError, match=r"^img_tensor: expected integers from 0 to 255.*; scale them"):
            writer.add_image("tag", image, dataformats="HW")


def test_nan_is_black_and_is_said_once_a_tag(tmp_path, writer):
    for method, options in ((writer.add_image, {"dataformats": "HW"}), (writer.add_images, {})):
        image = np.array([[np.nan, 1.0]])
        given = image if options else image[None, None]
        tag = method.__name__
        with pytest.warns(RuntimeWarning, match=rf"^pixels of '{tag}'.*NaN.*black.*once"):
            flushed(writer, method, tag, given, **options)
        flushed(writer, method, tag, given, **options)
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        assert shown(event).tolist() == [[[0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_to_255_are_said_once_a_tag(tmp_path, writer, dtype):
    image = np.array([[0, 0.5, 200]], dtype)
    for tag in ("a", "b"):
        with pytest.warns(RuntimeWarning, match=rf"^pixels of '{tag}'.*from 0 to 1, got up to 200.*once"):
            flushed(writer, writer.add_image, tag, image, dataformats="HW")
        flushed(writer, writer.add_image, tag, image, dataformats="HW")
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        assert shown(event)[0, :, 0].tolist() == [0, 127, 255]  # as torch


@pytest.mark.filterwarnings("ignore:mat. expected at least 2 rows")
def test_boxes_and_sprites_have_the_same_rule(tmp_path, writer):
    image = np.arange(48).reshape(3, 4, 4) * 5
    writer.add_image_with_boxes("int", image, np.zeros((0, 4)), 1)
    for method, arguments in (
        (writer.add_image_with_boxes, ("float", image / 1.0, np.zeros((0, 4)))),
        (writer.add_image_with_boxes, ("nan", image * np.nan, np.zeros((0, 4)))),
    ):
        with pytest.warns(RuntimeWarning, match=f"pixels of '{arguments[0]}'"):
            method(*arguments)
        method(*arguments)
    writer.add_embedding(np.eye(2), label_img=np.stack([image, image]))
    writer.close()
    np.testing.assert_array_equal(shown(oracle.logged(tmp_path / "ours")[0]), image.transpose(1, 2, 0))
    (sprite,) = (tmp_path / "ours").rglob("sprite.png")
    np.testing.assert_array_equal(oracle.pixels(sprite.read_bytes())[:4, :4], image.transpose(1, 2, 0))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_as_torch(tmp_path, channels):
    image = RNG.integers(0, 256, (channels, 6, 4)).astype(np.uint8)
    theirs, ours = oracle.both(tmp_path, lambda writer: writer.add_image("tag", image, 1, oracle.WALLTIME))
    assert oracle.only_value(ours).image.colorspace == max(channels, 2) + (channels == 1)
    assert_images_equal(ours, theirs)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17])
def test_grid_as_torch(tmp_path, count):
    images = RNG.uniform(size=(count, 3, 4, 6))
    theirs, ours = oracle.both(tmp_path, lambda writer: writer.add_images("tag", images, 1, oracle.WALLTIME))
    assert_images_equal(ours, theirs)


def test_list_of_images_is_a_batch(tmp_path, writer):
    images = [RNG.integers(0, 256, (3, 4, 5)).astype(np.uint8) for _ in range(3)]
    writer.add_images("arrays", images, 1)
    writer.add_images("tensors", [torch.from_numpy(image) for image in images], 1)
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        decoded = oracle.pixels(event.summary.value[0].image.encoded_image_string)
        np.testing.assert_array_equal(decoded, np.concatenate(images, axis=2).transpose(1, 2, 0))


LISTS = {
    "CHW": (3, 4, 5),
    "HWC": (4, 5, 3),
    "WHC": (5, 4, 3),
    "HW": (4, 5),
    "WH": (5, 4),
}


@pytest.mark.parametrize("dataformats", LISTS)
@pytest.mark.parametrize("method", ["add_image", "add_images"])
def test_list_as_tensorboardx(tmp_path, writer, method, dataformats):
    """tensorboardX takes lists in add_images, of CHW and HWC."""
    images = [RNG.integers(0, 256, LISTS[dataformats]).astype(np.uint8) for _ in range(10)]
    getattr(writer, method)("tag", images, dataformats=dataformats)
    writer.close()
    ours = oracle.pixels(oracle.only_value(oracle.logged(tmp_path / "ours")).image.encoded_image_string)
    if "C" in dataformats:
        batch, axes = np.stack(images), "N" + dataformats
    else:
        batch, axes = np.stack(images)[:, None], f"NC{dataformats}"
    theirs = tensorboardX.summary.image("tag", batch, dataformats=axes).value[0].image
    np.testing.assert_array_equal(ours, oracle.pixels(theirs.encoded_image_string))
    if method == "add_images" and "C" in dataformats and dataformats != "WHC":
        with tensorboardX.SummaryWriter(str(tmp_path / "x")) as other:
            other.add_images("tag", [torch.from_numpy(image) for image in images], dataformats=dataformats)
        (event,) = oracle.load(oracle.event_files(tmp_path / "x")[0])[1:]
        np.testing.assert_array_equal(ours, oracle.pixels(event.summary.value[0].image.encoded_image_string))


def test_list_of_pillow_images(tmp_path, writer):
    images = RNG.integers(0, 256, (3, 4, 5, 3)).astype(np.uint8)
    writer.add_images("tag", [PIL.Image.fromarray(image) for image in images], dataformats="HWC")
    writer.close()
    decoded = oracle.pixels(oracle.only_value(oracle.logged(tmp_path / "ours")).image.encoded_image_string)
    np.testing.assert_array_equal(decoded, np.concatenate(images, axis=1))


def test_pillow_image(tmp_path, writer):
    image = RNG.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    writer.add_image("tag", PIL.Image.fromarray(image), dataformats="HWC")
    writer.close()
    decoded = oracle.pixels(oracle.only_value(oracle.logged(tmp_path / "ours")).image.encoded_image_string)
    np.testing.assert_array_equal(decoded, image)


def test_snapshot(tmp_path, writer):
    image = np.zeros((3, 64, 64), np.uint8)
    for step in range(20):
        image[:] = step
        writer.add_image("tag", image, step)
    image[:] = 255
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        assert set(oracle.pixels(event.summary.value[0].image.encoded_image_string).flat) == {event.step}


def make_figure(size=(2, 1.5)):
    figure, axes = plt.subplots(figsize=size, dpi=80)
    axes.plot([1, 3, 2])
    return figure


def test_figure_as_torch(tmp_path):
    def calls(writer):
        writer.add_figure("one", make_figure(), 1, walltime=oracle.WALLTIME)
        writer.add_figure("many", [make_figure() for _ in range(3)], 2, walltime=oracle.WALLTIME)

    theirs, ours = oracle.both(tmp_path, calls)
    assert_images_equal(ours, theirs)
    assert not plt.get_fignums()


def test_figure_is_closed_unless_asked_and_keeps_its_canvas(writer):
    figure = make_figure()
    canvas = figure.canvas
    writer.add_figure("tag", figure, 1, close=False)
    assert plt.fignum_exists(figure.number)
    assert figure.canvas is canvas
    writer.add_figure("tag", figure, 1)
    assert not plt.fignum_exists(figure.number)


def test_figure_without_pyplot(tmp_path, writer):
    figure = mpl.figure.Figure(figsize=(1, 1))
    figure.add_subplot().plot([1, 2])
    writer.add_figure("tag", figure)
    writer.close()
    assert oracle.only_value(oracle.logged(tmp_path / "ours")).image.width == 100


def test_bad_figures(writer):
    for bad in (None, 5, "figure", [], [1], np.zeros((3, 3))):
        with pytest.raises((TypeError, ValueError), match="figure"):
            writer.add_figure("tag", bad)
    with pytest.raises(ValueError, match="figure"):
        writer.add_figure("tag", [make_figure((1, 1)), make_figure((2, 1))], close=False)
    plt.close("all")


@pytest.mark.parametrize("dataformats", ["NCHW", "NHWC", "CHWN"])
@pytest.mark.parametrize("most", [1, 2, 5, 99])
def test_max_outputs(tmp_path, writer, dataformats, most):
    """The first images of the batch, as though the others had not been there."""
    images = RNG.integers(0, 256, (5, 3, 4, 6)).astype(np.uint8)
    axes = ["NCHW".index(axis) for axis in dataformats]
    writer.add_images("some", images.transpose(axes), dataformats=dataformats, max_outputs=most)
    writer.add_images("first", images[:most])
    writer.close()
    some, first = (
        oracle.pixels(event.summary.value[0].image.encoded_image_string)
        for event in oracle.logged(tmp_path / "ours")
    )
    np.testing.assert_array_equal(some, first)
    with pytest.raises(ValueError, match="max_outputs"):
        writer.add_images("none", images, max_outputs=0)
    with pytest.raises(TypeError, match="max_outputs"):
        writer.add_images("none", images, max_outputs=1.5)


def test_an_image_with_its_channels_last_is_told_what_to_pass(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        with pytest.raises(
            ValueError, match=r'in shape \(16, 24, 3\); for this shape pass dataformats="HWC"$'
        ):
            writer.add_image("a", np.zeros((16, 24, 3), np.uint8))
        with pytest.raises(
            ValueError, match=r'in shape \(2, 16, 24, 3\); for this shape pass dataformats="NHWC"$'
        ):
            writer.add_images("a", np.zeros((2, 16, 24, 3), np.uint8))
        with pytest.raises(ValueError, match=r"in shape \(16, 24, 9\)$"):
            writer.add_image("a", np.zeros((16, 24, 9), np.uint8))
