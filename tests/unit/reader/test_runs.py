"""tickertape.read(): which runs and files there are, beside TensorBoard's own answer, and what is said of the rest."""

import gzip
import os
import pickle
import re
import shutil
import threading

import numpy as np
import pytest
import tickertape
from support import oracle, tensorboards
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary


def scalar(step, value=1.0, tag="a", wall_time=None):
    value = Summary.Value(tag=tag, simple_value=value)
    return Event(
        step=step, wall_time=step if wall_time is None else wall_time, summary=Summary(value=[value])
    )


def start(step):
    return Event(step=step, session_log=SessionLog(status=SessionLog.START))


VERSION = Event(file_version="brain.Event:2")


def write(path, *events):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    return path


def name(seconds, counter=0, suffix=""):
    return f"events.out.tfevents.{seconds}.host.7.{counter}{suffix}"


def runs_of_tensorboard(directory):
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(directory))
    return set(multiplexer.Runs())


@pytest.fixture
def logdir(tmp_path):
    """A directory as people have them: nested runs, links, files of other kinds."""
    top = tmp_path / "logs"
    write(top / name(1), scalar(0))
    write(top / "a" / name(1), scalar(1))
    write(top / "a" / "eval" / name(1), scalar(2))
    write(top / "b" / (name(1) + ".v2"), scalar(3))
    (top / "b" / (name(2) + ".profile-empty")).write_bytes(b"")
    (top / "checkpoints").mkdir()
    (top / "checkpoints" / "model.pt").write_bytes(b"weights")
    write(tmp_path / "elsewhere" / "deep" / name(1), scalar(4))
    (top / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    write(tmp_path / "file" / name(9), scalar(5))
    (top / "link_to_file").mkdir()
    (top / "link_to_file" / name(9)).symlink_to(tmp_path / "file" / name(9))
    return top


def test_runs_are_named_as_tensorboard_names_them(logdir):
    runs = tickertape.read(logdir)
    assert set(runs) == runs_of_tensorboard(logdir)
    assert set(runs) == {".", "a", "a/eval", "b", "linked/deep", "link_to_file"}
    assert {run: runs[run].scalars["a"].step.tolist() for run in runs} == {
        ".": [0], "a": [1], "a/eval": [2], "b": [3], "linked/deep": [4], "link_to_file": [5],
    }  # fmt: skip


def test_links_in_a_circle_end(logdir):
    (logdir / "a" / "up").symlink_to(logdir, target_is_directory=True)
    (logdir / "b" / "itself").symlink_to("itself")
    (logdir / "a" / "eval" / "same").symlink_to(logdir / "a" / "eval", target_is_directory=True)
    runs = tickertape.read(logdir)
    assert {"a", "a/eval", "b"} <= set(runs)
    assert not [run for run in runs if run.startswith("a/up/a/up")]


def test_a_file_a_list_and_a_run(logdir):
    (file,) = oracle.event_files(logdir / "a")
    assert list(tickertape.read(file)) == ["."]
    assert list(tickertape.read(os.fsencode(file))) == ["."]
    assert list(tickertape.read([logdir / "a", logdir / "b"])) == ["a", "a/eval", "b"]
    assert list(tickertape.read([file, str(logdir / "b")])) == ["a", "b"]
    assert list(tickertape.read([logdir / "a", logdir / "a"])) == [".", "eval"]
    assert list(tickertape.read(logdir / "a")) == [".", "eval"]


def test_files_are_in_the_order_of_their_making(tmp_path):
    order = [
        name(9, 3),
        name(10, 2),
        name(10, 9),
        name(10, 9, ".recovered.000000"),
        name(10, 10, "_suffix"),
        name(100, 1, ".v2"),
        "events.out.tfevents.1000.no-counter",
    ]
    for number, file in enumerate(reversed(order)):
        write(tmp_path / file, scalar(len(order) - 1 - number))
    runs = tickertape.read(tmp_path)
    assert [path.name for path in runs["."].files] == order
    assert runs["."].scalars["a"].step.tolist() == list(range(len(order)))
    assert [path.name for path in tickertape.reader.event_files(tmp_path)] == order
    assert runs.scalars.column("file").tolist() == [str(tmp_path / file) for file in order]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "pointer of git-lfs"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
        (b"<html><head></head></html>", "HTML page"),
        (gzip.compress(b"x" * 100), "gzip"),
        (b"PK\x03\x04" + bytes(100), "zip"),
    ],
)
def test_what_is_no_event_file_is_named(tmp_path, content, said):
    write(tmp_path / name(1), scalar(1))
    path = tmp_path / name(2)
    path.write_bytes(content)
    runs = tickertape.read(tmp_path)
    with pytest.warns(tickertape.DamageWarning, match=said) as caught:
        assert runs.scalars["a"].step.tolist() == [1]
    assert len(caught) == 1
    (problem,) = runs.problems
    assert (problem.path, problem.offset, problem.bytes) == (str(path), 0, len(content))
    assert said in problem.cause


def test_paths_that_have_no_event_files(tmp_path, logdir):
    with pytest.raises(
        FileNotFoundError, match=r"logdir: .*nowhere' ?, which does not exist; event files are in .*logs'"
    ):
        tickertape.read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty', which is empty; event files are in "):
        tickertape.read(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"which holds 'model.pt'; event files are in .*logs"):
        tickertape.read(logdir / "checkpoints")
    with pytest.raises(FileNotFoundError, match="checkpoints"):
        tickertape.read([logdir / "a", logdir / "checkpoints"])
    with pytest.raises(ValueError, match="empty list"):
        tickertape.read([])
    with pytest.raises(TypeError, match=r"logdir: expected a path or a list of paths, got int"):
        tickertape.read(3)
    os.mkfifo(tmp_path / "fifo.tfevents")
    with pytest.raises(ValueError, match="logdir: expected a directory or a file"):
        tickertape.read(tmp_path / "fifo.tfevents")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"kinds": ["scalar"]}, ValueError, "kinds: expected some of 'scalars'"),
        ({"kinds": 3}, TypeError, "kinds: expected a list of str, got int"),
        ({"restarts": "none"}, ValueError, "restarts: expected one of 'as-tensorboard'"),
        ({"steps": 3}, TypeError, "steps: expected a pair"),
        ({"steps": (3, 1)}, ValueError, "steps: expected .*first <= last"),
        ({"steps": ("a", 1)}, TypeError, "steps: expected a pair of int or None"),
        ({"tags": 3}, TypeError, "tags: expected a str"),
        ({"runs": [3]}, TypeError, "runs: expected a str"),
    ],
)
def test_bad_arguments(logdir, arguments, error, said):
    with pytest.raises(error, match=said):
        tickertape.read(logdir, **arguments)


def test_filters(tmp_path):
    for run in ("big/seed_0", "big/seed_1", "small/seed_0"):
        events = [scalar(step, tag=tag) for step in range(4) for tag in ("loss/train", "loss/eval", "acc[0]")]
        write(tmp_path / run / name(1), *events)

    def found(**arguments):
        table = tickertape.read(tmp_path, **arguments).scalars
        return set(zip(table.column("run"), table.column("tag"), table.column("step").tolist(), strict=True))

    everything = found()
    assert len(everything) == 3 * 4 * 3

    def some(chosen):
        return {row for row in everything if chosen(*row)}

    assert found(runs="big/*") == some(lambda run, tag, step: run.startswith("big/"))
    assert found(runs=["big/seed_0", "small*"]) == some(lambda run, tag, step: run != "big/seed_1")
    assert found(tags="loss/*") == some(lambda run, tag, step: tag.startswith("loss"))
    assert found(tags=re.compile("train$|acc")) == some(lambda run, tag, step: tag != "loss/eval")
    assert found(tags="acc[0]") == some(lambda run, tag, step: tag == "acc[0]")
    assert found(tags=lambda tag: tag == "acc[0]") == some(lambda run, tag, step: tag == "acc[0]")
    assert found(steps=(1, 2)) == some(lambda run, tag, step: 1 <= step <= 2)
    assert found(steps=(2, None)) == some(lambda run, tag, step: step >= 2)
    assert found(steps=(None, 0), runs="small/*", tags="loss/*") == some(
        lambda run, tag, step: step == 0 and run.startswith("small") and tag.startswith("loss")
    )
    assert found(kinds="images") == set()
    assert found(kinds=["images", "scalars"]) == everything


def test_refresh_reads_what_is_new(tmp_path):
    path = write(tmp_path / "a" / name(1), scalar(1))
    runs = tickertape.read(tmp_path)
    table = runs.scalars
    before = runs["a"]
    assert table["a"].step.tolist() == [1]
    assert runs.refresh() is runs
    assert runs["a"] is before
    with path.open("ab") as file:
        file.write(oracle.frame(scalar(2).SerializeToString()))
        file.write(oracle.frame(scalar(3).SerializeToString())[:-5])  # not whole yet: no damage
    write(tmp_path / "a" / name(2), scalar(4))
    write(tmp_path / "b" / name(1), scalar(5))
    assert runs["a"].scalars["a"].step.tolist() == [1]
    runs.refresh()
    assert table["a"].step.tolist() == [1]
    assert runs["a"].scalars["a"].step.tolist() == [1, 2, 4]
    assert runs["b"].scalars["a"].step.tolist() == [5]
    with path.open("ab") as file:
        file.write(oracle.frame(scalar(3).SerializeToString())[-5:])
    assert runs.refresh()["a"].scalars["a"].step.tolist() == [1, 2, 3, 4]
    assert runs.problems == []
    write(path, VERSION, scalar(7))  # started over: another file of this name
    assert runs.refresh()["a"].scalars["a"].step.tolist() == [7, 4]
    shutil.rmtree(tmp_path / "b")
    assert list(runs.refresh()) == ["a"]


def test_damage_is_told_once_a_file_and_stays_in_problems(tmp_path):
    records = [oracle.frame(scalar(step).SerializeToString()) for step in range(10)]
    path = tmp_path / name(1)
    path.write_bytes(
        b"".join(records[:3]) + b"garbage" + b"".join(records[3:7]) + b"more" + b"".join(records[7:])
    )
    offset = len(b"".join(records[:3]))
    runs = tickertape.read(tmp_path)
    with pytest.warns(tickertape.DamageWarning) as caught:
        assert runs.scalars["a"].step.tolist() == list(range(10))
    (warning,) = [one.message for one in caught]
    assert (warning.path, warning.regions[0]) == (str(path), (offset, 7))
    assert len(warning.regions) == 2
    assert str(pickle.loads(pickle.dumps(warning))) == str(warning)
    assert [(problem.path, problem.offset, problem.bytes) for problem in runs.problems] == [
        (str(path), at, size) for at, size in warning.regions
    ]
    runs.refresh()
    assert len(runs.problems) == 2
    assert runs["."].problems == runs.problems


def test_restarts(tmp_path):
    write(tmp_path / name(1), VERSION, *[scalar(step, 1) for step in range(8)])
    write(tmp_path / name(2), VERSION, start(5), *[scalar(step, 2) for step in range(5, 10)])
    write(tmp_path / name(3), VERSION, start(8), *[scalar(step, 3) for step in range(8, 12)])

    def found(restarts):
        scalars = tickertape.read(tmp_path, restarts=restarts).scalars["a"]
        return list(zip(scalars.step.tolist(), scalars.value.tolist(), strict=True))

    assert found("as-tensorboard") == tensorboards.plain(tmp_path, "a")["."]
    newest = [*((s, 1) for s in range(5)), *((s, 2) for s in range(5, 8)), *((s, 3) for s in range(8, 12))]
    assert found("newest") == newest
    assert len(found("all")) == 8 + 5 + 4


def test_runs_that_went_on_without_a_mark(tmp_path):
    write(tmp_path / name(1), VERSION, *[scalar(step, 1) for step in range(8)])
    write(tmp_path / name(2), VERSION, *[scalar(step, 2) for step in range(5, 10)])
    assert len(tickertape.read(tmp_path).scalars) == 13
    newest = tickertape.read(tmp_path, restarts="newest").scalars["a"]
    assert newest.step.tolist() == list(range(10))
    assert newest.value.tolist() == [1] * 5 + [2] * 5


def test_it_is_a_mapping_that_prints_as_a_table(logdir):
    runs = tickertape.read(logdir)
    assert len(runs) == 6
    assert "a/eval" in runs
    assert "nothing" not in runs
    with pytest.raises(KeyError, match=r"nothing.*the (runs are|only run is)"):
        _ = runs["nothing"]
    text = repr(runs)
    assert "Runs: 6" in text
    assert re.search(r"^a/eval +1 +1 +2$", text, re.MULTILINE)
    assert repr(runs["a"]) == "Run('a': 1 scalars)"
    assert runs["a"].tags == {"scalars": ["a"]}


def test_many_threads_read_once(logdir):
    runs = tickertape.read(logdir)
    found = []
    threads = [threading.Thread(target=lambda: found.append(len(runs.scalars))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [6] * 8


def test_progress_is_told(logdir):
    told = []
    runs = tickertape.read(logdir, progress=lambda done, total: told.append((done, total)))
    assert told == []
    size = sum(file.stat().st_size for run in runs.values() for file in run.files)
    assert told[-1] == (size, size)


def test_names_that_are_not_utf8(tmp_path):
    folder = tmp_path / "run\udcff"
    write(folder / os.fsdecode(b"events.out.tfevents.1.\xff\xfe"), scalar(1))
    runs = tickertape.read(tmp_path)
    assert list(runs) == ["run\udcff"]
    assert runs["run\udcff"].scalars["a"].step.tolist() == [1]


def test_what_read_scalars_and_find_runs_say_is_the_same(logdir):
    runs = tickertape.read(logdir)
    assert {run: runs[run].files for run in runs} == tickertape.reader.find_runs(logdir)
    for run in runs.values():
        thin = tickertape.read_scalars(run.files[0].parent)
        assert {tag: [column.tolist() for column in thin[tag]] for tag in thin} == {
            tag: [column.tolist() for column in run.scalars[tag]] for tag in run.scalars.tags
        }


def test_scalars_of_one_file_are_the_index_memory(logdir):
    scalars = tickertape.read(logdir)["a"].scalars
    again = scalars["a"]
    assert all(np.shares_memory(one, other) for one, other in zip(scalars["a"], again, strict=True))
    assert not scalars["a"].value.flags.writeable


def test_a_warning_names_the_line_that_asked(tmp_path):
    """Also if the runs are read below Mapping's own methods, which are frozen into the interpreter."""
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 0)
        writer.flush()
    file = next(tmp_path.iterdir())
    data = bytearray(file.read_bytes())
    data[14] ^= 1
    file.write_bytes(data)
    for ask in (lambda runs: list(runs.items()), lambda runs: "x" in runs, lambda runs: runs.get("x")):
        with pytest.warns(tickertape.reader.DamageWarning) as found:
            ask(tickertape.read(tmp_path))
        assert {warning.filename for warning in found} == {__file__}


def test_the_columns_of_a_tag_as_data_frames(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("a", step / 2, step)
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    scalars = tickertape.read(tmp_path).scalars["a"]
    for frame in (
        scalars.to_pandas(),
        scalars.to_polars(),
        scalars.to_arrow().to_pandas(),
        scalars.to_dict(),
    ):
        assert list(getattr(frame, "columns", frame)) == ["step", "wall_time", "value"]
        assert list(frame["value"]) == [0.0, 0.5, 1.0]
