"""What TensorBoard's server says about our files, before any page is drawn from it."""

import io
import math

import everything
import numpy as np
import PIL.Image
import pytest

ENABLED = {
    "scalars", "histograms", "distributions", "images", "audio", "text", "pr_curves", "mesh", "hparams", "graphs",
    "custom_scalars", "projector", "timeseries",
}  # fmt: skip


def test_plugins(server):
    listing = server.json("plugins_listing")
    assert {name for name, plugin in listing.items() if plugin["enabled"]} >= ENABLED


@pytest.mark.parametrize("tag", ["loss/train", "loss/validation"])
def test_scalars(server, tag):
    assert tag in server.json("plugin/scalars/tags")["digits"]
    points = server.json("plugin/scalars/scalars", run="digits", tag=tag)
    assert [step for _, step, _ in points] == list(range(everything.STEPS))
    offset = 0.1 if tag == "loss/validation" else 0.0
    for _, step, value in points:
        assert value == pytest.approx(math.exp(-step / 5) + offset, rel=1e-6)


def test_scalars_of_one_event_and_of_sub_runs(server):
    tags = server.json("plugin/scalars/tags")
    assert {"loss/lower", "loss/upper"} <= set(tags["digits"])
    for name in ("train", "validation"):
        points = server.json("plugin/scalars/scalars", run=f"digits/loss_both_{name}", tag="loss/both")
        assert len(points) == everything.STEPS


def test_histograms(server):
    points = server.json("plugin/histograms/histograms", run="digits", tag="weights")
    assert [step for _, step, _ in points] == list(range(everything.STEPS))
    for _, _, buckets in points:
        assert sum(count for _, _, count in buckets) == pytest.approx(1000)
    assert server.json("plugin/distributions/distributions", run="digits", tag="weights")


def test_images(server):
    tags = server.json("plugin/images/tags")["digits"]
    assert set(tags) == {"astronaut", "digits", "boxes", "figure", "coins", "jpeg", "webp"}
    for tag, size, kind in (
        ("astronaut", (128, 128), "PNG"),
        ("digits", (64, 32), "PNG"),
        ("boxes", (128, 128), "PNG"),
        ("jpeg", (128, 128), "JPEG"),
        ("webp", (128, 128), "WEBP"),
        ("figure", (640, 480), "PNG"),
        ("coins", (96, 76), "GIF"),
    ):
        found = server.json("plugin/images/images", run="digits", tag=tag, sample=0)
        assert len(found) == (3 if tag == "astronaut" else 1)
        picture = PIL.Image.open(
            io.BytesIO(server.fetch("plugin/images/individualImage?" + found[-1]["query"]))
        )
        assert (picture.size, picture.format) == (size, kind)
        assert getattr(picture, "n_frames", 1) == (8 if tag == "coins" else 1)


def test_audio(server):
    assert "a tone" in server.json("plugin/audio/tags")["digits"]
    (found,) = server.json("plugin/audio/audio", run="digits", tag="a tone", sample=0)
    wave = server.fetch("plugin/audio/individualAudio?" + found["query"])
    assert (wave[:4], wave[8:12]) == (b"RIFF", b"WAVE")
    # The fast server does not pass the content type on, whoever wrote it.
    assert found["contentType"] == ("application/octet-stream" if server.loader == "fast" else "audio/wav")
    assert len(wave) == 44 + 2 * everything.RATE


def test_text(server):
    (found,) = server.json("plugin/text/text", run="digits", tag="notes/text_summary", markdown="true")
    assert "<h1>Digits</h1>" in found["text"]
    assert "<td>1797</td>" in found["text"]


def test_pr_curves(server):
    (series,) = server.json("plugin/pr_curves/pr_curves", run="digits", tag="is it a 3").values()
    assert [entry["step"] for entry in series] == list(range(everything.STEPS))
    assert max(series[-1]["precision"]) == pytest.approx(1.0)
    assert 100 < len(series[-1]["recall"]) <= 127  # it leaves out thresholds at which nothing is positive


def test_mesh(server):
    found = server.json("plugin/mesh/meshes", run="digits", tag="sphere", sample=0)
    assert {entry["content_type"] for entry in found} == {
        1,
        2,
        3,
    }  # VERTEX, FACE, COLOR of its plugin_data.proto
    question = {"run": "digits", "tag": "sphere", "sample": 0, "step": 0}
    vertices = np.frombuffer(server.fetch("plugin/mesh/data", content_type="VERTEX", **question), "<f4")
    np.testing.assert_allclose((vertices.reshape(-1, 3) ** 2).sum(axis=1), 1, rtol=1e-5)
    colors = np.frombuffer(server.fetch("plugin/mesh/data", content_type="COLOR", **question), "u1")
    assert colors.size == vertices.size


def test_hparams(server):
    experiment = server.post("plugin/hparams/experiment", {"experimentName": ""})
    assert {info["name"] for info in experiment["hparamInfos"]} == {"rate", "optimizer", "nesterov"}
    groups = server.post(
        "plugin/hparams/session_groups",
        {
            "experimentName": "",
            "startIndex": 0,
            "sliceSize": 10,
            "colParams": [{"metric": {"tag": "hparam/accuracy", "group": ""}, "order": "ORDER_ASC"}],
            "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        },
    )
    rows = [(group["hparams"]["rate"], group["hparams"]["nesterov"]) for group in groups["sessionGroups"]]
    assert rows == [(0.1, True), (0.01, False), (0.001, False)]


def test_graph(server):
    info = server.json("plugin/graphs/info")
    assert info["digits"]["run_graph"]
    graph = server.fetch(
        "plugin/graphs/graph", run="digits", limit_attr_size=1024, large_attrs_key="_too_large"
    ).decode()
    assert "features" in graph
    assert "classifier" in graph


def test_custom_scalars(server):
    layout = server.json("plugin/custom_scalars/layout")
    (category,) = layout["category"]
    assert category["title"] == "losses"
    assert [chart["title"] for chart in category["chart"]] == ["train and validation", "with bounds"]


def test_projector(server):
    runs = server.json("plugin/projector/runs")
    assert "digits" in runs
    info = server.json("plugin/projector/info", run="digits")
    (embedding,) = info["embeddings"]
    assert embedding["tensorShape"] == [200, 64]
    tensors = np.frombuffer(
        server.fetch("plugin/projector/tensor", run="digits", name=embedding["tensorName"], num_rows=200),
        "<f4",
    )
    assert tensors.size == 200 * 64
    sprite = server.fetch("plugin/projector/sprite_image", run="digits", name=embedding["tensorName"])
    assert PIL.Image.open(io.BytesIO(sprite)).size == (15 * 8, 15 * 8)
