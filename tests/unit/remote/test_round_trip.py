"""What our writer uploads, read by our reader: while it is written, over restarts, and compacted in between."""

import numpy as np
import pytest
import tickertape
from support import oracle
from support.data_providers import until
from tickertape.cli.main import main
from tickertape.reader import mirrors


@pytest.fixture(autouse=True)
def directories(tmp_path, monkeypatch):
    """A cache and a spool of the test's own."""
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TICKERTAPE_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))


def log(writer, steps):
    for step in steps:
        writer.add_scalar("loss", step / 2, step)


def test_a_run_is_followed_compacted_and_goes_on(any_store, capsys):
    url = f"{any_store.url}/runs"
    seen = []
    with (
        tickertape.SummaryWriter(f"{url}/exp") as writer,
        tickertape.follow(url, tags="loss", timeout=0, interval=0.001) as follower,
    ):
        for part in range(6):
            log(writer, range(10 * part, 10 * part + 10))
            writer.flush(wait=True)
            until(lambda: seen.extend(row.step for row in follower) or len(seen) == 10 * part + 10)  # noqa: B023
            if part in (2, 4):  # while it is being written
                before = len(any_store.objects())
                assert main(["compact", url, "--force"]) == 0
                assert len(any_store.objects()) == 1 < before
    assert "compacted 1 file" in capsys.readouterr().out
    assert seen == list(range(60))
    runs = tickertape.read(url)
    assert runs["exp"].scalars["loss"].step.tolist() == seen
    assert runs.problems == []
    assert len(any_store.objects()) == 2


def test_restarts_of_a_run_with_a_url(s3):
    url = f"{s3.url}/runs"
    for number, first in enumerate((0, 10, 5)):
        with tickertape.SummaryWriter(f"{url}/exp", **({"purge_step": first} if number else {})) as writer:
            for step in range(first, 20):
                writer.add_scalar("loss", number, step)
                if step % 7 == 0:
                    writer.flush(wait=True)
    for restarts, values in (
        ("as-tensorboard", [0] * 5 + [2] * 15),
        ("newest", [0] * 5 + [2] * 15),
        ("all", [0] * 20 + [1] * 10 + [2] * 15),
    ):
        runs = tickertape.read(url, restarts=restarts)
        assert len(runs["exp"].files) == 3
        assert runs["exp"].scalars["loss"].value.tolist() == values


def test_every_kind_comes_back(s3):
    picture = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    with tickertape.SummaryWriter(f"{s3.url}/runs") as writer:
        writer.add_image("picture", picture, 1)
        writer.add_text("note", "words", 1)
        writer.add_histogram("weights", np.arange(10.0), 1)
        writer.add_audio("sound", np.zeros((1, 100), np.float32), 1)
    runs = tickertape.read(f"{s3.url}/runs")
    (row,) = runs.images["picture"]
    assert (oracle.pixels(row.encoded[0]) == picture.transpose(1, 2, 0)).all()
    assert [row.text for row in runs.text["note/text_summary"]] == ["words"]
    assert [float(row.num) for row in runs.histograms["weights"]] == [10.0]
    assert len(runs.audio) == 1


def test_a_file_url_is_a_local_path(tmp_path):
    url = f"file://{tmp_path}/a%20b"
    with tickertape.SummaryWriter(url) as writer:
        log(writer, range(10))
    assert [path.name for path in tmp_path.iterdir()] == ["a b"]
    assert tickertape.read(url)["."].scalars["loss"].step.tolist() == list(range(10))
    assert len(tickertape.read_scalars(url)["loss"].step) == 10
