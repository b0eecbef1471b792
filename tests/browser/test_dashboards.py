"""Every dashboard in real Chromium: what was logged is there, and drawn. Pictures of the pages go to artifacts/."""

import io

import everything
import numpy as np
import PIL.Image
import pytest
from conftest import ARTIFACTS

# Dashboard to texts that must be visible and elements that must be there, this many at least.
DASHBOARDS = {
    "timeseries": (["astronaut", "boxes"], {"image-card img": 2}),
    "scalars": (["tag: loss/both", "tag: loss/train", "tag: hparam/accuracy"], {"tf-scalar-card vz-line-chart2": 5}),
    "custom_scalars": (
        ["train and validation", "with bounds"],
        {"tf-custom-scalar-multi-line-chart-card": 1, "tf-custom-scalar-margin-chart-card": 1},
    ),
    "images": (["astronaut", "boxes", "coins"], {"tf-image-loader img": 2}),  # it loads what is in sight
    "audio": (["a tone"], {"tf-audio-loader audio": 1}),
    "graphs": (["Main Graph"], {"g.node": 3}),
    "distributions": (["weights"], {"tf-distribution-loader vz-distribution-chart": 1}),
    "histograms": (["weights"], {"tf-histogram-loader vz-histogram-timeseries": 1, "path.outline": everything.STEPS}),
    "text": (["notes/text_summary"], {"tf-text-loader h1": 1, "tf-text-loader td": 2}),
    "pr_curves": (["is it a 3", f"step {everything.STEPS - 1}"], {"tf-pr-curve-card vz-line-chart2": 1}),
    "mesh": (["step 0"], {"tf-mesh-loader canvas": 1}),
    "hparams": (["sweep/run0", "sweep/run2", "adam", "0.0010000", "0.92000"], {"tf-hparams-table-view": 1}),
}  # fmt: skip


def picture(page):
    """The page's pixels, [H, W, 3]."""
    return np.asarray(PIL.Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def settled(page):
    """The page's pixels once they no longer change, as far as a busy machine lets it."""
    page.wait_for_load_state("networkidle")
    before = picture(page)
    for _ in range(10):
        page.wait_for_timeout(500)
        now = picture(page)
        if np.array_equal(before, now):
            break
        before = now
    return now


@pytest.fixture
def show(page, server):
    """Opens a dashboard, waits for what it must show, and keeps a picture of it."""

    def opened(name, texts, elements):
        page.goto(f"{server.url}#{name}")
        for text in texts:
            page.get_by_text(text).first.wait_for()
        for selector, count in elements.items():
            page.locator(selector).nth(count - 1).wait_for(state="attached")
        pixels = settled(page)
        keep(name, pixels)
        return pixels

    def keep(name, pixels):
        (ARTIFACTS / server.loader).mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(pixels).save(ARTIFACTS / server.loader / f"{name}.png")

    opened.keep = keep
    return opened


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard(show, name):
    pixels = show(name, *DASHBOARDS[name])
    # Something is drawn where the data belongs, right of the controls and below the bar with the tabs.
    assert pixels[100:, 460:1150].std() > 2


@pytest.mark.parametrize("tag", ["astronaut", "boxes", "coins", "digits", "figure", "jpeg", "webp"])
def test_pictures_are_loaded(page, server, tag):
    page.goto(f"{server.url}#images&tagFilter=^{tag}$")
    image = page.locator("tf-image-loader", has_text=tag).locator("img").first
    image.wait_for(state="attached")
    assert image.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") >= 64


def test_sound_can_be_played(show, page):
    show("audio", *DASHBOARDS["audio"])
    sound = page.locator("tf-audio-loader audio")
    duration = sound.evaluate(
        "sound => new Promise((done, fail) => { const look = () => sound.error ? fail(sound.error.message)"
        " : sound.readyState > 0 ? done(sound.duration) : setTimeout(look, 50); look(); })"
    )
    assert duration == pytest.approx(1.0, abs=0.01)


def test_graph_opens_to_the_models_own_modules(show, page):
    show("graphs", *DASHBOARDS["graphs"])
    page.locator("g.node[data-name='Net']").first.dblclick()
    for name in ("features", "classifier"):
        page.locator(f"g.node[data-name*='[{name}]']").first.wait_for(state="attached")
    show.keep("graphs_open", settled(page))


def test_markdown_is_drawn(show, page):
    show("text", *DASHBOARDS["text"])
    assert page.locator("tf-text-loader h1").first.inner_text() == "Digits"
    assert page.locator("tf-text-loader strong").first.inner_text() == "bold"


def test_projector(show, page, server):
    page.goto(f"{server.url}#projector")
    frame = page.frame_locator("iframe").frame_locator("iframe")
    for selector, number in ((".numDataPoints", "200"), (".dim", "64")):
        frame.locator(selector, has_text=number).first.wait_for()
    pixels = settled(page)
    show.keep("projector", pixels)
    assert pixels[150:850, 300:1200].std() > 5  # the digits' pictures, on white
