"""SummaryReader beside tbparse on the same files: every data frame, long and wide."""

import io
import os
import warnings
import wave

import numpy as np
import pytest
import tensorboardX
import tickertape
import tickertape.writer
from PIL import Image
from support import oracle
from tickertape import reader

pd = pytest.importorskip("pandas")
tbparse = pytest.importorskip("tbparse")
from pandas.testing import assert_frame_equal  # noqa: E402
from tickertape.reader import summary_reader  # noqa: E402

READ_BY_BOTH = (
    "scalars",
    "tensors",
    "histograms",
    "hparams",
    "text",
)  # tbparse's images and sounds need TensorFlow
PLACES = {"dir_name", "file_name"}
ALL_COLUMNS = PLACES | {"wall_time", "min", "max", "num", "sum", "sum_squares"}


def write(writer, steps=8):
    random = np.random.default_rng(steps)
    for step in range(steps):
        writer.add_scalar("loss", random.normal(), step, 100.5 + step)
        writer.add_scalar("train/accuracy", random.normal(), 2 * step)
        writer.add_scalars("both", {"a": step, "b": -step}, step)
        writer.add_histogram("weights", random.normal(size=50), step)
        writer.add_text("words", f"step {step}", step)
        writer.add_pr_curve("curve", np.array([0, 1]), np.array([0.25, 0.75]), step)
    writer.add_scalar("loss", float("nan"), steps)
    writer.add_hparams({"lr": 0.1, "name": "x", "on": True}, {"metric": steps})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    top = tmp_path_factory.mktemp("logs")
    makes = (
        oracle.torch_tensorboard.SummaryWriter,
        tensorboardX.SummaryWriter,
        tickertape.writer.SummaryWriter,
    )
    for number, make in enumerate(makes):
        with make(str(top / "group" / f"run{number}")) as writer:
            write(writer, 5 + number)
    for name in ("first", "second"):  # one directory with two files, whose steps overlap
        with tickertape.SummaryWriter(top / "resumed", filename_suffix=name) as writer:
            write(writer, 6)
    (top / "group" / "checkpoint.pt").write_bytes(b"no event file")
    (top / "empty").mkdir()
    return top


def frame_of(one, kind):
    """tbparse uses what pandas has deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return one.get_events(kind)


def in_order(frame):
    """Lists as they are, in an order of their own: tbparse's sorting does not keep the order of equal rows."""
    return frame.map(lambda value: sorted(value, key=str) if isinstance(value, list) else value)


def with_numbers(frame):
    """Columns of bool as numbers: pandas makes some of tbparse's bool and others float64, by the number of rows."""
    return frame.astype(dict.fromkeys(frame.select_dtypes(bool).columns, float))


def assert_same(ours, theirs, kinds=READ_BY_BOTH):
    for kind in kinds:
        found, expected = ours.get_events(kind), with_numbers(frame_of(theirs, kind))
        assert_frame_equal(in_order(found), in_order(expected))
        assert_frame_equal(found, getattr(ours, kind))
        assert sorted(ours.get_tags(kind)) == sorted(theirs.get_tags(kind))


@pytest.mark.parametrize("pivot", [False, True])
@pytest.mark.parametrize("columns", [None, PLACES, {"wall_time"}, {"dir_name", "max"}, ALL_COLUMNS])
def test_same_frames(runs, pivot, columns):
    ours = summary_reader.SummaryReader(runs, pivot=pivot, extra_columns=columns)
    theirs = tbparse.SummaryReader(str(runs), pivot=pivot, extra_columns=columns)
    assert_same(ours, theirs)
    assert {**ours.tags, "images": [], "audio": []}.keys() == theirs.tags.keys()


def nodes(ours, theirs):
    yield ours, theirs
    assert list(ours.children) == list(theirs.children)
    for name in ours.children:
        assert ours[name].log_path == theirs[name].log_path
        yield from nodes(ours[name], theirs[name])


def test_same_frames_of_each_child(runs):
    for pivot in (False, True):
        options = {"pivot": pivot, "extra_columns": {"dir_name", "wall_time"}}
        pairs = list(
            nodes(summary_reader.SummaryReader(runs, **options), tbparse.SummaryReader(str(runs), **options))
        )
        assert len(pairs) > 10
        for ours, theirs in pairs:
            assert_same(ours, theirs)
            assert repr(ours) == repr(theirs)


def test_same_raw_tags_and_events_of_a_file(runs):
    path = oracle.event_files(runs / "resumed")[0]
    ours, theirs = summary_reader.SummaryReader(path), tbparse.SummaryReader(str(path))
    assert_same(ours, theirs)
    assert ours.raw_tags == theirs.raw_tags
    assert ours.get_raw_tags("text") == theirs.get_raw_tags("text")
    found, expected = ours.raw_events, theirs.raw_events
    assert {kind: list(tags) for kind, tags in found.items()} == {
        kind: list(tags) for kind, tags in expected.items()
    }
    for one, other in zip(found["scalars"]["loss"], expected["scalars"]["loss"], strict=True):
        assert repr(tuple(one)) == repr((other.wall_time, other.step, other.value))
    assert ours.get_raw_events("hparams") == theirs.get_raw_events("hparams")
    assert len(ours.get_raw_events("scalars", "loss")) == 7
    for one in (ours, theirs):
        with pytest.raises(KeyError):
            one.get_raw_events("scalars", "missing")
        with pytest.raises(ValueError, match="tag"):
            one.get_raw_events(None, "loss")
    directories = summary_reader.SummaryReader(runs), tbparse.SummaryReader(str(runs))
    for one in directories:
        with pytest.raises(ValueError, match=r"event file"):
            _ = one.raw_tags


def test_images_and_sounds(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 4, 5, 3), dtype=np.uint8)
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step, image in enumerate(pixels):
            writer.add_image("image", image, step, dataformats="HWC")
            writer.add_audio("sound", np.linspace(-1, 1, 50 + step), step, sample_rate=8000)
    options = {
        "extra_columns": {"width", "height"} & set(summary_reader.EXTRA_COLUMNS)
        | {"sample_rate", "length_frames"}
    }
    ours = summary_reader.SummaryReader(tmp_path, **options)
    images = ours.images
    assert list(images.columns) == ["step", "tag", "value", "height", "width"]
    for image, expected in zip(images["value"], pixels, strict=True):
        np.testing.assert_array_equal(image, expected)
    assert images["width"].tolist() == [5] * 6
    sounds = ours.audio
    assert list(sounds.columns) == ["step", "tag", "value", "length_frames", "sample_rate"]
    for event, value in zip(
        ours[oracle.only_file(tmp_path).name].get_raw_events("audio", "sound"), sounds["value"], strict=True
    ):
        with wave.open(io.BytesIO(event.encoded_audio_string)) as sound:
            expected = np.frombuffer(sound.readframes(-1), "<i2").reshape(-1, 1) / np.float32(32768)
        np.testing.assert_array_equal(value, expected)
        assert value.dtype == np.float32
    wide = summary_reader.SummaryReader(tmp_path, pivot=True, **options)
    assert list(wide.images.columns) == ["step", "image", "image/height", "image/width"]
    assert list(wide.audio.columns) == ["step", "sound", "sound/length_frames", "sound/sample_rate"]


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_tensors_of_tensorflow_2():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    tensor = np.array([b"4", b"2", png(pixels), png(pixels + 1)], dtype=object)
    image = summary_reader.SummaryReader.tensor_to_image(tensor)
    np.testing.assert_array_equal(image["image"], [pixels, pixels + 1])
    assert (image["width"], image["height"]) == (4, 2)
    np.testing.assert_array_equal(summary_reader.SummaryReader.tensor_to_image(tensor[:3])["image"], pixels)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", "NONE"))
        sound.writeframes(np.arange(20, dtype="<i2").tobytes())
    audio = summary_reader.SummaryReader.tensor_to_audio(np.array([[file.getvalue(), b""]], dtype=object))
    np.testing.assert_array_equal(audio["audio"], np.arange(20).reshape(10, 2) / np.float32(32768))
    assert (audio["length_frames"], audio["sample_rate"], audio["content_type"]) == (10, 8000, "audio/wav")


def test_views_of_a_histogram():
    random = np.random.default_rng(0)
    for name in ("tensor_to_histogram", "buckets_to_histogram_dict"):
        triples = np.array([[0, 1, 5], [1, 3, 2], [3, 4, 0.5]])
        found, expected = (
            getattr(one, name)(triples) for one in (summary_reader.SummaryReader, tbparse.SummaryReader)
        )
        assert found.keys() == expected.keys()
        for key in found:
            np.testing.assert_array_equal(found[key], expected[key])
    for count in (2, 5, 50):
        limits = np.sort(random.normal(size=count))
        counts = np.append(0, random.integers(0, 9, count - 1)).astype(float)
        counts[-1] += 1
        x = np.sort(random.normal(size=30))
        for name in ("histogram_to_cdf", "histogram_to_pdf"):
            found, expected = (
                getattr(one, name)(counts, limits, x)
                for one in (summary_reader.SummaryReader, tbparse.SummaryReader)
            )
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
        for bounds in ((), (-1, 1), (-5, 5), (0.25, 0.25), (None, 3)):
            found, expected = (
                one.histogram_to_bins(counts, limits, *bounds, n_bins=12)
                for one in (summary_reader.SummaryReader, tbparse.SummaryReader)
            )
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match=r"^x: expected"):
        summary_reader.SummaryReader.histogram_to_cdf(counts, limits, x[::-1])
    with pytest.raises(ValueError, match=r"^limits: expected"):
        summary_reader.SummaryReader.histogram_to_cdf(counts, limits[1:], x)


def test_a_directory_that_leads_back_to_itself(tmp_path):
    with tickertape.SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("a", 1, 1)
    (tmp_path / "run" / "up").symlink_to("..")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "tfevents.fifo")
    ours = summary_reader.SummaryReader(tmp_path, extra_columns={"dir_name"})
    assert ours.scalars.to_dict("list") == {"step": [1], "tag": ["a"], "value": [1.0], "dir_name": ["run"]}


def test_event_types(runs):
    for types in ({"scalars"}, {"text", "tensors"}, {"hparams", "histograms"}):
        ours = summary_reader.SummaryReader(runs, event_types=types)
        theirs = tbparse.SummaryReader(str(runs), event_types=types)
        assert_same(ours, theirs, types)
        for one in (ours, theirs):
            for kind in set(READ_BY_BOTH) - types:
                with pytest.raises(ValueError, match="event_type"):
                    one.get_events(kind)
    assert len(summary_reader.SummaryReader(runs, event_types={"text"}).text) == 5 + 6 + 7 + 2 * 6


def test_one_warning_for_a_damaged_file(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(50):
            writer.add_scalar("a", step, step)
    path = oracle.only_file(tmp_path)
    blob = bytearray(path.read_bytes())
    blob[len(blob) // 2] ^= 1
    path.write_bytes(blob)
    with pytest.warns(reader.DamageWarning) as caught:
        ours = summary_reader.SummaryReader(tmp_path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(ours.scalars) == 49


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"log_path": "/missing/directory"}, ValueError, "log_path"),
        ({"log_path": 3.5}, TypeError, "log_path"),
        ({"log_path": ".", "extra_columns": {"steps"}}, KeyError, "extra_columns"),
        ({"log_path": ".", "extra_columns": "wall_time"}, TypeError, "extra_columns"),
        ({"log_path": ".", "event_types": {"scalar"}}, KeyError, "event_types"),
        ({"log_path": ".", "event_types": 5}, TypeError, "event_types"),
    ],
)
def test_bad_arguments_raise_at_the_call(arguments, error, name):
    with pytest.raises(error, match=rf"{name}: expected .*, got "):
        summary_reader.SummaryReader(**arguments)
    with pytest.raises(ValueError, match=r"^event_type: expected"):
        summary_reader.SummaryReader(".", event_types={"scalars"}).get_events("scalar")
