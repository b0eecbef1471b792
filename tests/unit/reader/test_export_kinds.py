"""Exports of everything that is no scalar: what other people's readers find is what TensorBoard's loaders find in the files."""

import base64
import csv
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet
import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tickertape.reader import export

KINDS = ("histograms", "images", "audio", "text", "tensors", "pr_curves", "meshes", "graphs")
FORMATS = ("parquet", "arrow", "csv", "jsonl")


def log(run, steps):
    """Two values of each kind but graphs, at each step."""
    with tickertape.SummaryWriter(run) as writer:
        for step in steps:
            for name in "ab":
                values = np.arange(24.0) + step
                writer.add_histogram(f"h/{name}", values, step)
                writer.add_image(f"i/{name}", (values.reshape(1, 4, 6) / 64).astype(np.float32), step)
                writer.add_audio(f"s/{name}", values / 64, step, sample_rate=8000)
                writer.add_text(f"t/{name}", f'{step}, "ü"\nline', step)
                writer.add_tensor(f"x/{name}", values.reshape(4, 6), step)
                writer.add_pr_curve(f"p/{name}", values > 12, values / 64, step, num_thresholds=5)
                writer.add_mesh(f"m/{name}", values.reshape(1, 8, 3), global_step=step)


@pytest.fixture
def logs(tmp_path):
    for run in ("one", "two/x"):
        log(tmp_path / "logs" / run, range(3))
    graph = Event(graph_def=b"\x0a\x02\x0a\x00", wall_time=1)
    with oracle.event_files(tmp_path / "logs" / "one")[0].open("ab") as file:
        file.write(oracle.frame(graph.SerializeToString()))
    return tmp_path / "logs"


def plain(value):
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def rows_of(table):
    columns = table.to_dict()
    names = [name for name in columns if name != "run"]
    return sorted(zip(*([plain(value) for value in columns[name]] for name in names), strict=True), key=repr)


def from_text(row, kinds):
    """A row of JSON lines or CSV: bytes are base64, and numbers that JSON lacks are words."""
    return tuple(read_cell(value, kind) for value, kind in zip(row, kinds, strict=True))


def read_cell(value, like):
    if isinstance(like, bytes):
        return base64.b64decode(value)
    if isinstance(like, list):
        items = json.loads(value) if isinstance(value, str) else value
        return [read_cell(item, like[0] if like else None) for item in items]
    return type(like)(value) if like is not None else value


def load(directory, form, expected):
    rows = []
    for path in sorted(directory.glob(f"run=*/*.{form}")):
        if form == "parquet":
            rows += [
                tuple(row.values()) for row in pyarrow.parquet.read_table(path, partitioning=None).to_pylist()
            ]
        elif form == "arrow":
            rows += pl.read_ipc(path).rows()
        elif form == "csv":
            lines = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
            rows += [from_text(line, expected[0]) for line in lines[1:]]
        else:
            lines = [list(json.loads(line).values()) for line in path.read_text().splitlines()]
            rows += [from_text(line, expected[0]) for line in lines]
    return sorted((tuple(plain(value) for value in row) for row in rows), key=repr)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_every_format(logs, tmp_path, kind, form):
    runs = tickertape.read(logs)
    expected = rows_of(getattr(runs, kind))
    report = runs.export(tmp_path / "out", format=form, kind=kind)
    assert report.rows == len(expected) > 0
    assert repr(load(tmp_path / "out", form, expected)) == repr(expected)  # NaN is not equal to itself
    assert runs.refresh().export(tmp_path / "out", kind=kind).rows == 0


def test_only_what_is_new_is_added_and_a_restart_writes_the_run_anew(logs, tmp_path):
    out = tmp_path / "out"
    runs = tickertape.read(logs)
    runs.export(out, kind="text", format="jsonl")
    log(logs / "one", range(3, 5))
    report = runs.refresh().export(out, kind="text")
    assert (report.rows, len(report.files), report.rewritten) == (4, 1, [])
    path = max(oracle.event_files(logs / "one"))
    marks = [Event(step=step, session_log=SessionLog(status=SessionLog.START)) for step in (0, 4)]
    with path.open("ab") as file:
        file.writelines(oracle.frame(mark.SerializeToString()) for mark in marks)
    report = runs.refresh().export(out, kind="text")
    assert (report.rows, report.rewritten) == (8, ["one"])
    expected = rows_of(tickertape.read(logs).text)
    assert load(out, "jsonl", expected) == expected


def test_large_values_are_written_in_several_files(logs, tmp_path, monkeypatch):
    """So what is decoded at a time is bounded, whatever the size of the run."""
    monkeypatch.setattr(export, "_PART_BYTES", 250)
    runs = tickertape.read(logs)
    expected = rows_of(runs.images)
    report = runs.export(tmp_path / "out", kind="images", format="parquet")
    assert (report.rows, len(report.files)) == (12, len(set(report.files)))
    assert len(report.files) > 4
    assert load(tmp_path / "out", "parquet", expected) == expected


def test_a_directory_has_one_kind(logs, tmp_path):
    runs = tickertape.read(logs)
    runs.export(tmp_path / "out", kind="text", format="csv")
    with pytest.raises(
        ValueError, match=r"kind: expected 'text' as in the earlier export to .* got 'scalars'"
    ):
        runs.export(tmp_path / "out", format="csv")
    with pytest.raises(ValueError, match=r"kind: expected one of 'scalars', .* got 'pictures'"):
        runs.export(tmp_path / "new", kind="pictures")
    with pytest.raises(ValueError, match=r"got 'hparams'; write runs\.hparams"):
        runs.export(tmp_path / "new", kind="hparams")
    assert not Path(tmp_path / "new").exists()
