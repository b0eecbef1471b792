"""read() says if events of a killed process are in no file yet; `tickertape ls` says the same, since it reads by it."""

import warnings

import pytest
import tickertape
from support import left_events


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """A log directory with a run whose process was killed, and one that is complete."""
    rings = tmp_path / "rings"
    with tickertape.SummaryWriter(tmp_path / "logs" / "whole") as writer:
        writer.add_scalar("a", 1, 1)
    monkeypatch.setenv("TICKERTAPE_RING_DIR", str(rings))
    left_events.leave(tmp_path / "logs" / "killed", rings, 2)
    return tmp_path / "logs"


def test_it_is_said_once_and_is_a_problem_until_it_is_recovered(logs):
    runs = tickertape.read(logs)
    with pytest.warns(RuntimeWarning, match=f"2 events for {logs} in its op ring") as caught:
        assert runs["killed"].scalars["a"].step.tolist() == [0]
    (warning,) = caught
    assert warning.filename == __file__
    (problem,) = runs.problems
    assert (problem.path, problem.bytes) == (str(logs), 0)
    assert f"`tickertape repair {logs}` puts them into their files" in problem.cause
    assert runs.refresh().problems == [problem]  # and no second warning, which would be an error
    tickertape.recover(logs)
    assert runs.refresh().problems == []
    assert runs["killed"].scalars["a"].step.tolist() == [0, 1, 2]


def test_directories_that_it_does_not_concern(logs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tickertape.read(logs / "whole").problems == []
    file = next((logs / "killed").iterdir())
    with pytest.warns(RuntimeWarning, match="2 events for"):
        assert len(tickertape.read([logs / "whole", file]).problems) == 1
    for bundle in tickertape.reader.bundles(logs):  # a task of a cluster is not where the process was
        assert bundle.read().problems == []


def test_reading_changes_nothing(logs):
    def state():
        return {
            path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
            for path in logs.parent.rglob("*")
        }

    before = state()
    with pytest.warns(RuntimeWarning):
        assert len(tickertape.read(logs)) == 2
    assert state() == before
