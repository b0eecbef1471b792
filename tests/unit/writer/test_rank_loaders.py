"""What TensorBoard's two loaders show of the files of several ranks in one directory."""

import pytest
from support import tensorboards
from tickertape import SummaryWriter
from unit.writer.test_two_files import Watching

RANKS = 3


@pytest.fixture
def writers(tmp_path, monkeypatch):
    """A writer of each rank, all on one directory; none warns, since each is told that it is alone in its process."""
    monkeypatch.setenv("WORLD_SIZE", str(RANKS))
    opened = []
    for number in range(RANKS):
        monkeypatch.setenv("RANK", str(number))
        monkeypatch.setattr("tickertape.writer.file_writer._newest", {})
        opened.append(SummaryWriter(tmp_path / "logs" / "run"))
    yield opened
    for writer in opened:
        writer.close()


def log(writers, step):
    for number, writer in enumerate(writers):
        writer.add_scalar("loss", number, step)
        writer.flush()


def test_whole_files(tmp_path, writers):
    for step in range(4):
        log(writers, step)
    each = [[(step, float(number)) for step in range(4)] for number in range(RANKS)]
    assert tensorboards.plain(tmp_path / "logs", "loss") == {"run": [*each[0], *each[1], *each[2]]}
    # The fast loader drops a tag's points from a step on, if that step comes again.
    assert tensorboards.fast(tmp_path / "logs", "loss", tmp_path / "fast") == {"run": each[2]}


def test_the_plain_loader_follows_the_last_file_only(tmp_path, writers):
    log(writers, 0)
    tensorboard = Watching(tmp_path / "logs")
    for step in (1, 2):
        log(writers, step)
        tensorboard.look()
    assert tensorboard.look()["run", "loss"] == [0, 0, 0, 1, 2]
