"""The codecs by themselves: PNG, GIF, WAV and pixels against Pillow, wave and torch, on every set of CPU features."""

import io
import wave

import numpy as np
import PIL.Image
import PIL.ImageSequence
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import oracle
from tickertape import _core
from torch.utils.tensorboard._utils import convert_to_HWC

RNG = np.random.default_rng(11)


pytestmark = pytest.mark.usefixtures("every_cpu")


def photograph(height, width, channels):
    """Smooth shades with some noise."""
    y, x = np.mgrid[:height, :width]
    shades = [127 + 90 * np.sin(x / (9 + c)) * np.cos(y / (13 + c)) for c in range(channels)]
    return (np.stack(shades, 2) + RNG.normal(0, 4, (height, width, channels))).clip(0, 255).astype(np.uint8)


PICTURES = {
    "1 pixel": np.array([[[1, 2, 3]]], np.uint8),
    "1 row": RNG.integers(0, 256, (1, 300, 3)).astype(np.uint8),
    "1 column": RNG.integers(0, 256, (300, 1, 3)).astype(np.uint8),
    "noise": RNG.integers(0, 256, (67, 129, 3)).astype(np.uint8),
    "black": np.zeros((200, 300, 3), np.uint8),
    "gradient": np.tile(np.arange(256, dtype=np.uint8), (100, 1))[:, :, None].repeat(3, 2),
    "checkers": ((np.indices((64, 64)).sum(0) % 2) * 255).astype(np.uint8)[:, :, None].repeat(4, 2),
    "grey photograph": photograph(120, 90, 1),
    "grey and alpha": photograph(50, 70, 2),
    "photograph": photograph(240, 320, 3),
    "with alpha": photograph(100, 31, 4),
    "large": photograph(1000, 1400, 3),
    "rows repeat": np.tile(RNG.integers(0, 256, (1, 500, 3)).astype(np.uint8), (300, 1, 1)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_png_pixels(name):
    picture = PICTURES[name]
    decoded = oracle.pixels(_core.encode_png(picture))
    np.testing.assert_array_equal(decoded, picture[:, :, 0] if picture.shape[2] == 1 else picture)


def test_png_is_never_much_larger_than_its_pixels():
    picture = PICTURES["noise"]
    assert len(_core.encode_png(picture)) <= picture.nbytes * 1.002 + 200


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4))))
def test_any_png(picture):
    decoded = oracle.pixels(_core.encode_png(picture))
    np.testing.assert_array_equal(decoded, picture[:, :, 0] if picture.shape[2] == 1 else picture)


@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 30), st.integers(1, 30)),
        elements=st.sampled_from([0, 0, 0, 1, 255]),
    )
)
def test_any_sparse_png(picture):
    np.testing.assert_array_equal(oracle.pixels(_core.encode_png(picture)), picture)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0, 3), (3, 3, 5), (3, 3, 0), (3,), (2, 2, 2, 2)])
def test_png_of_no_picture(shape):
    with pytest.raises(ValueError, match=r"pixels|size"):
        _core.encode_png(np.zeros(shape, np.uint8))


def gif_frames(data):
    with PIL.Image.open(io.BytesIO(data)) as gif:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in PIL.ImageSequence.Iterator(gif)])


@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 40), st.sampled_from([1, 3])),
        elements=st.sampled_from([0, 0, 0, 80, 255]),
    )
)
def test_any_gif_of_few_colours(clip):
    np.testing.assert_array_equal(
        gif_frames(_core.encode_gif(clip, 4)), np.broadcast_to(clip, (*clip.shape[:3], 3))
    )


def test_gif_of_photographs_comes_close():
    clip = np.stack([photograph(90, 131, 3) for _ in range(3)])
    error = gif_frames(_core.encode_gif(clip, 4)).astype(float) - clip
    assert abs(error.mean()) < 1
    assert np.sqrt((error**2).mean()) < 8


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64"])
def test_wav_samples_as_torch(dtype):
    samples = RNG.uniform(-1.2, 1.2, (3001, 2)).astype(dtype)
    with wave.open(io.BytesIO(_core.encode_wav(samples, dtype, 8000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        levels = np.frombuffer(file.readframes(5000), "<i2").reshape(-1, 2)
    wide = samples if dtype == "float64" else samples.astype(np.float32)
    # torch/utils/tensorboard/summary.py, audio
    np.testing.assert_array_equal(levels, (wide.clip(-1, 1) * np.iinfo(np.int16).max).astype("<i2"))


def torch_pixels(image, dataformats):
    """torch/utils/tensorboard/summary.py, image, up to the encoder."""
    hwc = convert_to_HWC(image, dataformats)
    scale = 1 if hwc.dtype == np.uint8 else 255
    return (hwc.astype(np.float32) * scale).clip(0, 255).astype(np.uint8)


@given(
    image=hnp.arrays(
        st.sampled_from([np.uint8, np.float32, np.float64, np.float16, np.bool_]),
        st.tuples(st.integers(1, 10), st.sampled_from([1, 3]), st.integers(1, 9), st.integers(1, 9)),
        elements=None,
    ),
)
def test_any_pixels_as_torch(image):
    if image.dtype.kind == "f":
        image = np.nan_to_num(image, nan=0.5, posinf=1, neginf=0).clip(-2, 2)
    expected = torch_pixels(image, "NCHW")
    np.testing.assert_array_equal(_core.make_pixels(image, image.dtype.name, "NCHW"), expected)
    np.testing.assert_array_equal(
        _core.make_pixels(image.transpose(2, 0, 3, 1), image.dtype.name, "HNWC"), expected
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_rounding_of_every_shade(dtype):
    shades = np.concatenate(
        [np.linspace(0, 1, 70001), np.nextafter(np.arange(256) / 255, [[-9.0], [9.0]]).ravel()]
    )
    shades = shades.astype(dtype)[None]
    np.testing.assert_array_equal(
        _core.make_pixels(shades, shades.dtype.name, "HW"), torch_pixels(shades, "HW")
    )


def test_bfloat16_pixels():
    torch = pytest.importorskip("torch")
    shades = torch.linspace(0, 1, 1000).bfloat16()[None]
    bits = shades.view(torch.int16).numpy().view(np.uint16)
    expected = torch_pixels(shades.float().numpy(), "HW")
    np.testing.assert_array_equal(_core.make_pixels(bits, "bfloat16", "HW"), expected)


def test_pillow_and_we_agree_on_sizes():
    """Not a promise, a guard against a broken compressor: within twice the size of Pillow's fastest."""
    for name in ("photograph", "gradient", "black"):
        buffer = io.BytesIO()
        PIL.Image.fromarray(PICTURES[name]).save(buffer, "PNG", compress_level=1)
        assert len(_core.encode_png(PICTURES[name])) <= 2 * len(buffer.getvalue()) + 500
