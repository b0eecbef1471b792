"""Ranks of one machine on one URL: they share the spool, each byte is uploaded once, and the bucket is read merged."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import tickertape
from tickertape.convert import rank
from tickertape.remote import uploader

RANKS, STEPS = 3, 200
_LOG = """
import sys
from tickertape import SummaryWriter
from tickertape.convert import rank
number, _ = rank.of_process()
with SummaryWriter(sys.argv[1] + "/all", upload_secs=0.2) as all_ranks:
    with SummaryWriter(sys.argv[1] + "/zero", ranks="zero") as rank_zero:
        for step in range(int(sys.argv[2])):
            all_ranks.add_scalar("loss", step + 10 * number, step)
            rank_zero.add_scalar("loss", number, step)
            if step % 50 == 49:
                all_ranks.flush(wait=True)
"""


def run_ranks(s3, tmp_path, environment=None):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error::UserWarning", "-c", _LOG, s3.url, str(STEPS)],
            env=os.environ
            | s3.environment
            | {
                "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
                "TICKERTAPE_SPOOL": str(tmp_path / "spool"),
                "RANK": str(number),
                "WORLD_SIZE": str(RANKS),
            }
            | (environment or {}),
        )
        for number in range(RANKS)
    ]
    assert [process.wait() for process in processes] == [0] * RANKS


def test_each_byte_of_each_rank_is_uploaded_once(s3, tmp_path, monkeypatch):
    run_ranks(s3, tmp_path)
    puts = Counter(request.key for request in s3.proxy.requests if request.kind == "put")
    objects = s3.objects()
    assert puts == {f"{s3.bucket}/{key}": 1 for key in objects}
    of_all = [key for key in objects if key.startswith("all/")]
    assert {rank.of_file_name(key) for key in of_all} == set(range(RANKS))
    assert {rank.of_file_name(key) for key in objects if key.startswith("zero/")} == {0}
    # What the others have is not listed, neither at the beginning nor at the end: 10,000 ranks may end at once.
    listings = [request.target for request in s3.proxy.requests if request.kind == "list"]
    assert len(listings) == RANKS + 1
    assert all("%2Fevents.out.tfevents" in target and ".rank" in target for target in listings)
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    loss = tickertape.read(s3.url, ranks="merge")["all"].scalars["loss"]
    assert loss.step.tolist() == list(range(STEPS))
    assert loss.n.tolist() == [RANKS] * STEPS
    assert loss.value.tolist() == [step + 10 for step in range(STEPS)]
    zero = tickertape.read(s3.url)["zero"].scalars
    assert set(zero.column("rank").tolist()) == {0}
    assert not [path for path in (tmp_path / "spool").rglob("*tfevents*") if path.is_file()]


def test_the_other_ranks_ask_nothing_of_the_store(s3, tmp_path, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with tickertape.SummaryWriter(f"{s3.url}/run", ranks="zero") as writer:
        writer.add_scalar("loss", 1.0, 1)
        writer.add_hparams({"lr": 0.1}, {"loss": 1.0})
        writer.flush(wait=True)
        writer.sync()
    assert s3.proxy.requests == []
    assert not (tmp_path / "spool").exists()


def test_one_upload_each_time(s3, tmp_path, monkeypatch):
    """What is logged while an upload is on its way waits for the next time, and makes no small object of its own."""
    monkeypatch.setenv("TICKERTAPE_SPOOL", str(tmp_path / "spool"))

    def puts():
        return [request for request in s3.proxy.requests if request.kind == "put"]

    with tickertape.SummaryWriter(f"{s3.url}/run", upload_secs=3600) as writer:
        (session,) = (one for one in uploader._uploader.sessions if one.url.startswith(s3.url))
        look = session._look

        def look_and_log():
            look()
            writer.add_scalar("a", 1.0, 1)  # after the look
            writer.flush()

        monkeypatch.setattr(session, "_look", look_and_log)
        session._due = 0.0
        while not puts():
            time.sleep(0.01)
        while session.next_look <= time.monotonic():  # until it has nothing to do
            time.sleep(0.01)
        monkeypatch.setattr(session, "_look", look)
        assert len(puts()) == 1
