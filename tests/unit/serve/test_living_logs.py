"""What the server shows while runs grow, appear, vanish, are renamed, and damaged."""

import shutil

import pytest
import tickertape
from support import tensorboards
from support.data_providers import served, until
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tickertape.serve.server import problems


def _log(directory, steps, tag="loss", **arguments):
    with tickertape.SummaryWriter(directory, **arguments) as writer:
        for step in steps:
            writer.add_scalar(tag, step, step)


def _steps(client, run="run", tag="loss"):
    return [step for step, _ in client.scalars().get(run, {}).get(tag, [])]


@pytest.mark.parametrize("poll", [False, True])
def test_new_values_tags_runs_and_files_show(tmp_path, monkeypatch, poll):
    if poll:  # as on a system without inotify
        monkeypatch.setattr("tickertape.reader.dir_watch._Inotify.open", lambda: None)
    with served(tmp_path, reload_secs=0.05 if poll else 1000.0) as client:
        assert client.runs() == set()
        with tickertape.SummaryWriter(tmp_path / "run") as writer:
            writer.add_scalar("loss", 0, 0)
            writer.flush()
            until(lambda: _steps(client) == [0])
            with pytest.warns(UserWarning, match="another writer of this process is open"):
                second = tickertape.SummaryWriter(tmp_path / "run", filename_suffix=".second")
            with second:
                for step in range(1, 4):  # both files grow in turn
                    writer.add_scalar("loss", step, step)
                    second.add_scalar("other", step, step)
                    writer.flush()
                    second.flush()
                    until(lambda step=step: _steps(client)[-1:] == [step] == _steps(client, tag="other")[-1:])
        _log(tmp_path / "new" / "deeper", [1])
        until(lambda: client.runs() == {"run", "new/deeper"})


def test_runs_vanish_and_are_renamed(tmp_path):
    for name in ("a", "b", "c/d"):
        _log(tmp_path / name, [1])
    with served(tmp_path, reload_secs=1000.0) as client:
        assert client.runs() == {"a", "b", "c/d"}
        shutil.rmtree(tmp_path / "a")
        until(lambda: client.runs() == {"b", "c/d"})
        (tmp_path / "b").rename(tmp_path / "new name")
        until(lambda: client.runs() == {"new name", "c/d"})
        (tmp_path / "c").rename(tmp_path / "e")
        until(lambda: client.runs() == {"new name", "e/d"})
        _log(tmp_path / "e" / "d", [2])  # the renamed directory is still watched
        until(lambda: _steps(client, "e/d") == [1, 2])


def test_the_directory_is_deleted_and_comes_again(tmp_path):
    logs = tmp_path / "logs"
    with served(logs, reload_secs=0.05) as client:  # not there yet
        assert client.runs() == set()
        _log(logs / "run", [1])
        until(lambda: client.runs() == {"run"})
        shutil.rmtree(logs)
        until(lambda: client.runs() == set())
        _log(logs / "run", [1, 2])
        until(lambda: _steps(client) == [1, 2])


def test_a_file_that_is_replaced_by_a_shorter_one(tmp_path):
    _log(tmp_path / "run", range(100))
    _log(tmp_path / "other", range(3))
    (file,) = (tmp_path / "run").iterdir()
    (other,) = (tmp_path / "other").iterdir()
    with served(tmp_path) as client:
        assert len(_steps(client)) == 100
        other.replace(file)
        until(lambda: _steps(client) == [0, 1, 2])


def test_restarts_void_what_tensorboard_says(tmp_path):
    for begin in (0, 5, 3):
        _log(tmp_path / "run", range(begin, begin + 10), purge_step=begin or None)
    with served(tmp_path) as client:
        shown = client.scalars()["run"]["loss"]
    assert shown == tensorboards.plain(tmp_path, "loss")["run"]
    assert [step for step, _ in shown] == list(range(13))


def test_a_tag_whose_values_are_all_void_stays_without_values(tmp_path):
    _log(tmp_path / "run", [7, 8], tag="gone")
    for begin in (9, 5):
        _log(tmp_path / "run", [begin], purge_step=begin)
    assert tensorboards.plain(tmp_path, "gone")["run"] == []
    with served(tmp_path) as client:
        assert client.scalars()["run"]["gone"] == []
        assert client.ask("list_scalars", "scalars")["run"]["gone"].max_step == 0


def test_damage_is_passed_over_and_told(tmp_path, caplog):
    _log(tmp_path / "run", range(1000))
    (file,) = (tmp_path / "run").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with served(tmp_path) as client:
        assert len(_steps(client)) == 999
        (found,) = problems(client.server.address)
    assert found["path"] == str(file)
    assert 0 < found["offset"] < len(content)
    assert found["bytes"] < 100
    assert f"{file}: skipped {found['bytes']} bytes at {found['offset']}: damaged" in caplog.text


def test_500_growing_runs(tmp_path):
    """Each new value of each run shows, also while all of them grow."""
    writers = [EventFileWriter(str(tmp_path / f"run{number}")) for number in range(50)]
    writers += [tickertape.SummaryWriter(tmp_path / f"run{number}") for number in range(50, 500)]
    try:
        with served(tmp_path) as client:
            for step in range(3):
                for writer in writers:
                    _add(writer, step)
                until(
                    lambda step=step: (
                        [_last(tags) for _, tags in sorted(client.scalars(downsample=1).items())]
                        == [step] * 500
                    )
                )
    finally:
        for writer in writers:
            writer.close()


def _last(tags):
    return tags["loss"][-1][0]


def _add(writer, step):
    if isinstance(writer, EventFileWriter):
        value = summary_pb2.Summary.Value(tag="loss", simple_value=step)
        writer.add_event(event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[value])))
    else:
        writer.add_scalar("loss", step, step)
    writer.flush()
