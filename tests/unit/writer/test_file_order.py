"""TensorBoard reads the files of a run by name: several files of one process show in the order of their making."""

import os
import re
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


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_forked_child_logs_behind_its_parent(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for _ in range(12):
            before = oracle.event_files(tmp_path)
            known = _of_children(tmp_path)
            child = os.fork()
            if child == 0:
                writer.add_scalar("loss", 1, 1)
                writer.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            (new,) = _of_children(tmp_path) - known
            assert oracle.event_files(tmp_path) == before
            assert new > max(path.name for path in before)
            assert not known or new > max(known)  # each child goes on in the directory of the one before
    assert [path.name for path in oracle.with_forks(tmp_path)[1:]] == ["fork_1"]


def _of_children(directory):
    return {path.name for run in oracle.with_forks(directory)[1:] for path in oracle.event_files(run)}
