"""make_grid against torchvision's documented steps carried out by torch, and against tensorboardX's grid."""

import math

import numpy as np
import pytest
import tensorboardX.utils
import tickertape
import torch
from support import oracle

RNG = np.random.default_rng(7)


def documented(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0):
    """What torchvision's documentation says, in torch's words: it cannot be installed beside every torch."""
    if isinstance(tensor, list):
        tensor = torch.stack(tensor)
    if tensor.dim() == 2:
        tensor = tensor[None]
    if tensor.dim() == 3:
        tensor = tensor[None]
    if tensor.size(1) == 1:
        tensor = torch.cat([tensor] * 3, dim=1)
    if normalize:
        tensor = tensor.clone()
        for part in tensor if scale_each else [tensor]:
            low, high = value_range or (float(part.min()), float(part.max()))
            part.clamp_(min=low, max=high).sub_(low).div_(max(high - low, 1e-5))
    if tensor.size(0) == 1:
        return tensor[0]
    columns = min(nrow, tensor.size(0))
    rows = math.ceil(tensor.size(0) / columns)
    height, width = tensor.size(2) + padding, tensor.size(3) + padding
    grid = tensor.new_full((tensor.size(1), height * rows + padding, width * columns + padding), pad_value)
    for k, image in enumerate(tensor):
        y, x = divmod(k, columns)
        top, left = y * height + padding, x * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = image
    return grid


OPTIONS = [
    {},
    {"nrow": 1},
    {"nrow": 3, "padding": 0},
    {"padding": 5, "pad_value": 0.5},
    {"normalize": True},
    {"normalize": True, "scale_each": True, "nrow": 2},
    {"normalize": True, "value_range": (-0.5, 0.5)},
    {"normalize": True, "value_range": (-1, 2), "scale_each": True, "pad_value": 1},
    {"scale_each": True, "value_range": (0, 1)},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "shape", [(5, 3, 4, 6), (9, 1, 3, 3), (1, 3, 4, 4), (3, 4, 5), (1, 4, 5), (4, 5), (2, 2, 3, 4)]
)
def test_as_documented(shape, options):
    images = torch.randn(shape)
    before = images.clone()
    ours = tickertape.make_grid(images, **options)
    assert isinstance(ours, torch.Tensor)
    assert ours.dtype == torch.float32
    np.testing.assert_array_equal(tickertape.make_grid(images.numpy(), **options), ours.numpy())
    np.testing.assert_array_equal(ours, documented(images, **options).numpy())
    assert torch.equal(images, before)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float64, torch.float16, torch.bool])
def test_type_is_kept(dtype):
    images = (torch.rand(3, 3, 4, 4) * 255).to(dtype)
    ours = tickertape.make_grid(images, pad_value=1)
    np.testing.assert_array_equal(ours.numpy(), documented(images, pad_value=1).numpy(), strict=True)


def test_normalised_integers_are_floats():
    images = RNG.integers(0, 256, (3, 3, 4, 4)).astype(np.uint8)
    ours = tickertape.make_grid(images, normalize=True)
    np.testing.assert_array_equal(
        ours, documented(torch.from_numpy(images).float(), normalize=True).numpy(), strict=True
    )


def test_bfloat16_and_half():
    images = torch.rand(3, 3, 4, 4).bfloat16()
    np.testing.assert_array_equal(
        tickertape.make_grid(images).float(), documented(images.float()).numpy(), strict=False
    )
    images = torch.rand(3, 3, 4, 4).half()
    ours = tickertape.make_grid(images, normalize=True)
    assert ours.dtype == torch.float16
    np.testing.assert_allclose(ours, documented(images, normalize=True).numpy(), atol=1e-3)


def test_lists():
    images = [torch.rand(3, 4, 4) for _ in range(5)]
    expected = documented(images).numpy()
    np.testing.assert_array_equal(tickertape.make_grid(images), expected)
    np.testing.assert_array_equal(tickertape.make_grid([image.numpy() for image in images]), expected)
    np.testing.assert_array_equal(
        tickertape.make_grid(torch.stack(images).tolist()), expected.astype(np.float64)
    )


@pytest.mark.parametrize("count", [1, 3, 8, 9, 20])
def test_without_padding_as_tensorboardx(count):
    images = RNG.random((count, 3, 4, 5))
    np.testing.assert_array_equal(
        tickertape.make_grid(images, padding=0), tensorboardX.utils.make_grid(images, ncols=8)
    )


def test_flat_images_are_not_divided_by_zero():
    np.testing.assert_array_equal(tickertape.make_grid(np.full((2, 3, 2, 2), 7.0), normalize=True), 0)


def test_goes_to_add_image(tmp_path, writer):
    images = RNG.integers(0, 256, (4, 3, 5, 5)).astype(np.uint8)
    writer.add_image("grid", tickertape.make_grid(images, nrow=2, padding=1, pad_value=255))
    writer.close()
    pixels = oracle.pixels(oracle.only_value(oracle.logged(tmp_path / "ours")).image.encoded_image_string)
    assert pixels.shape == (13, 13, 3)
    np.testing.assert_array_equal(pixels[7:12, 1:6], images[2].transpose(1, 2, 0))
    assert (pixels[6] == 255).all()


IMAGES = np.zeros((2, 3, 4, 4))
BAD = [
    ({"tensor": None}, TypeError, "tensor"),
    ({"tensor": "x"}, TypeError, "tensor"),
    ({"tensor": IMAGES[None]}, ValueError, "tensor"),
    ({"tensor": np.zeros(3)}, ValueError, "tensor"),
    ({"tensor": np.zeros((0, 3, 4, 4))}, ValueError, "tensor"),
    ({"tensor": [np.zeros((3, 4, 4)), np.zeros((3, 4, 5))]}, ValueError, "tensor"),
    ({"tensor": torch.empty(2, 3, 4, 4, device="meta")}, TypeError, "tensor"),
    ({"nrow": 0}, ValueError, "nrow"),
    ({"nrow": 2.5}, TypeError, "nrow"),
    ({"padding": -1}, ValueError, "padding"),
    ({"padding": None}, TypeError, "padding"),
    ({"pad_value": "x"}, TypeError, "pad_value"),
    ({"tensor": IMAGES.astype(np.uint8), "pad_value": 256}, ValueError, "pad_value"),
    ({"tensor": IMAGES.astype(np.uint8), "pad_value": float("nan")}, ValueError, "pad_value"),
    ({"normalize": True, "value_range": 5}, TypeError, "value_range"),
    ({"normalize": True, "value_range": (1,)}, TypeError, "value_range"),
    ({"normalize": True, "value_range": ("a", "b")}, TypeError, "value_range"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_arguments(number):
    options, error, name = BAD[number]
    with pytest.raises(error, match=name):
        tickertape.make_grid(**{"tensor": IMAGES, **options})


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "uint8", "int64"])
@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("listed", [False, True])
def test_torch_in_torch_out(dtype, count, listed):
    """Tutorials call `.mean(dim=0)` and `.permute()` on it."""
    images = torch.arange(count * 3 * 4 * 5).reshape(count, 3, 4, 5).remainder(100).to(getattr(torch, dtype))
    given = list(images) if listed else images
    grid = tickertape.make_grid(given)
    assert isinstance(grid, torch.Tensor)
    assert (grid.dtype, grid.device) == (images.dtype, images.device)
    expected = tickertape.make_grid(images.double().numpy())
    np.testing.assert_array_equal(grid.double().numpy(), expected)
    grid += 1  # memory of its own
    assert torch.equal(images[0], torch.arange(60).reshape(3, 4, 5).remainder(100).to(images.dtype))
    if images.dtype.is_floating_point:
        assert tickertape.make_grid(given, normalize=True).dtype == images.dtype
