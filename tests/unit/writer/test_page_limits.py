"""What TensorBoard's page cannot show warns once a tag, or raises; TensorBoard's own plugins show that it is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from support import oracle, plugins
from support.told import quiet, told
from tensorboard.context import RequestContext
from tickertape.writer import (
    audio,
    embeddings,
    hparams,
    meshes,
    pr_curves,
    sprites,
    texts,
    videos,
)

PAGE = Path(__file__).parents[3] / "docs" / "what-tensorboard-shows.md"
RNG = np.random.default_rng(9)
CORNERS = np.array([[[0, 1, 2]]])


# --- Text


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_tables_that_the_page_has(tmp_path, writer, shape):
    quiet(lambda: writer.write("t", np.full(shape, "cell", object), "text"))
    writer.close()
    ((answer),) = plugins.on(tmp_path / "ours", plugins.TextPlugin).text_impl(
        RequestContext(), ".", "t", "", True
    )
    assert answer["text"].count("cell") == np.prod(shape, dtype=int)


def test_a_table_of_three_axes(tmp_path, writer):
    cells = np.array([[["a", "b"]], [["c", "d"]]], object)
    told(lambda: writer.write("t", cells, "text"), r"^tensor: expected at most 2 axes of texts, got 3; .*'t'")
    writer.write("other plugin", cells, "mine")
    writer.close()
    answer = plugins.on(tmp_path / "ours", plugins.TextPlugin).text_impl(
        RequestContext(), ".", "t", "", True
    )[0]["text"]
    assert "<td><p>a</p></td>" in answer
    assert "<p>c</p>" not in answer


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\x1b[0m", "\x0c"])
def test_control_characters(tmp_path, writer, text):
    told(lambda: writer.add_text("t", text), r"^text_string: expected text without control characters")
    with pytest.warns(UserWarning, match=r"^tensor: expected text without control"):
        writer.write("u", ["fine", text], "text")
    writer.close()
    shown = plugins.on(tmp_path / "ours", plugins.TextPlugin).text_impl(
        RequestContext(), ".", "t/text_summary", "", True
    )
    assert text not in shown[0]["text"]


@pytest.mark.parametrize("text", ["tab\tand\nlines\r\n", "ünïcode", "\x7f\u200b", ""])
def test_text_that_the_page_has(writer, text):
    quiet(lambda: writer.add_text("t", text))


def test_what_the_text_page_fails_on(writer):
    with pytest.raises(ValueError, match=r"^tensor: expected UTF-8, got byte 0xff at 1"):
        writer.write("t", b"a\xff", "text")
    with pytest.raises(TypeError, match=r"^metadata: expected a plugin that shows numbers, got 'text'"):
        writer.write("t", np.zeros(3), "text")
    writer.write("t", b"a\xff", "another")


# --- Sound, video, pictures (what browsers do is in tests/browser)


@pytest.mark.parametrize("rate", [1, 2999, 768_001])
def test_rates_that_browsers_do_not_play(writer, rate):
    told(lambda: writer.add_audio("t", np.zeros(9), 0, rate), rf"expected 3000 to 768000, got {rate}, ")
    with pytest.warns(UserWarning, match="sample_rate"):
        writer.add_audio("another", np.zeros(9), 0, rate)


@pytest.mark.parametrize("rate", [3000, 8000, 44_100, 192_000, 768_000])
def test_rates_that_browsers_play(writer, rate):
    quiet(lambda: writer.add_audio("t", np.zeros(9), 0, rate))


@pytest.mark.parametrize(("fps", "shown"), [(0.001, 1000 / 655.35), (60, 20), (1e9, 20), (1e-9, 655_350)])
def test_frame_rates_that_browsers_do_not_show(tmp_path, writer, fps, shown):
    clip = RNG.integers(0, 256, (1, 2, 3, 8, 8)).astype(np.uint8)
    told(lambda: writer.add_video("t", clip, 0, fps), "^fps: expected 0.0015 to 50, got")
    writer.close()
    gif = oracle.logged(tmp_path / "ours")[0].summary.value[0].image.encoded_image_string
    hundredths = int.from_bytes(gif[(at := gif.index(b"\x21\xf9\x04")) + 4 : at + 6], "little")
    assert hundredths == (2 if fps > 50 else 65_535)
    assert shown  # what a reader of the table expects


@pytest.mark.parametrize("fps", [0.002, 4, 50])
def test_frame_rates_that_browsers_show(writer, fps):
    quiet(lambda: writer.add_video("t", np.zeros((1, 2, 3, 8, 8), np.uint8), 0, fps))


def test_pictures_too_long_for_browsers(writer):
    told(
        lambda: writer.add_image("t", np.zeros((1, 1, 1_000_001), np.uint8)),
        r"^img_tensor: expected a picture of at most 1000000 pixels a side .*, got 1000001 x 1, .*'t'",
    )
    with pytest.warns(UserWarning, match="got 8 x 2000000"):
        writer.add_images("grid", np.zeros((16, 1, 1_000_000, 1), np.uint8))
    quiet(lambda: writer.add_image("t", np.zeros((1, 1_000_000, 1), np.uint8)))


# --- The table


@pytest.mark.skipif(not PAGE.exists(), reason="not in a checkout")
def test_the_table_has_the_numbers_of_the_code():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    numbers = {
        "audio": f"{audio.LOWEST_RATE_PLAYED:,} to {audio.HIGHEST_RATE_PLAYED:,}",
        "video": f"{videos.SLOWEST_FPS:.4f} to {videos.FASTEST_FPS} frames",
        "text": f"up to {texts.MOST_AXES} axes",
        "meshes": f"{meshes.MOST_VERTICES_WITH_FACES:,} vertices",
        "PR curves": f"below {pr_curves.LEAST_SUM_OF_WEIGHTS}",
        "hparams": f"{hparams.MOST_COLUMNS:,} hyperparameters",
        "projector": f"{embeddings.MOST_POINTS:,} points",
        "projector ": f"{sprites.MOST_PIXELS:,} pixels a side",
        "images, video": "1,000,000 pixels a side",
    }
    for dashboard, text in numbers.items():
        assert any(row.startswith(f"| {dashboard.strip()} |") and text in row for row in rows), text
    assert all(re.fullmatch(r"\|( [^|]+ \|){4}|\|(---\|){4}", row) for row in rows)
