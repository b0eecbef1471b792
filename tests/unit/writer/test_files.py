"""Event files: their places, names and first records, and what happens if they cannot be made."""

import errno
import os
import re
import socket
import time
from pathlib import Path

import pytest
import torch
import torch.utils.tensorboard
from support import oracle
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tickertape.writer import FileWriter, SummaryWriter


def test_name_is_torchs(tmp_path):
    before = int(time.time())
    with SummaryWriter(tmp_path, filename_suffix=".suffix") as writer:
        path = Path(writer.file_writer.event_writer._file_name)
    match = re.fullmatch(r"events\.out\.tfevents\.(\d{10})\.(.+)\.(\d+)\.(\d+)\.suffix", path.name)
    assert match
    assert before <= int(match[1]) <= time.time()
    assert match[2] == socket.gethostname()
    assert int(match[3]) == os.getpid()
    assert path.parent == tmp_path
    assert oracle.event_files(tmp_path) == [path]


def test_first_event_is_on_disk_at_once(tmp_path):
    writer = SummaryWriter(tmp_path)
    (path,) = oracle.event_files(tmp_path)
    (event,) = oracle.load(path)
    assert event.file_version == "brain.Event:2"
    assert event.source_metadata.writer
    assert abs(event.wall_time - time.time()) < 60
    assert event.step == 0
    writer.close()
    assert len(oracle.load(path)) == 1


def test_names_never_clash(tmp_path):
    with pytest.warns(UserWarning, match="another writer of this process"):
        writers = [SummaryWriter(tmp_path) for _ in range(20)]
    for number, writer in enumerate(writers):
        writer.add_scalar("n", number, 0)
        writer.close()
    assert len(oracle.event_files(tmp_path)) == 20
    assert sorted(value for _, _, value in oracle.values(tmp_path)) == list(range(20))


def test_purge_step_as_torch(tmp_path):
    """torch writes a second version event for the step; ours is the file's first. torch leaves their times out.

    torch writes one session start, which TensorBoard takes for the run's beginning; ours come in twos.
    """
    oracle.both(tmp_path, lambda writer: writer.add_scalar("a", 1, 7, oracle.WALLTIME), purge_step=7)
    theirs, ours = (oracle.load(*oracle.event_files(tmp_path / name)) for name in ("torch", "ours"))
    del theirs[0], ours[2]
    for event in (*theirs[:2], *ours[:2]):
        event.ClearField("wall_time")
        event.ClearField("source_metadata")
    assert ours == theirs
    assert ours[0].file_version == "brain.Event:2"
    assert ours[0].step == ours[1].step == 7
    assert ours[1].session_log.status == 1


def test_purge_step_at_first_opening_only(tmp_path):
    writer = SummaryWriter(tmp_path, purge_step=3)
    writer.close()
    writer.add_scalar("a", 1, 4)
    writer.close()
    first, second = map(oracle.load, oracle.event_files(tmp_path))
    assert [event.WhichOneof("what") for event in first] == ["file_version", "session_log", "session_log"]
    assert [event.WhichOneof("what") for event in second] == ["file_version", "summary"]


def test_tensorboard_hides_what_purge_step_says(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(10):
            writer.add_scalar("a", 0, step)
    with SummaryWriter(tmp_path, purge_step=6) as writer:
        for step in range(6, 9):
            writer.add_scalar("a", 1, step)
    accumulator = EventAccumulator(str(tmp_path))
    accumulator.Reload()
    points = [(event.step, event.tensor_proto.float_val[0]) for event in accumulator.Tensors("a")]
    assert points == [(step, 0) for step in range(6)] + [(step, 1) for step in range(6, 9)]


@pytest.mark.parametrize("unset", [None, "", b""])
def test_default_directory(tmp_path, monkeypatch, unset):
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(unset, comment="_lr=0.1") as writer:
        name = Path(writer.get_logdir()).relative_to("runs").name
        assert writer.file_writer.get_logdir() == f"{tmp_path}/runs/{name}"
    assert re.fullmatch(
        r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_" + re.escape(socket.gethostname()) + "_lr=0.1", name
    )


def test_repr_shows_the_directory(tmp_path):
    class Mine(SummaryWriter):
        pass

    with Mine(tmp_path / "run") as writer:
        assert repr(writer) == f"<Mine on '{tmp_path}/run'>"
    assert repr(writer) == f"<Mine on '{tmp_path}/run'>"


def test_comment_is_ignored_beside_log_dir(tmp_path, monkeypatch):
    monkeypatch.setattr("tickertape.convert.notices._told", set())
    with pytest.warns(UserWarning, match="comment: '_x' has no effect") as told:
        writer = SummaryWriter(str(tmp_path / "run"), comment="_x")
    SummaryWriter(str(tmp_path / "other"), comment="_x").close()  # once
    assert [warning.filename for warning in told] == [__file__]
    with writer:
        assert writer.get_logdir() == str(tmp_path / "run")
        assert writer.log_dir == str(tmp_path / "run")


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_log_dir_kinds(tmp_path, kind):
    directory = tmp_path / "deep" / "er" / "räum 1"
    with SummaryWriter(kind(str(directory))) as writer:
        writer.add_scalar("a", 1, 0)
        assert isinstance(writer.get_logdir(), Path if kind is Path else str)
    assert oracle.values(directory) == [("a", 0, 1.0)]


@pytest.mark.parametrize(
    "given", ["runs/a", "./runs/a", Path("runs/a"), "runs//a/", "/{tmp}/runs/a", Path("/{tmp}/runs/a")]
)
def test_log_dir_is_what_was_given_as_in_torch(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    given = type(given)(str(given).replace("/{tmp}", str(tmp_path)))
    with torch.utils.tensorboard.SummaryWriter(given) as theirs, SummaryWriter(given) as ours:
        assert ours.log_dir is given
        assert (ours.get_logdir(), ours.log_dir) == (theirs.get_logdir(), theirs.log_dir)
        assert Path(ours.file_writer.get_logdir()).samefile(theirs.file_writer.get_logdir())
        assert Path(ours.file_writer.get_logdir()).is_absolute()


@pytest.mark.parametrize(
    "given", ["~/räum 1", Path("~/räum 1"), "file://{home}/räum 1", "file://localhost{home}/r%C3%A4um%201"]
)
def test_home_and_file_urls(tmp_path, monkeypatch, given):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    given = type(given)(str(given).replace("{home}", str(tmp_path))) if "file" in str(given) else given
    with SummaryWriter(given) as writer:
        writer.add_scalar("a", 1, 0)
        assert str(writer.log_dir) == str(writer.get_logdir()) == str(tmp_path / "räum 1")
        assert isinstance(writer.log_dir, type(given))
    assert oracle.values(tmp_path / "räum 1") == [("a", 0, 1.0)]
    assert [path.name for path in tmp_path.iterdir()] == ["räum 1"]


@pytest.mark.parametrize(
    "url", ["nosuch://bucket/run", "https://x/y", "HTTP://x/y", "s3://", "memory://x/../y"]
)
def test_urls_that_nobody_can_write_to(url):
    with pytest.raises(ValueError, match=r"log_dir: expected a URL "):
        SummaryWriter(url)


@pytest.mark.parametrize("url", ["file://host/path", "file://", "file://x"])
def test_file_urls_of_other_machines(url):
    with pytest.raises(ValueError, match="log_dir: expected file:///path"):
        SummaryWriter(url)


@pytest.mark.parametrize("comment", ["/../..", "/..", "/../../x", "/x/../..", "a\0"])
def test_comment_stays_inside_runs(tmp_path, monkeypatch, comment):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ValueError, match="comment: expected"):
        SummaryWriter(comment=comment)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert not list((tmp_path / "here").iterdir())


def test_comment_may_name_a_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="/..x/y..") as writer:
        assert writer.log_dir.endswith("/..x/y..")
        assert Path(writer.log_dir).is_dir()


def test_relative_log_dir_survives_chdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter("run")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    writer.add_scalar("a", 1, 0)
    writer.add_scalars("b", {"c": 2}, 0)
    writer.close()
    writer.add_scalar("a", 2, 1)
    writer.close()
    assert sorted(oracle.values(tmp_path / "run")) == [("a", 0, 1.0), ("a", 1, 2.0)]
    assert oracle.values(tmp_path / "run" / "b_c") == [("b", 0, 2.0)]
    assert not list(elsewhere.iterdir())


def _file(tmp_path):
    (tmp_path / "file").write_text("")
    return tmp_path / "file"


BAD_DIRECTORIES = {
    "is a file": (_file, OSError, {errno.ENOTDIR, errno.EEXIST}),
    "below a file": (lambda tmp_path: _file(tmp_path) / "run", OSError, {errno.ENOTDIR}),
    "unwritable": (lambda _: "/proc/tickertape", OSError, {errno.ENOENT, errno.EACCES, errno.EPERM}),
    "too long": (lambda tmp_path: tmp_path / ("x" * 300), OSError, {errno.ENAMETOOLONG}),
    "NUL": (lambda tmp_path: f"{tmp_path}/a\0b", ValueError, None),
    "URL": (lambda _: "nosuch://bucket/run", ValueError, None),
    "number": (lambda _: 5, TypeError, None),
    "list": (lambda _: ["a"], TypeError, None),
}


@pytest.mark.parametrize("make", [SummaryWriter, FileWriter])
@pytest.mark.parametrize("case", BAD_DIRECTORIES)
def test_bad_log_dir(tmp_path, case, make):
    directory, error, numbers = BAD_DIRECTORIES[case]
    path = directory(tmp_path)
    with pytest.raises(error) as caught:
        make(path)
    if numbers:
        assert caught.value.errno in numbers
        assert str(path) in str(caught.value.filename)
    else:
        assert "log_dir" in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("filename_suffix", "a/b", ValueError),
        ("filename_suffix", "a\0b", ValueError),
        ("filename_suffix", 5, TypeError),
        ("purge_step", "x", ValueError),
        ("purge_step", [], TypeError),
        ("purge_step", 2**63, ValueError),
        ("max_queue", "many", TypeError),
        ("flush_secs", None, TypeError),
        ("comment", 5, TypeError),
    ],
)
def test_bad_constructor_argument(tmp_path, monkeypatch, argument, value, error):
    monkeypatch.chdir(tmp_path)
    where = {} if argument == "comment" else {"log_dir": "run"}
    with pytest.raises(error, match=argument):
        SummaryWriter(**where, **{argument: value})
    assert not list(tmp_path.glob("**/*tfevents*"))


def test_add_scalars_directory_that_cannot_be_made(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        (tmp_path / "run" / "main_taken").write_text("")
        writer.add_scalar("before", 1, 0)
        with pytest.raises(OSError, match="main_taken"):
            writer.add_scalars("main", {"free": 1, "taken": 2}, 0)
        writer.add_scalar("after", 1, 0)
    assert [tag for tag, _, _ in oracle.values(tmp_path / "run")] == ["before", "after"]
    assert oracle.values(tmp_path / "run" / "main_free") == []


def test_a_deleted_working_directory_does_not_matter(run_script, tmp_path):
    run_script(
        """
import os, sys
from tickertape import SummaryWriter
os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
with SummaryWriter(sys.argv[1]) as writer:
    writer.add_scalar("a", 1.0, 1)
    writer.add_scalars("b", {"x": 2.0}, 1)
    writer.add_hparams({"lr": 0.1}, {"loss": 3.0}, run_name="r")
    writer.close()
    writer.add_scalar("a", 4.0, 2)
""",
        tmp_path / "logs",
    )
    values = [value for _, _, value in oracle.values(tmp_path / "logs") if value]
    assert values == [1.0, 4.0]
    assert [path.is_dir() for path in (tmp_path / "logs" / "b_x", tmp_path / "logs" / "r")] == [True, True]
