"""export, compared with TensorBoard's loader."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest
import tickertape
from support import commands, oracle


def test_wide_csv(log_dir, tmp_path):
    commands.run("export", log_dir, tmp_path / "out", "--wide", "--format", "csv", status=0)
    with (tmp_path / "out" / "wide.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = sorted(
        (row["run"], tag, int(row["step"]), float(row[tag])) for row in rows for tag in ("lr", "loss/train")
    )
    assert found == oracle.rows(log_dir, "lr", "loss/train")


def test_wide_jsonl(log_dir, tmp_path):
    commands.run("export", log_dir, tmp_path / "out", "--wide", "--format", "jsonl", status=0)
    rows = [json.loads(line) for line in (tmp_path / "out" / "wide.jsonl").read_text().splitlines()]
    found = sorted((row["run"], tag, row["step"], row[tag]) for row in rows for tag in ("lr", "loss/train"))
    assert found == oracle.rows(log_dir, "lr", "loss/train")


def exported(out):
    """The rows of a long export to JSON lines."""
    found = []
    for file in Path(out).rglob("*.jsonl"):
        run = (
            next(part for part in file.parts if part.startswith("run="))
            .removeprefix("run=")
            .replace("%2F", "/")
        )
        found += [
            (run, *(json.loads(line)[name] for name in ("tag", "step", "value")))
            for line in file.read_text().splitlines()
        ]
    return sorted(found)


def test_long_and_append(log_dir, tmp_path):
    out = tmp_path / "out"
    done = commands.run("export", log_dir, out, "--format", "jsonl", "--kinds", "scalars", status=0)
    assert "120 rows of scalars" in done.out
    assert exported(out) == oracle.rows(log_dir, "lr", "loss/train")
    assert "does not exist yet" in commands.run("export", log_dir, out, "--format", "jsonl", status=2).err
    script = "import sys\nfrom tickertape import SummaryWriter\nwith SummaryWriter(sys.argv[1]) as w: w.add_scalar('lr', 5.0, 99)"
    subprocess.run([sys.executable, "-c", script, str(log_dir / "ours")], check=True)
    done = commands.run("export", log_dir, out, "--format", "jsonl", "--append", status=0)
    assert "1 row of scalars" in done.out
    assert ("ours", "lr", 99, 5.0) in exported(out)
    assert len(exported(out)) == 121


def test_pictures_and_texts_become_files(log_dir, tmp_path):
    commands.run("export", log_dir, tmp_path / "out", "--kinds", "images", "--kinds", "text", status=0)
    pictures = sorted((tmp_path / "out" / "images").rglob("*.png"))
    assert len(pictures) == 3
    for picture in pictures:
        with PIL.Image.open(picture) as image:
            assert image.size == (6, 4)
    assert [file.read_text() for file in (tmp_path / "out" / "text").rglob("*.md")] == ["hello"] * 3
    assert (
        "no tag matches nothing"
        in commands.run("export", log_dir, tmp_path / "x", "--tags", "nothing", status=1).err
    )
    assert not (tmp_path / "x").exists()


def files_of(out):
    return {path.suffix for path in Path(out).rglob("part-*")}


@pytest.mark.parametrize(
    ("name", "options", "suffix"),
    [
        ("data", [], ".parquet"),
        ("data.parquet", [], ".parquet"),
        ("data.csv", [], ".csv"),
        ("data.JSONL", [], ".jsonl"),
        ("data.d", ["--format", "csv"], ".csv"),
        ("data.csv", ["--format", "csv"], ".csv"),
    ],
)
def test_one_rule_for_the_format(log_dir, tmp_path, name, options, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    commands.run("export", log_dir, tmp_path / name, *options, "--kinds", "scalars", status=0)
    assert files_of(tmp_path / name) == {suffix}
    tickertape.read(log_dir).export(tmp_path / "python" / name, *options[1:])
    assert files_of(tmp_path / "python") == {suffix}


def test_a_format_that_contradicts_the_name(log_dir, tmp_path):
    out = tmp_path / "o.parquet"
    done = commands.run("export", log_dir, out, "--format", "csv", status=2)
    assert "format: expected 'parquet', in which the name 'o.parquet' ends, got 'csv'" in done.err
    assert not out.exists()


def test_append_keeps_the_format(log_dir, tmp_path):
    out = tmp_path / "data"
    commands.run("export", log_dir, out, "--format", "csv", status=0)
    done = commands.run("export", log_dir, out, status=2)
    assert "OUT: expected a path that does not exist yet" in done.err
    assert "; add to it with --append" in done.err
    done = commands.run("export", log_dir, out, "--append", "--kinds", "scalars", status=0)
    assert done.out.startswith("0 rows of scalars")
    assert files_of(out) == {".csv"}


def test_what_is_missing_is_said(log_dir, tmp_path):
    for module in ("pyarrow", "polars"):
        (tmp_path / f"{module}.py").write_text("raise ModuleNotFoundError('not here')")
    done = commands.run("export", log_dir, tmp_path / "out", status=1, PYTHONPATH=str(tmp_path))
    assert "pyarrow or polars" in done.err
    assert not (tmp_path / "out").exists()
