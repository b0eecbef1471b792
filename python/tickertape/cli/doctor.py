"""`tickertape doctor`: what Tickertape finds on this machine, and what would be slow or unsafe."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.cli import as_json, machine, terminal
from tickertape.writer.recovery import reports_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

EXAMPLE = """
  tickertape doctor runs
  tickertape doctor --json"""

# What reads or writes the same files, or what a feature of ours needs.
_PEERS = (
    "numpy", "torch", "tensorboard", "tensorboardX", "tensorflow", "protobuf", "tensorboard-data-server", "jax", "lightning",
    "transformers", "pandas", "polars", "pyarrow", "duckdb", "pillow", "matplotlib", "ray", "zstandard", "tbparse", "fsspec", "s3fs", "gcsfs",
)  # fmt: skip
_SHARED_MEMORY = "/dev/shm"  # noqa: S108  # where queue/ring_location.cc puts rings; nothing is written here
_LITTLE_ROOM = 1 << 30  # of a log directory
_RING_BYTES = 128 << 20  # the default of $TICKERTAPE_QUEUE_BYTES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `doctor`."""
    parser.add_argument(
        "path", nargs="?", default="runs", help="a log directory, also one to come (default: runs)"
    )
    as_json.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Prints what is found; exit status 1 if rings are left over."""
    found = _find(os.path.expanduser(options.path))  # noqa: PTH111  # a str
    if options.json:
        as_json.write(found)
    else:
        _say(found)
    return 1 if found["left_rings"] else 0


def _find(log_dir: str) -> dict[str, Any]:
    """Everything, as plain values. Nothing is created."""
    log_place = machine.place(log_dir)
    rings = [
        {"path": path, "is_there": is_there, "problem": problem}
        for path, is_there, problem in _core.ring_directories()
    ]
    _, living = _core.recover("", dry_run=True)
    left = [
        {
            "ring": report.ring,
            "process_id": report.process_id,
            "events": report.events + report.events_kept,
            "messages": report.messages,
        }
        for report in reports_of(None, dry_run=True)
        if report.events + report.events_kept or report.messages
    ]
    left += [
        {
            "ring": ring,
            "process_id": 0,
            "events": 0,
            "messages": [
                f"it is damaged, and what could be read was recovered; `tickertape repair --discard {ring}` removes it"
            ],
        }
        for ring in _core.damaged_rings()
    ]
    memory = machine.place(_SHARED_MEMORY) if Path(_SHARED_MEMORY).is_dir() else None
    found = {
        "version": _core.__version__,
        "module": _core.__file__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu_count": os.cpu_count(),
        "cpu_features": machine.cpu_features(),
        "log_dir": {"path": log_dir, "is_there": Path(log_dir).is_dir(), "file_system": log_place._asdict()},
        "shared_memory": memory._asdict() if memory else None,
        "ring_directories": rings,
        "living_rings": living,
        "left_rings": left,
        "settings": {
            name: value for name, value in sorted(os.environ.items()) if name.startswith("TICKERTAPE_")
        },
        "installed": dict(_installed()),
    }
    return found | {"advice": list(_advice(found, log_place, memory))}


def _installed() -> Iterator[tuple[str, str]]:
    for name in _PEERS:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:  # noqa: PERF203  # a few names
            continue


def _advice(found: dict[str, Any], log_place: machine.Place, memory: machine.Place | None) -> Iterator[str]:
    """What is slow or unsafe here, and what to do about it."""
    if not found["cpu_features"]:
        yield "no instruction set beyond the basic one is used: checksums and PNG are several times slower"
    if not log_place.is_writable:
        yield f"this user cannot write to {log_place.path!r}: choose another log directory"
    if log_place.free < _LITTLE_ROOM:
        yield f"only {terminal.size(log_place.free)} are free for event files in {log_place.path!r}"
    if log_place.is_network:
        yield (
            f"{log_place.path!r} is on {log_place.kind}: files of processes on other machines cannot be seen as being written, so "
            "edit runs there only when their training has ended"
        )
    best = found["ring_directories"][0]
    if best["problem"]:
        yield f"op rings cannot be in {best['path']!r}: {best['problem']}"
    queue_bytes = os.environ.get("TICKERTAPE_QUEUE_BYTES", "")
    wanted = int(queue_bytes) if queue_bytes.isdigit() else _RING_BYTES
    if memory is None:
        yield "there is no /dev/shm: op rings are on a disk, which is slower at its slowest calls"
    elif memory.free < wanted:
        yield (
            f"{memory.path} has only {terminal.size(memory.free)} free, and a queue may take {terminal.size(wanted)}: bursts wait for the "
            "disk sooner (in a container: --shm-size)"
        )
    if "tensorflow" not in found["installed"] and "tensorboard" not in found["installed"]:
        yield "tensorboard is not installed: pip install tensorboard"


def _say(found: dict[str, Any]) -> None:
    out = terminal.screen()
    memory = found["shared_memory"]
    lines = [
        ("tickertape", f"{found['version']} ({found['module']})"),
        ("Python", f"{found['python']} on {found['system']}"),
        (
            "processor",
            f"{found['cpu_count']} cores; in use: {', '.join(found['cpu_features']) or 'nothing special'}",
        ),
        (
            "log directory",
            _place_words(found["log_dir"]),
        ),
        (
            "shared memory",
            f"{terminal.size(memory['free'])} of {terminal.size(memory['size'])} free"
            if memory
            else "there is no /dev/shm",
        ),
        *(
            (
                "op rings",
                f"{ring['path']}: {ring['problem'] or ('in use' if ring['is_there'] else 'not there yet')}",
            )
            for ring in found["ring_directories"]
        ),
        ("op rings", f"of living processes: {found['living_rings']}"),
        *(("set", f"{name}={value}") for name, value in found["settings"].items()),
        ("installed", ", ".join(f"{name} {version}" for name, version in found["installed"].items())),
    ]
    sys.stdout.writelines(f"{name}: {terminal.clean(text)}\n" for name, text in lines)
    sys.stdout.writelines(
        out.paint(f"note: {terminal.clean(advice)}", "yellow") + "\n" for advice in found["advice"]
    )
    for ring in found["left_rings"]:
        whose = (
            f"process {ring['process_id']} left {ring['events']} events"
            if ring["process_id"]
            else "left over"
        )
        sys.stdout.write(f"{terminal.clean(ring['ring'])}: {whose}\n")
        sys.stdout.writelines(f"  {terminal.clean(message)}\n" for message in ring["messages"])
    if found["left_rings"]:
        sys.stdout.write(
            "`tickertape repair` recovers what it can; `tickertape repair --discard RING` gives a ring up\n"
        )
    else:
        sys.stdout.write("nothing to recover\n")


def _place_words(log_dir: dict[str, Any]) -> str:
    place = log_dir["file_system"]
    is_there = "" if log_dir["is_there"] else " (not there yet)"
    room = f"{terminal.size(place['free'])} of {terminal.size(place['size'])} free"
    return f"{log_dir['path']}{is_there}: {place['kind'] or 'unknown file system'}, {room}"
