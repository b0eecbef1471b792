"""The rank of a process, as launchers tell it, and in the names of event files."""

import sys
from types import SimpleNamespace

import pytest
from tickertape.convert import rank

TORCHRUN = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "GROUP_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
LIGHTNING = {"WORLD_SIZE": "4", "NODE_RANK": "0", "LOCAL_RANK": "2"}
OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMIX_RANK": "1"}
MPICH = {"PMI_RANK": "5", "PMI_SIZE": "6"}
SRUN = {"SLURM_PROCID": "2", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "0"}
SBATCH = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_LOCALID": "0"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        (TORCHRUN, (3, 8)),
        (LIGHTNING, (2, 4)),
        (LIGHTNING | {"NODE_RANK": "1"}, None),
        ({"HOROVOD_RANK": "1", "HOROVOD_SIZE": "2"}, (1, 2)),
        (OPEN_MPI, (1, 2)),
        (MPICH, (5, 6)),
        ({"MV2_COMM_WORLD_RANK": "0", "MV2_COMM_WORLD_SIZE": "2"}, (0, 2)),
        ({"JSM_NAMESPACE_RANK": "0", "JSM_NAMESPACE_SIZE": "2"}, (0, 2)),
        ({"FLUX_TASK_RANK": "1", "FLUX_JOB_SIZE": "2"}, (1, 2)),
        (SRUN, (2, 4)),
        (SBATCH, None),  # the batch script itself: one process, whatever its job may start
        (SRUN | TORCHRUN, (3, 8)),  # torchrun on each node, started by srun
        (SRUN | OPEN_MPI, (1, 2)),
        (SRUN | LIGHTNING, (2, 4)),
        (SRUN | {"RANK": "0", "WORLD_SIZE": "1"}, (0, 1)),  # each task starts a job of one process
        (SRUN | {"RAY_RAYLET_PID": "1"}, None),  # srun started Ray, and Ray this process
        (SRUN | TORCHRUN | {"RAY_RAYLET_PID": "1"}, (3, 8)),  # which is one of Ray Train
        ({"RANK": "0"}, None),
        ({"WORLD_SIZE": "2"}, None),
        ({"RANK": "x", "WORLD_SIZE": "2"}, None),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, None),
        ({"RANK": "2", "WORLD_SIZE": "2"}, None),
        ({"RANK": "²", "WORLD_SIZE": "3"}, None),
        ({"RANK": "", "WORLD_SIZE": ""}, None),
        ({"RANK": "x", "WORLD_SIZE": "2"} | MPICH, (5, 6)),
        ({"PMIX_RANK": "1"}, None),
    ],
)
def test_the_innermost_launcher_decides(environment, expected):
    assert rank.of_environment(environment) == expected


@pytest.fixture
def launched(monkeypatch):
    """Sets the variables of a launcher for this process, and removes all others."""

    def launch(environment):
        for names in rank._LAUNCHERS:
            for name in names:
                monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return launch


def test_a_job_of_one_process_has_no_ranks(launched):
    launched({"RANK": "0", "WORLD_SIZE": "1"})
    assert rank.of_process() is None
    assert rank.name_part() == ""
    assert rank.writes("zero")


def test_the_process_group_comes_before_the_environment(launched, monkeypatch):
    launched(TORCHRUN)
    assert rank.name_part() == ".rank3"
    group = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, get_rank=lambda: 0, get_world_size=lambda: 2
    )
    monkeypatch.setitem(sys.modules, "torch.distributed", group)
    assert rank.of_process() == (0, 2)
    assert rank.writes("zero")
    monkeypatch.setattr(group, "is_initialized", lambda: False)
    assert rank.of_process() == (3, 8)
    assert not rank.writes("zero")
    assert rank.writes("all")
    monkeypatch.setitem(sys.modules, "torch.distributed", SimpleNamespace())  # which is being imported
    assert rank.of_process() == (3, 8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("events.out.tfevents.1700000000.host.12.000000.rank3", 3),
        ("events.out.tfevents.1700000000.my.host.7.12.000010.rank12.suffix", 12),
        ("events.out.tfevents.1700000000.host.12.000000.rank3.at-0000000000000128", 3),
        ("events.out.tfevents.1700000000.host.12.000000.rank3.gz", 3),
        ("events.out.tfevents.1700000000.host.12.0.rank0", 0),
        ("events.out.tfevents.1700000000.host.12.000000", None),
        ("events.out.tfevents.1700000000.rank3.12.000000", None),  # a host of that name
        ("events.out.tfevents.1700000000.a.1.2.rank3.12.000000", 3),  # a host of a name like a whole name
        ("events.out.tfevents.1700000000.host.12.000000.ranking", None),
        ("events.out.tfevents.1700000000.host.12.000000.v2.rank3", None),  # a user's suffix
        ("events.out.tfevents.1700000000.host.12.000000.rank" + "9" * 30, None),
        ("rank3", None),
    ],
)
def test_rank_in_a_name(name, expected):
    assert rank.of_file_name(name) == expected
