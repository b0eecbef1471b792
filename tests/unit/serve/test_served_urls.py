"""The installed commands on a bucket of an S3 server: view, serve, the data server under TensorBoard, TensorBoard's own reader."""

import contextlib
import re
import subprocess
import sys

import pytest
import tickertape
from support import boards, commands, event_slices, oracle
from support.data_providers import until
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

STEPS = 60


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TICKERTAPE_LOOK_SECS", "0.2")
    return tmp_path / "cache"


@pytest.fixture
def made(tmp_path):
    """(name, bytes) of the slices of an event file."""
    with tickertape.SummaryWriter(tmp_path / "made") as writer:
        for step in range(STEPS):
            writer.add_scalar("loss", step / 2, step)
    file = oracle.only_file(tmp_path / "made")
    data = file.read_bytes()
    pieces = event_slices.pieces(data, event_slices.cuts(data, 6)).items()
    return [(f"runs/run/{file.name}{ending}", piece) for ending, piece in pieces]


def put(store, pieces):
    files = store.filesystem(direct=True)
    for name, data in pieces:
        files.pipe_file(f"{store.bucket}/{name}", data)


def shown(board):
    points = board.json("plugin/scalars/scalars", run="run", tag="loss")
    return [(step, value) for _, step, value in points]


WHOLE = [(step, step / 2) for step in range(STEPS)]


def test_tensorboard_starts_our_data_server_on_a_url(s3, made, tmp_path):
    put(s3, made[:3])
    with boards.started(f"{s3.url}/runs", log=tmp_path / "log") as board:
        until(lambda: "run" in board.json("plugin/scalars/tags"))
        assert 0 < len(shown(board)) < STEPS
        put(s3, made)
        until(lambda: shown(board) == WHOLE)


@contextlib.contextmanager
def viewed(*arguments):
    """A Board of `tickertape view`; the command is ended behind the block."""
    process = subprocess.Popen(
        [commands.COMMAND, "view", *arguments, "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=commands.environment(),
    )
    try:
        line = process.stdout.readline()
        yield boards.Board(re.search(r"(http://\S+?)/? ", line)[1])
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_view(s3, made):
    put(s3, made[:3])
    with viewed(f"{s3.url}/runs") as board:
        until(lambda: "run" in board.json("plugin/scalars/tags"))
        put(s3, made)
        until(lambda: shown(board) == WHOLE)


def test_what_is_wrong_is_said_before_anything_starts(s3):
    done = commands.run("view", f"{s3.url}/runs", "--no-open", status=1)
    assert f"'{s3.url}/runs', in which there are none" in done.err
    done = commands.run("view", f"{s3.url}-missing/runs", "--no-open", status=1)
    assert f"{s3.url}-missing/runs" in done.err
    for words in (["serve", "nostore://bucket"], ["view", "nostore://bucket", "--no-open"]):
        assert "'nostore://bucket'" in commands.run(*words, status=2).err


def test_commands_that_read_a_url(s3, made, tmp_path):
    put(s3, made)
    url = f"{s3.url}/runs"
    s3.proxy.forget()
    assert "loss" in commands.run("ls", url, status=0).out
    assert s3.proxy.count("list") == 1
    assert s3.proxy.count("get") == len(made)
    s3.proxy.forget()
    for words in (["show", url, "loss"], ["tail", url], ["verify", url], ["summarize", url], ["plot", url]):
        commands.run(*words, status=0)
    assert {kind: count for kind, (count, *_) in s3.proxy.table().items()} == {"list": 5}
    commands.run("export", url, tmp_path / "table", "--format", "csv", status=0)
    commands.run("rm-tag", url, "loss", "-o", tmp_path / "copy", "--closed", status=0)
    assert "nothing is changed" in commands.run("rm-tag", url, "loss", "--in-place", "--closed", status=2).err


def test_tensorboards_own_reader_on_the_store(s3, made, monkeypatch):
    """Its file system for s3://, with boto3: slices in order, as they appear."""
    monkeypatch.setenv("S3_ENDPOINT", s3.proxy.url)
    if "tensorflow" in sys.modules:
        pytest.skip("TensorFlow has a file system of its own")
    multiplexer = EventMultiplexer()
    for count in range(1, len(made) + 1):
        put(s3, made[:count])
        multiplexer.AddRunsFromDirectory(f"{s3.url}/runs")
        multiplexer.Reload()
    assert [event.step for event in multiplexer.Tensors("run", "loss")] == list(range(STEPS))
