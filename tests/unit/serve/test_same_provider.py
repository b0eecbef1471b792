"""Our server answers TensorBoard's client as TensorBoard's own data provider answers it, method by method."""

from pathlib import Path

import numpy as np
import pytest
import tickertape
from support import every_kind, tensorboard_apps
from support.data_providers import Client
from tensorboard.context import RequestContext
from tickertape.serve.server import Server

GOLDEN = Path(__file__).parents[2] / "golden" / "events"
_ENOUGH = 10_000  # points: all


def _restarts(directory):
    """Runs that were started over, with and without a marker, and tags that change their kind."""
    for begin in (0, 6, 3):
        with tickertape.SummaryWriter(directory / "marked", purge_step=begin or None) as writer:
            for step in range(begin, begin + 8):
                writer.add_scalar("loss", step + begin, step)
                writer.add_histogram("weights", np.arange(5.0) + begin, step)
                writer.add_image("picture", np.full((3, 4, 4), begin, np.uint8), step)
    for begin in (0, 3):
        with tickertape.SummaryWriter(directory / "unmarked") as writer:
            for step in range(begin, begin + 8):
                writer.add_scalar("loss", step + begin, step)
                writer.add_text("notes", f"from {begin}", step)


@pytest.fixture(scope="module", params=["every kind", "restarts", "TensorFlow"])
def providers(request, tmp_path_factory):
    """(TensorBoard's own data provider, a client of ours) of one directory."""
    if request.param == "TensorFlow":
        directory = GOLDEN
    else:
        directory = tmp_path_factory.mktemp("logs")
        {"every kind": every_kind.write, "restarts": _restarts}[request.param](directory)
    # Kinds that TensorBoard has no number of its own for have 10 samples.
    kept = ",".join(
        f"{name}=0" for name in ("scalars", "images", "audio", "histograms", "pr_curves", "text", "mesh")
    )
    plain = tensorboard_apps.provider(directory, "--samples_per_plugin", kept)
    with Server(str(directory)) as server, tensorboard_apps.channel(server.address) as channel:
        yield plain, Client(server, channel)


def _both(providers, method, **arguments):
    plain, client = providers
    theirs = getattr(plain, method)(RequestContext(), experiment_id="", **arguments)
    ours = client.ask(method, arguments.pop("plugin_name", None), **arguments)
    return theirs, ours


def _plugins(providers):
    theirs, ours = _both(providers, "list_plugins")
    assert sorted(theirs) == sorted(ours)
    return ours


def test_runs(providers):
    theirs, ours = _both(providers, "list_runs")
    assert sorted(run.run_name for run in theirs) == sorted(run.run_name for run in ours)
    # gRPC has no None; both sort last in TensorBoard.
    times = {run.run_name: float("inf") if run.start_time is None else run.start_time for run in theirs}
    assert {run.run_name: run.start_time for run in ours} == times


@pytest.mark.parametrize("kind", ["scalars", "tensors", "blob_sequences"])
def test_lists(providers, kind):
    found = 0
    for plugin in _plugins(providers):
        theirs, ours = _both(providers, f"list_{kind}", plugin_name=plugin)
        assert {run: set(tags) for run, tags in ours.items()} == {
            run: set(tags) for run, tags in theirs.items()
        }
        for run, tags in theirs.items():
            for tag, series in tags.items():
                found += 1
                assert _plain(ours[run][tag]) == _plain(series), (plugin, run, tag)
    assert found


def _plain(series):
    """The fields of a time series; gRPC has no None."""
    numbers = [getattr(series, name, None) or 0 for name in ("max_step", "max_wall_time", "max_length")]
    return [*numbers, series.plugin_content, series.description, series.display_name]


@pytest.mark.parametrize("kind", ["scalars", "tensors", "blob_sequences"])
def test_values(providers, kind):
    found = 0
    for plugin in _plugins(providers):
        theirs, ours = _both(providers, f"read_{kind}", plugin_name=plugin, downsample=_ENOUGH)
        assert {run: set(tags) for run, tags in ours.items()} == {
            run: set(tags) for run, tags in theirs.items()
        }
        for run, tags in theirs.items():
            for tag, series in tags.items():
                found += len(series)
                _check(providers, ours[run][tag], series)
    assert found


def _check(providers, ours, theirs):
    assert [(one.step, one.wall_time) for one in ours] == [(one.step, one.wall_time) for one in theirs]
    plain, client = providers
    for one, other in zip(ours, theirs, strict=True):
        if hasattr(other, "numpy"):
            np.testing.assert_array_equal(one.numpy, other.numpy, strict=True)
        elif hasattr(other, "values"):
            assert one.values == other.values
            for reference in other.values:
                blob = plain.read_blob(RequestContext(), blob_key=reference.blob_key)
                assert client.ask("read_blob", blob_key=reference.blob_key) == blob
        else:
            assert one.value == np.float32(other.value)  # gRPC has float32
