"""Exports: what pyarrow, polars, pandas and json read of them, added to as runs grow, and whatever was killed when."""

import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import duckdb
import polars as pl
import pyarrow.dataset
import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape.reader import formats

FORMATS = ("parquet", "arrow", "csv", "jsonl")
ODD = "a/b =%"  # a run whose name file systems and URLs would take apart


def scalar(step, value=1.0, tag="loss"):
    return Event(
        step=step, wall_time=step / 3, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    )


def append(path, *events):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        events = (Event(file_version="brain.Event:2"), *events)
    with path.open("ab") as file:
        file.writelines(oracle.frame(event.SerializeToString()) for event in events)


def log(top, run, *events, seconds=1):
    append(top / run / f"events.out.tfevents.{seconds}.h.1.0", *events)


def load(directory, form):
    """Every row of a data set, by other people's readers, as (run, tag, step, wall_time, value)."""
    if form == "parquet":
        files = str(directory / "*" / "*.parquet")
        query = (
            f"select run, tag, step, wall_time, value from read_parquet('{files}', hive_partitioning=true)"
        )
        rows = duckdb.sql(query).fetchall()
        table = pyarrow.dataset.dataset(directory, format="parquet", partitioning="hive").to_table()
        columns = [table.column(name).to_pylist() for name in ("run", "tag", "step", "wall_time", "value")]
        assert sorted(rows) == sorted(zip(*columns, strict=True))
        return rows
    rows = []
    for path in sorted(directory.glob(f"run=*/*.{form}")):
        run = unquote(path.parent.name.removeprefix("run="))
        if form == "arrow":
            part = pl.read_ipc(path).select("tag", "step", "wall_time", "value").rows()
        elif form == "csv":
            lines = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))
            part = [
                (row["tag"], int(row["step"]), float(row["wall_time"]), float(row["value"])) for row in lines
            ]
        else:
            part = (tuple(json.loads(line).values()) for line in path.read_text().splitlines())
        rows += [(run, *row) for row in part]
    return rows


def expected(top, **arguments):
    return [tuple(row) for row in tickertape.read(top, **arguments).scalars]


@pytest.mark.parametrize("form", FORMATS)
def test_what_others_read_is_what_was_logged(tmp_path, form):
    log(
        tmp_path / "logs",
        "a",
        *[scalar(step, 1 / (step + 1)) for step in range(100)],
        scalar(5, 0.25, 't, "q"\nü'),
    )
    log(tmp_path / "logs", ODD, *[scalar(step, -step) for step in range(10)])
    report = tickertape.read(tmp_path / "logs").export(tmp_path / "out", format=form)
    assert (report.rows, len(report.files), report.rewritten) == (111, 2, [])
    assert sorted(load(tmp_path / "out", form)) == sorted(expected(tmp_path / "logs"))


@pytest.mark.parametrize("form", FORMATS)
def test_only_what_is_new_is_added(tmp_path, form):
    logs, out = tmp_path / "logs", tmp_path / "out"
    log(logs, "a", *map(scalar, range(10)))
    runs = tickertape.read(logs)
    assert runs.export(out, format=form).rows == 10
    (first,) = out.glob(f"run=a/*.{form}")
    content, inode = first.read_bytes(), first.stat().st_ino
    assert runs.refresh().export(out, format=form).rows == 0
    log(logs, "a", *map(scalar, range(10, 13)), scalar(3, 2.0, "other"))
    log(logs, "a", scalar(20), seconds=2)
    log(logs, "b", scalar(1))
    report = runs.refresh().export(out, format=form)
    assert (report.rows, len(report.files)) == (6, 2)
    assert (first.read_bytes(), first.stat().st_ino) == (content, inode)
    assert sorted(load(out, form)) == sorted(expected(logs))
    assert tickertape.read(logs).export(out, format=form).rows == 0  # another process would find the same


def test_a_restart_that_voids_exported_rows_writes_the_run_anew(tmp_path):
    logs, out = tmp_path / "logs", tmp_path / "out"
    start = Event(step=0, session_log=SessionLog(status=SessionLog.START))
    log(logs, "a", start, *[scalar(step, 1) for step in range(10)])
    log(logs, "b", *map(scalar, range(3)))
    runs = tickertape.read(logs)
    runs.export(out)
    restart = Event(step=5, session_log=SessionLog(status=SessionLog.START))
    log(logs, "a", restart, *[scalar(step, 2) for step in range(5, 8)], seconds=2)
    report = runs.refresh().export(out)
    assert (report.rewritten, report.rows) == (["a"], 8)
    assert sorted(load(out, "parquet")) == sorted(expected(logs))


def test_files_that_are_replaced_or_gone_write_the_run_anew(tmp_path):
    logs, out = tmp_path / "logs", tmp_path / "out"
    log(logs, "a", *map(scalar, range(10)))
    log(logs, "a", *map(scalar, range(10, 15)), seconds=2)
    tickertape.read(logs).export(out, format="csv")
    (logs / "a" / "events.out.tfevents.2.h.1.0").unlink()
    report = tickertape.read(logs).export(out, format="csv")
    assert (report.rewritten, report.rows) == (["a"], 10)
    assert sorted(load(out, "csv")) == sorted(expected(logs))


def test_numbers_that_json_and_csv_have_no_word_for(tmp_path):
    log(
        tmp_path / "logs",
        "a",
        *[scalar(step, value) for step, value in enumerate([math.nan, math.inf, -math.inf])],
    )
    runs = tickertape.read(tmp_path / "logs")
    runs.export(tmp_path / "json", format="jsonl")
    assert [row[-1] for row in load(tmp_path / "json", "jsonl")] == ["NaN", "Infinity", "-Infinity"]
    runs.export(tmp_path / "csv", format="csv")
    assert repr([row[-1] for row in load(tmp_path / "csv", "csv")]) == "[nan, inf, -inf]"


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_polars_alone_writes_the_same(tmp_path, form, monkeypatch):
    log(tmp_path / "logs", "a", *map(scalar, range(10)), scalar(1, 1.0, "other"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow.ipc", None)
    assert formats._writer(form)[0] == "polars"
    tickertape.read(tmp_path / "logs").export(tmp_path / "out", format=form)
    (path,) = (tmp_path / "out" / "run=a").iterdir()
    frame = (pl.read_parquet if form == "parquet" else pl.read_ipc)(path)
    assert frame.rows() == [row[1:] for row in expected(tmp_path / "logs")]
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ModuleNotFoundError, match=f"format: '{form}' needs pyarrow or polars"):
        tickertape.read(tmp_path / "logs").export(tmp_path / "out", format=form)


def test_directories_that_are_something_else(tmp_path):
    log(tmp_path / "logs", "a", scalar(1))
    runs = tickertape.read(tmp_path / "logs")
    with pytest.raises(ValueError, match="format: expected one of 'parquet'"):
        runs.export(tmp_path / "out", format="xlsx")
    with pytest.raises(ValueError, match="directory: expected an empty directory or an earlier export"):
        runs.export(tmp_path / "logs")
    runs.export(tmp_path / "out", format="csv")
    with pytest.raises(ValueError, match="format: expected 'csv' as in the earlier export"):
        runs.export(tmp_path / "out", format="jsonl")
    with pytest.raises(ValueError, match="restarts: expected 'as-tensorboard'"):
        tickertape.read(tmp_path / "logs", restarts="all").export(tmp_path / "out", format="csv")


KILLED = """
import os, signal, sys
from pathlib import Path
from urllib.parse import unquote

# Dies at the n-th of the calls that change the disk, before or behind it.
left = int(sys.argv[2])
def deadly(function):
    def call(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **named)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
os.fsync = deadly(os.fsync)
Path.replace = deadly(Path.replace)
Path.unlink = deadly(Path.unlink)
Path.mkdir = deadly(Path.mkdir)
import tickertape
tickertape.read("logs").export("out", format=sys.argv[1])
"""


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_killed_at_every_step_each_scalar_is_there_once(tmp_path, form):
    script = tmp_path / "export.py"
    script.write_text(KILLED)
    logs, out = tmp_path / "logs", tmp_path / "out"
    environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
    deaths = 0
    for step in range(1, 200):
        for run in "ab":
            log(logs, run, scalar(step, step))
        ended = subprocess.run(
            [sys.executable, script, form, str(step)], cwd=tmp_path, env=environment, timeout=60, check=False
        )
        assert ended.returncode in (0, -signal.SIGKILL)
        before = list(load(out, form)) if out.exists() else []
        assert len(set(before)) == len(before)  # nothing twice, at any moment
        if ended.returncode == 0:
            break
        deaths += 1
    assert deaths > 10
    assert sorted(load(out, form)) == sorted(expected(logs))
    assert not [path for path in out.rglob("*") if path.name.endswith(".new")]
