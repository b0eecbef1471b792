"""Processes of their own that say on which core each of their threads runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickertape.bench.race import Plan

_PLACES = {"other": "other core", "same": "same core"}


def places(notes: list[str]) -> dict[str, str]:
    """The ways to place the backend beside its caller, with a description; `notes` gets those that are impossible here."""
    if not hasattr(os, "sched_setaffinity"):
        notes.append("This system cannot pin threads; nothing was measured.")
        return {}
    if len(os.sched_getaffinity(0)) < 2:
        notes.append("One core only: the backend cannot have another one.")
        return {"same": _PLACES["same"]}
    return _PLACES


def in_child(module: str, plan: Plan, place: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The output of `python -m tickertape.bench.<module>`, called with the arguments of its child() as JSON."""
    folder = plan.fresh(f"{module}-{place}")
    folder.mkdir(parents=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    given = json.dumps({"place": place, "folder": str(folder), **arguments})
    done = subprocess.run(  # noqa: S603  # this interpreter, on one of these modules
        [sys.executable, "-W", "ignore", "-m", f"tickertape.bench.{module}", given],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{done.args}: exit status {done.returncode}\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- In that process -------------------------------------------------------------------------------------------


def start_on_first_core() -> list[int]:
    """Pins this thread, and those that it starts from here on; returns the cores that there are."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    return cores


def move_others_to(cores: list[int]) -> None:
    """Every thread of the process but this one runs there from now on."""
    own = threading.get_native_id()
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) != own:
            os.sched_setaffinity(int(task.name), cores)


def move_all_to(cores: list[int]) -> None:
    """Every thread of the process."""
    move_others_to(cores)
    os.sched_setaffinity(0, cores)
