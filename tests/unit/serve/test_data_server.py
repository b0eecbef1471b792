"""`tickertape-data-server` as TensorBoard starts it, and alone."""

import subprocess

import pytest
import tickertape
from support import boards


@pytest.fixture
def directory(tmp_path):
    with tickertape.SummaryWriter(tmp_path / "logs" / "run") as writer:
        for step in range(10):
            writer.add_scalar("loss", step / 2, step)
    return tmp_path / "logs"


def test_tensorboard_starts_it(directory):
    with boards.started(directory) as board:
        assert board.json("plugin/scalars/tags") == {
            "run": {"loss": {"displayName": "loss", "description": ""}}
        }
        points = board.json("plugin/scalars/scalars", run="run", tag="loss")
        assert [(step, value) for _, step, value in points] == [(step, step / 2) for step in range(10)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--reload=never"], "reload: expected seconds or 'once', got 'never'"),
        (["--samples-per-plugin=images"], "samples-per-plugin: expected pairs such as"),
        (["--samples-per-plugin=images=-1"], "samples-per-plugin: expected pairs such as"),
    ],
)
def test_wrong_arguments(directory, arguments, words):
    done = subprocess.run(
        [boards.DATA_SERVER, "--logdir", directory, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr


def test_why_it_cannot_start_is_in_the_error_file(directory, tmp_path):
    error_file = tmp_path / "error"
    done = subprocess.run(
        [boards.DATA_SERVER, "--logdir", directory, "--host", "256.0.0.1", "--error-file", error_file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert error_file.read_text().startswith("port: expected one that is free at 256.0.0.1, got 0")
