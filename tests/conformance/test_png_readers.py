"""What our PNG encoder writes, read by Pillow and by libpng: every small size, photographs, plots, digits."""

import numpy as np
import pytest
from support import cpu_sets, libpng, oracle
from tickertape import _core
from tickertape.bench import pictures

READERS = {"Pillow": oracle.pixels, "libpng": libpng.pixels}
LARGEST = 70
RNG = np.random.default_rng(3)


@pytest.fixture(params=READERS)
def read(request):
    if request.param == "libpng" and libpng.MISSING:
        pytest.skip(libpng.MISSING)
    return READERS[request.param]


def flat(picture):
    """[H, W] for one channel, as readers give it."""
    return picture[:, :, 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture


def small_pictures():
    """One picture of each size and number of channels: noise, shades, dots or tiles in turn."""
    y, x = np.mgrid[:LARGEST, :LARGEST]
    channel = np.arange(4)
    noise = RNG.integers(0, 256, (LARGEST, LARGEST, 4)).astype(np.uint8)
    shades = (3 * x[:, :, None] + 2 * y[:, :, None] + 50 * channel).astype(np.uint8)
    dots = np.where(noise > 250, noise, 255).astype(np.uint8)
    tiles = ((x // 5 + y // 3)[:, :, None] % 2 * (255 - channel)).astype(np.uint8)
    kinds = (noise, shades, dots, tiles, shades + noise // 64)
    for number, (height, width, channels) in enumerate(np.ndindex(LARGEST, LARGEST, 4)):
        yield np.ascontiguousarray(kinds[number % 5][: height + 1, : width + 1, : channels + 1])


def test_every_size(read):
    count = 0
    for picture in small_pictures():
        decoded = read(_core.encode_png(picture))
        assert np.array_equal(decoded, flat(picture)), picture.shape
        count += 1
    assert count == LARGEST * LARGEST * 4


def check_on_every_cpu(picture, read):
    files = {name: _core.encode_png(picture) for name in cpu_sets.each()}
    assert len(set(files.values())) == 1, {name: len(file) for name, file in files.items()}
    np.testing.assert_array_equal(read(files["everything"]), flat(picture))


def test_photographs(read):
    found = pictures.photographs()
    if not found:
        pytest.skip("neither scikit-image nor scikit-learn is installed")
    for photograph in found:
        check_on_every_cpu(photograph, read)


def test_photographs_in_other_channels(read):
    """Gray, gray with alpha, and colour with alpha, made of what is there."""
    found = pictures.photographs()
    if not found:
        pytest.skip("neither scikit-image nor scikit-learn is installed")
    for photograph in found[:3]:
        cube = photograph if photograph.ndim == 3 else photograph[:, :, None].repeat(3, 2)
        for channels in ([1], [0, 2], [2, 1, 0, 1]):
            check_on_every_cpu(np.ascontiguousarray(cube[:, :, channels]), read)


def test_drawings(read):
    for drawing in [*pictures.drawings(), pictures.clouds()]:
        check_on_every_cpu(drawing, read)
