"""Eight processes of torchrun with DDP (gloo) that log into one directory; one of them may be killed."""

import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import tickertape
from support import oracle
from tensorboard.backend.event_processing import event_file_loader
from tickertape.convert import rank

pytest.importorskip("torch")
_RANKS, _STEPS = 8, 20
_TRAIN = """
import os, signal, sys, warnings
import torch
from torch import distributed, nn
from tickertape import SummaryWriter

torch.set_num_threads(1)
log_dir, how, doomed = sys.argv[1], sys.argv[2], int(sys.argv[3])
distributed.init_process_group("gloo")
rank = distributed.get_rank()
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.01)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    writer = SummaryWriter(log_dir, ranks=how)
    for step in range(20):
        loss = model(torch.full((2, 4), float(rank))).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("loss", loss, step)
        writer.add_scalar("rank", rank + step, step)
    distributed.barrier()
    if rank == doomed:
        for step in range(1000):
            writer.add_scalar("last", step, step)
        os.kill(os.getpid(), signal.SIGKILL)
    writer.close()
print("rank", rank, "is done", flush=True)
os._exit(0)  # the process group of a job with a dead process cannot be destroyed
"""


def _torchrun(tmp_path, *arguments):
    """Runs the training; returns what its processes printed. torchrun fails if one of them died."""
    script = tmp_path / "train.py"
    script.write_text(_TRAIN)
    environment = os.environ | {
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
        "OMP_NUM_THREADS": "1",
        "TICKERTAPE_RING_DIR": str(tmp_path / "rings"),
    }
    (tmp_path / "rings").mkdir(mode=0o700)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={_RANKS}"]
    done = subprocess.run(
        [*command, str(script), *map(str, arguments)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert "Warning" not in done.stderr.replace("FutureWarning", ""), done.stderr
    return done


def _steps_by_rank(log_dir, tag):
    """The steps of a tag in the files of each rank, as TensorBoard's loader reads them."""
    found = defaultdict(list)
    for path in sorted(log_dir.iterdir()):
        for event in event_file_loader.LegacyEventFileLoader(str(path)).Load():
            found[rank.of_file_name(path.name)] += [
                event.step for value in event.summary.value if value.tag == tag
            ]
    return dict(found)


@pytest.fixture
def log_dir(tmp_path):
    return tmp_path / "logs" / "run"


def test_each_rank_writes_its_own_file(tmp_path, log_dir):
    done = _torchrun(tmp_path, log_dir, "all", -1)
    assert done.returncode == 0, done.stderr
    assert _steps_by_rank(log_dir, "loss") == {number: list(range(_STEPS)) for number in range(_RANKS)}
    assert len(list(log_dir.iterdir())) == _RANKS


def test_only_rank_zero_writes(tmp_path, log_dir):
    done = _torchrun(tmp_path, log_dir, "zero", -1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is done") == _RANKS
    assert _steps_by_rank(log_dir, "loss") == {0: list(range(_STEPS))}
    assert len(list((tmp_path / "rings").iterdir())) <= 1  # os._exit() leaves a writer's, which is empty


def test_a_killed_rank_loses_nothing(tmp_path, log_dir):
    done = _torchrun(tmp_path, log_dir, "all", 5)
    assert f"-{signal.SIGKILL:d}" in done.stderr or "SIGKILL" in done.stderr
    environment = os.environ | {
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
        "TICKERTAPE_RING_DIR": str(tmp_path / "rings"),
    }
    code = "import sys, tickertape; tickertape.SummaryWriter(sys.argv[1]).close()"  # the next writer recovers
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(log_dir)], env=environment, check=True)
    assert not list((tmp_path / "rings").iterdir())
    steps = {number: list(range(_STEPS)) for number in range(_RANKS)}
    assert _steps_by_rank(log_dir, "rank") == steps | {None: []}
    assert _steps_by_rank(log_dir, "last")[5] == list(range(1000))
    assert len(oracle.event_files(log_dir)) == _RANKS + 1
