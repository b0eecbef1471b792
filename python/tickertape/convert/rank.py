"""The rank of a process in a job of many processes: as its launcher tells it, and in the names of event files.

A file of rank 3 is called `events.out.tfevents.<seconds>.<host>.<pid>.<counter>.rank3<suffix>`. The rank is behind what
TensorBoard, torch and tools that look for host and process read, so these read the name as before.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tickertape.convert import types

# Variables of (rank, world size), the innermost launcher first: the first pair that is complete decides. Each is as the documentation of its launcher names it.
_LAUNCHERS: Final = (
    ("RANK", "WORLD_SIZE"),  # torchrun, accelerate, DeepSpeed, Composer, Ray Train, Kubeflow
    ("HOROVOD_RANK", "HOROVOD_SIZE"),  # horovodrun with Gloo
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # mpirun of Open MPI and Spectrum MPI
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),  # MVAPICH2
    ("PMI_RANK", "PMI_SIZE"),  # mpiexec of MPICH, Intel MPI, Microsoft MPI; Cray PALS; srun --mpi=pmi2
    ("JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE"),  # jsrun
    ("FLUX_TASK_RANK", "FLUX_JOB_SIZE"),  # flux run
    # srun. SLURM_NTASKS would not do: a batch script has it too, with SLURM_PROCID=0, and is one process.
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
_RAY_WORKER: Final = "RAY_RAYLET_PID"  # which Ray sets for its workers
_IN_NAME: Final = r"tfevents\.\d+\..*\.\d+\.\d+\.rank(\d{1,9})(?!\d)"  # compiled at the first use


# (number from 0, world size: how many processes the job has). Making a named tuple takes as long as importing a module.
Rank: TypeAlias = "tuple[int, int]"


def of_process() -> Rank | None:
    """The rank of this process; None if it is the only one of its job, or if nothing tells.

    What torch.distributed says counts first, once its process group is made; then the environment.
    """
    rank = _of_process_group() or of_environment(os.environ)
    if rank is None:
        return None
    _, world_size = rank
    return rank if world_size > 1 else None


def of_environment(environment: Mapping[str, str]) -> Rank | None:
    """What the innermost launcher says; None if there is none."""
    # A worker of Ray has what started Ray on its node, too: that is no rank of the worker.
    launchers = _LAUNCHERS[:1] if _RAY_WORKER in environment else _LAUNCHERS
    for rank, world_size in launchers:
        found = _pair(environment.get(rank), environment.get(world_size))
        if found is not None:
            return found
        # Lightning starts processes with WORLD_SIZE, NODE_RANK and LOCAL_RANK. On later nodes these do not tell the rank.
        if rank == "RANK" and environment.get("NODE_RANK") == "0":
            found = _pair(environment.get("LOCAL_RANK"), environment.get(world_size))
            if found is not None:
                return found
    return None


def writes(ranks: types.Ranks) -> bool:
    """Whether this process writes.

    Args:
        ranks: "all", or "zero": only rank 0 of a job does.

    Raises:
        TypeError, ValueError: it is neither.
    """
    if check.one_of(ranks, "ranks", ("all", "zero")) == "all":
        return True
    rank = of_process()
    return rank is None or rank[0] == 0


def name_part() -> str:
    """What the names of this process's event files say of its rank: ".rank3"; "" if it has none."""
    rank = of_process()
    return "" if rank is None else f".rank{rank[0]}"


def of_file_name(path: str) -> int | None:
    """The rank that the name of an event file says, given with or without its directory; None if it says none."""
    found = re.search(_IN_NAME, os.path.basename(path))  # noqa: PTH119  # names need not be UTF-8
    return None if found is None else int(found[1])


def _of_process_group() -> Rank | None:
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is None or not distributed.is_available() or not distributed.is_initialized():
            return None
        return distributed.get_rank(), distributed.get_world_size()
    except (AttributeError, RuntimeError, ValueError):  # it is just being imported, made or destroyed
        return None


def _pair(rank: str | None, world_size: str | None) -> Rank | None:
    """Two texts as a rank; None if they are none."""
    if rank is None or world_size is None or not (rank.isdecimal() and world_size.isdecimal()):
        return None
    number, size = int(rank), int(world_size)
    return (number, size) if number < size else None
