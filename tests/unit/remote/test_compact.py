"""`tickertape compact`: one object for the slices of a finished file, and what a death in between leaves."""

import os
import subprocess
import sys

import pytest
import support.disk_store  # noqa: F401  # registers disk://
import tickertape
from support import event_slices, oracle
from tickertape.cli.main import main
from tickertape.reader import mirrors
from tickertape.remote.stores import Store

STEPS = 200
OLD = 1_000_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))


@pytest.fixture
def compact(capsys):
    """Runs the command; its exit status is checked. Returns what it wrote."""

    def run(*words, status=0):
        assert main(["compact", *map(str, words)]) == status
        return capsys.readouterr()

    return run


@pytest.fixture
def bucket(tmp_path):
    """A store with two runs in slices, an hour old, and their whole files beside it."""
    for run in ("a", "b/c"):
        with tickertape.SummaryWriter(tmp_path / "whole" / run) as writer:
            for step in range(STEPS):
                writer.add_scalar("loss", step, step)
        file = oracle.only_file(tmp_path / "whole" / run)
        folder = tmp_path / "bucket" / run
        folder.mkdir(parents=True)
        (folder / file.name).write_bytes(file.read_bytes())
        for path in event_slices.write(folder / file.name, count=6):
            os.utime(path, (OLD, OLD))
    return tmp_path / "bucket"


def names(bucket):
    return sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())


def check(bucket):
    """Our reader, through a URL and of the directory, has each event once."""
    mirrors._mirrors.by_url.clear()
    for where in (f"disk://{bucket}", bucket):
        runs = tickertape.read(where)
        assert {run: runs[run].scalars["loss"].step.tolist() for run in runs} == {
            "a": list(range(STEPS)), "b/c": list(range(STEPS)),
        }  # fmt: skip
        assert runs.problems == []


@pytest.mark.parametrize("kind", ["url", "directory"])
def test_one_object_a_file(bucket, tmp_path, kind, compact):
    where = f"disk://{bucket}" if kind == "url" else bucket
    done = compact(where)
    assert done.out.startswith("compacted 2 files")
    made = names(bucket)
    assert [name[-20:] for name in made] == [".at-0000000000000000"] * 2
    for name in made:
        file = oracle.only_file((tmp_path / "whole" / name).parent)
        assert (bucket / name).read_bytes() == file.read_bytes()
    check(bucket)
    assert compact(where).out == "nothing was compacted\n"


def test_a_file_that_is_being_written_is_refused(bucket, compact):
    (newest,) = list((bucket / "a").iterdir())[:1]
    os.utime(newest)
    before = names(bucket)
    done = compact(f"disk://{bucket}", status=1)
    assert "may still be written" in done.err
    assert done.out.startswith("compacted 1 file")
    assert [name for name in names(bucket) if name.startswith("a/")] == [
        n for n in before if n.startswith("a/")
    ]
    assert compact(f"disk://{bucket}", "--force").out.startswith("compacted 1 file")
    assert len(names(bucket)) == 2
    check(bucket)


def test_a_file_with_a_gap_is_refused(bucket, compact):
    sorted((bucket / "a").iterdir())[2].unlink()
    before = [name for name in names(bucket) if name.startswith("a/")]
    assert "no slice has its bytes from" in compact(f"disk://{bucket}", "--force", status=1).err
    assert [name for name in names(bucket) if name.startswith("a/")] == before


DYING = """
import os, sys
sys.path.insert(0, sys.argv[2])
import support.disk_store
from tickertape.cli.main import main
steps = [0]
def step():
    steps[0] += 1
    if steps[0] == int(sys.argv[3]):
        os.kill(os.getpid(), 9)
fs = support.disk_store.Disk
for name in ("put_file", "mv", "rm_file", "find"):
    def call(self, *args, _call=getattr(fs, name), **kwargs):
        step()
        found = _call(self, *args, **kwargs)
        step()
        return found
    setattr(fs, name, call)
sys.exit(main(["compact", sys.argv[1]]))
"""


def test_killed_between_any_two_steps(bucket, tmp_path):
    tests = str(oracle.__file__).rpartition("/support")[0]
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # what a killed command leaves goes with the test
    died = 0
    for number in range(1, 60):
        url = f"disk://{bucket}"
        done = subprocess.run(
            [sys.executable, "-c", DYING, url, tests, str(number)],
            check=False,
            capture_output=True,
            env=environment,
        )
        check(bucket)
        for path in bucket.rglob("*tfevents*"):  # the merged object is as old as the rest
            os.utime(path, (OLD, OLD))
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        died += 1
    assert died > 5
    assert len([name for name in names(bucket) if "tfevents" in name]) == 2
    check(bucket)


def test_where_there_is_nothing(tmp_path, compact):
    assert "path: expected a URL or a local directory" in compact(tmp_path / "no", status=2).err
    tmp_path.joinpath("empty").mkdir()
    assert compact(tmp_path / "empty").out == "nothing was compacted\n"


def test_in_memory(tmp_path, compact):
    store = Store("memory://compact/runs")
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(STEPS):
            writer.add_scalar("loss", step, step)
    file = oracle.only_file(tmp_path)
    data = file.read_bytes()
    for ending, piece in event_slices.pieces(data, event_slices.cuts(data, 5)).items():
        store.write(f"x/{file.name}{ending}", piece)
    assert "may still be written" in compact(store.url, status=1).err
    assert "compacted 1 file" in compact(store.url, "--force").out
    assert [entry.name for entry in store.list()] == [f"x/{file.name}.at-{0:016d}"]
    assert store.read(f"x/{file.name}.at-{0:016d}") == data
