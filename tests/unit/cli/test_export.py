"""export, compared with TensorBoard's loader."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import PIL.Image
from support import commands, oracle

RUNS = ["ours", "seed/tbx", "seed/torch"]


def rows_of(log_dir):
    return sorted(
        (run, tag, step, value)
        for run in RUNS
        for tag, step, value in oracle.values(log_dir / run)
        if tag in ("lr", "loss/train")
    )


def test_wide_csv(log_dir, tmp_path):
    commands.run("export", log_dir, tmp_path / "out", "--wide", status=0)
    with (tmp_path / "out" / "wide.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = sorted(
        (row["run"], tag, int(row["step"]), float(row[tag])) for row in rows for tag in ("lr", "loss/train")
    )
    assert found == rows_of(log_dir)


def test_wide_jsonl(log_dir, tmp_path):
    commands.run("export", log_dir, tmp_path / "out", "--wide", "--format", "jsonl", status=0)
    rows = [json.loads(line) for line in (tmp_path / "out" / "wide.jsonl").read_text().splitlines()]
    found = sorted((row["run"], tag, row["step"], row[tag]) for row in rows for tag in ("lr", "loss/train"))
    assert found == rows_of(log_dir)


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
    assert exported(out) == rows_of(log_dir)
    assert "does not exist yet" in commands.run("export", log_dir, out, "--format", "jsonl", status=2).err
    script = "import sys\nfrom tickertape import SummaryWriter\nwith SummaryWriter(sys.argv[1]) as w: w.add_scalar('lr', 5.0, 99)"
    subprocess.run([sys.executable, "-c", script, str(log_dir / "ours")], check=True)
    done = commands.run("export", log_dir, out, "--format", "jsonl", "--append", status=0)
    assert "1 rows of scalars" in done.out
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
        "no value matches"
        in commands.run("export", log_dir, tmp_path / "x", "--tags", "nothing", status=1).err
    )
    assert not (tmp_path / "x").exists()
