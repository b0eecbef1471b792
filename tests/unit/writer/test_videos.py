"""add_video against torch's own layout: GIFs decoded by Pillow, pixel for pixel where a palette can hold them."""

import io
import itertools

import numpy as np
import PIL.Image
import pytest
import tensorboardX.summary
import tensorboardX.utils
import torch
from support import oracle
from torch.utils.tensorboard._utils import _prepare_video

RNG = np.random.default_rng(13)
# 3 levels a channel: 27 colours, which a palette holds exactly.
LEVELS = np.array([0, 128, 255], np.uint8)


def decode(image):
    """(frames [T, H, W, 3], milliseconds of each frame) of a Summary.Image that holds a GIF."""
    with PIL.Image.open(io.BytesIO(image.encoded_image_string)) as gif:
        assert gif.format == "GIF"
        assert gif.size == (image.width, image.height)
        assert gif.info.get("loop", 0) == 0
        frames, delays = [], []
        for t in range(gif.n_frames):
            gif.seek(t)
            frames.append(np.asarray(gif.convert("RGB")))
            delays.append(gif.info["duration"])
        return np.stack(frames), delays


def logged_video(tmp_path, writer, *arguments, **options):
    writer.add_video("tag", *arguments, **options)
    writer.close()
    return oracle.only_value(oracle.logged(tmp_path / "ours")).image


def few_colours(*shape):
    return RNG.choice(LEVELS, shape)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_grid_as_torch(tmp_path, writer, count, channels):
    clips = few_colours(count, 3, channels, 4, 6)
    image = logged_video(tmp_path, writer, clips)
    theirs = np.rint(_prepare_video(clips) * 255).astype(np.uint8)
    frames, _ = decode(image)
    np.testing.assert_array_equal(frames, np.broadcast_to(theirs, frames.shape))
    assert (image.height, image.width) == theirs.shape[1:3]
    assert image.colorspace == channels


def test_event_as_tensorboardx_without_the_picture(tmp_path, writer, monkeypatch):
    """The frames that tensorboardX hands to moviepy, and the numbers of its Summary.Image."""
    clips = RNG.uniform(size=(2, 3, 1, 4, 6)).astype(np.float32)
    handed_over = []

    def make_video(frames, fps):
        handed_over.append((frames, fps))
        _, height, width, channels = frames.shape
        return tensorboardX.summary.Summary.Image(height=height, width=width, colorspace=channels)

    monkeypatch.setattr(tensorboardX.summary, "make_video", make_video)
    theirs = tensorboardX.summary.video("tag", clips, 4).value[0].image
    image = logged_video(tmp_path, writer, clips)
    assert (image.height, image.width, image.colorspace) == (theirs.height, theirs.width, theirs.colorspace)
    ((frames, _),) = handed_over
    decoded, _ = decode(image)  # gray clips keep their pixels
    np.testing.assert_array_equal(decoded, np.broadcast_to(frames, decoded.shape))


@pytest.mark.parametrize("dataformats", ["NTCHW", "NTHWC", "TNCWH", "whctn"])
def test_dataformats_as_tensorboardx(tmp_path, writer, dataformats):
    clips = few_colours(2, 3, 3, 4, 5)
    given = clips.transpose(["NTCHW".index(axis) for axis in dataformats.upper()])
    frames, _ = decode(logged_video(tmp_path, writer, given, dataformats=dataformats))
    ntchw = tensorboardX.utils.convert_to_NTCHW(given, dataformats)
    np.testing.assert_array_equal(ntchw, clips)
    np.testing.assert_array_equal(frames, np.rint(_prepare_video(clips) * 255).astype(np.uint8))


VALUES = {
    "float32": np.linspace(-0.1, 1.2, 24, dtype=np.float32),
    "float64": np.linspace(0, 1, 24),
    "bool": np.arange(24) % 3 == 0,
    "beyond": np.array([1.4, -np.inf, -1e30, 0.2] * 6),
    "int64": np.arange(24) * 11,
    "uint16": np.arange(24, dtype=np.uint16) * 2800,
    "mask": np.arange(24) % 2,
    "half": torch.linspace(0, 1, 24).half(),
    "with gradient": torch.linspace(0, 1, 24, requires_grad=True),
}


@pytest.mark.parametrize("name", VALUES)
def test_scaling_as_add_image(tmp_path, writer, name):
    clip = VALUES[name].reshape(1, 2, 1, 3, 4)
    writer.add_video("clip", clip)
    writer.add_image("stills", clip.reshape(6, 4), dataformats="HW")
    writer.close()
    clip_event, stills = oracle.logged(tmp_path / "ours")
    frames, _ = decode(clip_event.summary.value[0].image)
    np.testing.assert_array_equal(
        np.concatenate(frames), oracle.pixels(stills.summary.value[0].image.encoded_image_string)
    )


def flushed(writer, tag, clip):
    """The call, and what the codec says of it."""
    writer.add_video(tag, clip)
    writer.flush()


def test_nan_and_floats_to_255_are_said_once_a_tag(tmp_path, writer):
    for tag, value in (("nan", np.nan), ("bright", 255.0)):
        clip = np.full((1, 2, 3, 4, 4), value)
        with pytest.warns(RuntimeWarning, match=f"^pixels of '{tag}'.*once"):
            flushed(writer, tag, clip)
        flushed(writer, tag, clip)


def test_photographic_clips_come_close(tmp_path, writer):
    """256 colours for a smooth clip: dithered, on average right."""
    y, x = np.mgrid[0:64, 0:64] / 63
    clip = np.stack([np.stack([x, y, 1 - x]) * level for level in (0.5, 1.0)])[None]
    frames, _ = decode(logged_video(tmp_path, writer, clip))
    expected = (clip[0].transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    error = frames.astype(float) - expected
    assert abs(error.mean()) < 2
    assert np.sqrt((error**2).mean()) < 16


@pytest.mark.parametrize(("fps", "total"), [(4, 2500), (10, 1000), (7.5, 1330), (1, 10000), (30, 330)])
def test_speed(tmp_path, writer, fps, total):
    clips = few_colours(1, 10, 3, 4, 4)
    _, delays = decode(logged_video(tmp_path, writer, clips, fps=fps))
    assert sum(delays) == pytest.approx(total, abs=10)
    assert len(delays) == 10


def test_step_walltime_and_snapshot(tmp_path, writer):
    clips = np.zeros((1, 2, 3, 16, 16), np.uint8)
    for step in range(10):
        clips[:] = step * 20
        writer.add_video("tag", clips, step, walltime=oracle.WALLTIME + step)
    clips[:] = 255
    writer.close()
    events = oracle.logged(tmp_path / "ours")
    assert [(event.step, event.wall_time) for event in events] == [
        (step, oracle.WALLTIME + step) for step in range(10)
    ]
    for event in events:
        frames, _ = decode(event.summary.value[0].image)
        assert set(frames.flat) == {event.step * 20}


def test_strided_and_list_inputs(tmp_path, writer):
    clips = few_colours(2, 4, 3, 8, 8)
    writer.add_video("strided", clips[::-1, ::2, :, ::-2, ::2])
    writer.add_video("list of tensors", [torch.from_numpy(clip) for clip in clips])
    writer.close()
    first, second = (decode(event.summary.value[0].image)[0] for event in oracle.logged(tmp_path / "ours"))
    for frames, ntchw in ((first, clips[::-1, ::2, :, ::-2, ::2]), (second, clips)):
        for t, n in itertools.product(range(len(frames)), range(2)):
            width = ntchw.shape[-1]
            np.testing.assert_array_equal(
                frames[t, :, n * width : (n + 1) * width], ntchw[n, t].transpose(1, 2, 0)
            )
