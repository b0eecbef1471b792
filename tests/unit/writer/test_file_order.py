"""TensorBoard reads the files of a run by name: several files of one process show in the order of their making."""

import re
import subprocess
import sys

import pytest
from support import oracle, tensorboards
from tickertape import SummaryWriter

FILES = 12


def loaders(tmp_path):
    return {
        "plain": tensorboards.plain,
        "fast": lambda directory, tag: tensorboards.fast(directory, tag, tmp_path / "server"),
    }


@pytest.mark.parametrize("loader", ["plain", "fast"])
def test_a_writer_closed_after_each_event(tmp_path, loader):
    writer = SummaryWriter(tmp_path / "logs" / "run")
    for step in range(FILES):
        writer.add_scalar("loss", step / 2, step)
        writer.close()
    assert len(oracle.event_files(tmp_path / "logs" / "run")) == FILES
    shown = loaders(tmp_path)[loader](tmp_path / "logs", "loss")
    assert shown == {"run": [(step, step / 2) for step in range(FILES)]}


@pytest.mark.parametrize("loader", ["plain", "fast"])
def test_hparams_of_one_run_written_again_and_again(tmp_path, loader):
    with SummaryWriter(tmp_path / "logs") as writer:
        for value in range(FILES):
            writer.add_hparams({"rate": 0.1}, {"metric": value}, run_name="r")
    shown = loaders(tmp_path)[loader](tmp_path / "logs", "metric")
    assert shown["r"][-1][1] == FILES - 1


def test_suffixes_do_not_decide(tmp_path):
    for suffix in ("z", "a", "", "m"):
        with SummaryWriter(tmp_path, filename_suffix=suffix) as writer:
            writer.add_scalar("loss", 1, 1)
    names = [path.name for path in oracle.event_files(tmp_path)]
    assert [re.sub(r".*\.\d{6}", "", name) for name in names] == ["z", "a", "", "m"]


FORKS = """
import os, sys
from tickertape import SummaryWriter

with SummaryWriter(sys.argv[1]) as writer:
    writer.add_scalar("loss", 0, 0)
    for step in range(1, int(sys.argv[2])):
        if os.fork() == 0:
            writer.add_scalar("loss", step / 2, step)
            writer.close()
            os._exit(0)
        assert os.wait()[1] == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_forked_children_log_behind_each_other(tmp_path):
    # In a process of its own: the numbers of directories are given to processes, dead ones' ids to new processes.
    subprocess.run([sys.executable, "-c", FORKS, tmp_path / "logs", str(FILES)], check=True)
    parent, *children = oracle.with_forks(tmp_path / "logs")
    assert [path.name for path in children] == ["fork_1"]  # each goes on in the directory of the one before
    files = oracle.event_files(children[0])
    assert len(files) == FILES - 1
    assert files[0].name > oracle.only_file(parent).name
    made = sorted(files, key=lambda path: oracle.load(path)[1].step)
    processes = [path.name.split(".")[-2] for path in made]
    if processes == sorted(processes):  # not so where 10000 follows 9999, or where small ids begin again
        assert made == files
