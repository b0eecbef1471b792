"""--merge-ranks: what TensorBoard gets of runs that several ranks wrote, against NumPy and TensorBoard's own reader."""

import logging

import numpy as np
import pytest
from support import tensorboard_apps
from tickertape import SummaryWriter
from tickertape.serve.server import Server

RANKS, STEPS = 3, 30
LOSS = np.random.default_rng(0).normal(size=(RANKS, STEPS)).astype(np.float32).astype(np.float64)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """A run of three ranks and one that only rank 0 wrote."""
    monkeypatch.setenv("WORLD_SIZE", str(RANKS))
    for number in range(RANKS):
        monkeypatch.setenv("RANK", str(number))
        with SummaryWriter(tmp_path / "exp") as writer:
            for step in range(STEPS):
                writer.add_scalar("loss", LOSS[number, step], step)
                writer.add_scalar("new", LOSS[number, step], step, new_style=True)
            writer.add_text("text", f"rank {number}", 0)
            writer.add_histogram("weights", np.full(5, number + 1.0), 0)
            writer.add_image("picture", np.full((3, 2, 2), number / 4), 0)
    monkeypatch.setenv("RANK", "0")
    with SummaryWriter(tmp_path / "single") as writer:
        writer.add_scalar("val", 1.0, 0)
    return tmp_path


def scalars(app, run, tag):
    rows = app.json("plugin/scalars/scalars", run=run, tag=tag)
    return [row[1] for row in rows], np.array([row[2] for row in rows])


@pytest.fixture
def ask(directory):
    with Server(str(directory), merges_ranks=True) as server:
        app, channel = tensorboard_apps.served(directory, server.address)
        with channel:
            yield app


def test_three_runs_of_one(ask):
    assert sorted(ask.json("runs")) == ["exp", "exp/rank-max", "exp/rank-min", "single"]
    tags = {run: sorted(found) for run, found in ask.json("plugin/scalars/tags").items()}
    both = ["loss", "new"]
    assert tags == {"exp": both, "exp/rank-min": both, "exp/rank-max": both, "single": ["val"]}
    for run, expected in (
        ("exp", LOSS.mean(axis=0)),
        ("exp/rank-min", LOSS.min(axis=0)),
        ("exp/rank-max", LOSS.max(axis=0)),
    ):
        for tag in both:
            steps, values = scalars(ask, run, tag)
            assert steps == list(range(STEPS))
            np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_other_kinds_are_rank_zeros(ask, directory, tmp_path_factory):
    """As TensorBoard's own reader has them of a directory with the file of rank 0 only."""
    alone = tmp_path_factory.mktemp("alone")
    (alone / "exp").mkdir()
    (file,) = (path for path in (directory / "exp").iterdir() if path.name.endswith(".rank0"))
    (alone / "exp" / file.name).write_bytes(file.read_bytes())
    plain = tensorboard_apps.plain(alone)
    for path, tag in (
        ("plugin/text/text", "text/text_summary"),
        ("plugin/histograms/histograms", "weights"),
        ("plugin/distributions/distributions", "weights"),
    ):
        assert ask.json(path, run="exp", tag=tag) == plain.json(path, run="exp", tag=tag)
    (ours,), (theirs,) = (
        app.json("plugin/images/images", run="exp", tag="picture", sample=0) for app in (ask, plain)
    )
    assert ours["step"] == theirs["step"]
    pictures = [
        app.send(f"/data/plugin/images/individualImage?{one['query']}")
        for app, one in ((ask, ours), (plain, theirs))
    ]
    assert pictures[0] == pictures[1]
    assert pictures[0][0] == 200


def test_what_comes_is_merged_too(directory, monkeypatch):
    with Server(str(directory), merges_ranks=True) as server:
        app, channel = tensorboard_apps.served(directory, server.address)
        with channel:
            assert scalars(app, "exp", "loss")[0] == list(range(STEPS))
            monkeypatch.setenv("RANK", "1")
            with SummaryWriter(directory / "exp") as writer:
                writer.add_scalar("loss", 7.0, STEPS)
                writer.flush()
                while len(scalars(app, "exp/rank-max", "loss")[0]) == STEPS:
                    pass
            assert scalars(app, "exp", "loss")[1][-1] == 7.0


def test_a_run_that_has_the_name_stays(directory):
    with SummaryWriter(directory / "exp" / "rank-min") as writer:
        writer.add_scalar("own", 1.0, 0)
    with Server(str(directory), merges_ranks=True) as server:
        app, channel = tensorboard_apps.served(directory, server.address)
        with channel:
            tags = app.json("plugin/scalars/tags")
            assert list(tags["exp/rank-min"]) == ["own"]
            assert sorted(tags["exp/rank-min_"]) == ["loss", "new"]


def test_the_log_says_that_there_are_ranks(directory, caplog):
    with caplog.at_level(logging.WARNING, "tickertape.serve"), Server(str(directory)) as server:
        app, channel = tensorboard_apps.served(directory, server.address)
        with channel:
            assert sorted(app.json("runs")) == ["exp", "single"]
            app.json("runs")
    (message,) = caplog.messages
    assert message.startswith("exp: 3 ranks wrote this run")
