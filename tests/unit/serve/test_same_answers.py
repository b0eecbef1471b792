"""Each HTTP endpoint of the real TensorBoard answers the same on our server as on TensorBoard's own multiplexer."""

import json
import math
import os

import pytest
from support import boards, every_kind, tensorboard_apps
from tickertape.serve.server import Server

# The Python of an environment with TensorBoard 2.14; `make test-old-tensorboard` makes it.
OLD_PYTHON = os.environ.get("TICKERTAPE_OLD_TENSORBOARD")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    made = tmp_path_factory.mktemp("logs") / "every_kind"
    every_kind.write(made)
    return made


@pytest.fixture(scope="module", params=["installed", *(["oldest"] if OLD_PYTHON else [])])
def apps(request, directory):
    """(TensorBoard on its own multiplexer, TensorBoard on our server) of one directory."""
    if request.param == "oldest":
        once = ("--reload_interval", "0", "--reload_task", "blocking")
        with (
            boards.started(directory, *once, python=OLD_PYTHON, is_plain=True) as plain,
            boards.started(directory, "--reload_interval", "0", python=OLD_PYTHON) as ours,
        ):
            yield plain, ours
        return
    with Server(str(directory)) as server:
        ours, channel = tensorboard_apps.served(directory, server.address)
        with channel:
            yield tensorboard_apps.plain(directory), ours


def same(apps, path, **query):
    """The answer that both have."""
    plain, ours = (app.answer(path, **query) for app in apps)
    assert _comparable(ours) == _comparable(plain), (path, query)
    return plain[2]


def _comparable(found):
    """NaN equals NaN."""
    if isinstance(found, dict):
        return {key: _comparable(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_comparable(value) for value in found]
    return "NaN" if isinstance(found, float) and math.isnan(found) else found


def each_tag(apps, plugin):
    """(run, tag) of a plugin, of which there must be some."""
    found = [(run, tag) for run, tags in same(apps, f"plugin/{plugin}/tags").items() for tag in tags]
    assert found
    return found


def test_runs_environment_and_plugins(apps):
    runs = same(apps, "runs")
    assert {"ours", "torch", "sweep/run0", "others", "empty"} <= set(runs)
    plain, ours = (app.json("environment") for app in apps)
    for found in (plain, ours):
        del found["debug"]  # the name of the data provider
        found["creation_time"] = found["creation_time"] or 0  # gRPC has no None
    assert ours == plain
    listing = same(apps, "plugins_listing")
    names = "scalars histograms distributions images audio text pr_curves mesh hparams graphs custom_scalars timeseries"
    assert {name for name, plugin in listing.items() if plugin["enabled"]} >= set(names.split())


def test_scalars(apps):
    tags = each_tag(apps, "scalars")
    assert {("ours", "loss/validation"), ("torch", "loss/train"), ("others", "old")} <= set(tags)
    for run, tag in tags:
        assert same(apps, "plugin/scalars/scalars", run=run, tag=tag)
    same(apps, "plugin/scalars/scalars_multirun", method="POST", tag="loss/train", runs=["ours", "torch"])


def test_histograms_and_distributions(apps):
    for run, tag in each_tag(apps, "histograms"):
        assert same(apps, "plugin/histograms/histograms", run=run, tag=tag)
        assert same(apps, "plugin/distributions/distributions", run=run, tag=tag)
    same(apps, "plugin/distributions/tags")


def test_images(apps):
    tags = each_tag(apps, "images")
    assert {("ours", "noise"), ("others", "pictures")} <= set(tags)
    samples = same(apps, "plugin/images/tags")
    assert samples["others"]["pictures"]["samples"] == every_kind.STEPS
    for run, tag in tags:
        for sample in range(samples[run][tag]["samples"]):
            for found in same(apps, "plugin/images/images", run=run, tag=tag, sample=sample):
                assert same(apps, "plugin/images/individualImage?" + found["query"])


def test_audio(apps):
    for run, tag in each_tag(apps, "audio"):
        for found in same(apps, "plugin/audio/audio", run=run, tag=tag, sample=0):
            same(apps, "plugin/audio/individualAudio?" + found["query"])


def test_text(apps):
    for run, tags in same(apps, "plugin/text/tags").items():
        for tag in tags:
            assert same(apps, "plugin/text/text", run=run, tag=tag, markdown="true")
            assert same(apps, "plugin/text/text", run=run, tag=tag, markdown="false")


def test_pr_curves(apps):
    for run, tag in each_tag(apps, "pr_curves"):
        assert same(apps, "plugin/pr_curves/pr_curves", run=run, tag=tag)
    same(apps, "plugin/pr_curves/available_time_entries")


def test_meshes(apps):
    for run, tag in each_tag(apps, "mesh"):
        for found in same(apps, "plugin/mesh/meshes", run=run, tag=tag, sample=0):
            kind = {1: "VERTEX", 2: "FACE", 3: "COLOR"}[found["content_type"]]
            same(apps, "plugin/mesh/data", run=run, tag=tag, sample=0, content_type=kind, step=found["step"])


def test_hparams(apps):
    experiment = same(apps, "plugin/hparams/experiment", method="POST", experimentName="")
    assert {info["name"] for info in experiment["hparamInfos"]} >= {"rate"}
    request = {
        "experimentName": "",
        "startIndex": 0,
        "sliceSize": 10,
        "colParams": [{"hparam": "rate", "order": "ORDER_ASC"}],
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
    }
    groups = same(apps, "plugin/hparams/session_groups", method="POST", **request)
    assert groups["totalSize"]
    metric = {"group": "", "tag": "accuracy"}
    same(
        apps,
        "plugin/hparams/metric_evals",
        method="POST",
        experimentName="",
        sessionName="sweep/run0",
        metricName=metric,
    )


def test_graphs(apps):
    info = same(apps, "plugin/graphs/info")
    assert info["ours"]["run_graph"]
    for run, found in info.items():
        if found["run_graph"]:
            assert same(apps, "plugin/graphs/graph", run=run, limit_attr_size=1024, large_attrs_key="_large")
        for tag, content in found["tags"].items():
            if content["conceptual_graph"]:
                same(apps, "plugin/graphs/graph", run=run, tag=tag, conceptual="true")
            if content["profile"]:
                same(apps, "plugin/graphs/run_metadata", run=run, tag=tag)


def test_custom_scalars(apps):
    assert same(apps, "plugin/custom_scalars/layout")["category"]
    same(apps, "plugin/custom_scalars/scalars", run="ours", tag="loss/.*")
    same(apps, "plugin/custom_scalars/download_data", run="ours", tag="loss/train", format="json")


def test_projector(apps):
    assert same(apps, "plugin/projector/runs") == ["ours"]
    (embedding,) = same(apps, "plugin/projector/info", run="ours")["embeddings"]
    assert same(apps, "plugin/projector/tensor", run="ours", name=embedding["tensorName"])


def test_time_series(apps):
    tags = same(apps, "plugin/timeseries/tags")
    scalars = {tag for found in tags["scalars"]["runTagInfo"].values() for tag in found}
    requests = [{"plugin": "scalars", "tag": tag} for tag in sorted(scalars)]
    requests += [
        {"plugin": "histograms", "tag": tag, "run": run}
        for run, found in tags["histograms"]["runTagInfo"].items()
        for tag in found
    ]
    requests += [
        {"plugin": "images", "tag": tag, "run": run, "sample": sample}
        for tag, runs in tags["images"]["tagRunSampledInfo"].items()
        for run, info in runs.items()
        for sample in range(info["maxSamplesPerStep"])
    ]
    images = 0
    for found in _series(apps, requests):
        assert "error" not in found, found
        for points in found["runToSeries"].values():
            for point in points:
                if "imageId" in point:
                    assert same(apps, "plugin/timeseries/imageData", imageId=point["imageId"])
                    images += 1
    assert images > 2 * every_kind.STEPS


def _series(apps, requests):
    plain, ours = (app.form("plugin/timeseries/timeSeries", requests=json.dumps(requests)) for app in apps)
    assert _comparable(ours) == _comparable(plain)
    return plain


@pytest.mark.parametrize(
    "path",
    ["plugin/scalars/scalars", "plugin/histograms/histograms", "plugin/images/images", "plugin/audio/audio",
     "plugin/text/text", "plugin/pr_curves/pr_curves", "plugin/mesh/meshes"],
)  # fmt: skip
@pytest.mark.parametrize("names", [("nobody", "loss/train"), ("ours", "no such tag")])
def test_unknown_runs_and_tags(apps, path, names):
    same(apps, path, run=names[0], tag=names[1], sample=0)
