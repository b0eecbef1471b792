"""`tickertape average`: mean, standard deviation, least and greatest over runs, as runs of their own."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from tickertape.cli import editing, event_bytes, looking, records, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress
from tickertape.convert import protobuf

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from tickertape.reader.frame import Frame

EXAMPLE = """
  tickertape average runs --over 'seed_*' averages
  tickertape average runs --over 'seed_*' averages --align interpolate --tags 'val/*'"""

_STATISTICS = ("mean", "std", "min", "max")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `average`."""
    parser.add_argument("path", help="a log directory")
    parser.add_argument("out", metavar="OUT", help="a log directory that does not exist yet")
    parser.add_argument(
        "--over",
        required=True,
        metavar="GLOB",
        help="which part of the runs' names is averaged over, such as 'seed_*'",
    )
    parser.add_argument(
        "--align",
        choices=("step", "interpolate"),
        default="step",
        help="take the runs that have a value at a step, or draw lines between values (default: %(default)s)",
    )
    looking.add_filters(parser, kinds=False)


def run(options: argparse.Namespace) -> int:
    """Writes a run for each group and statistic; exit status 1 if no run matches."""
    out = editing.check_new(options.out, "OUT")
    runs = looking.filtered(options, options.path, ("scalars",))
    with Progress("averaging"):
        try:
            averages = runs.scalars.average(options.over, options.align)
        except ValueError as error:
            raise CommandError(f"--over: {str(error).removeprefix('over: ')}", NOTHING_FOUND) from None
        groups = _groups(averages)
        with records.new_directory(out) as top:
            for number, (group, tags) in enumerate(groups.items()):
                for name in _STATISTICS:
                    _write(top / _plain(group) / name, number, name, tags, averages)
    for group, tags in groups.items():
        for tag, rows in tags.items():
            _report(group, tag, averages, rows)
    wrote = terminal.counted(len(groups), "group")
    sys.stdout.write(f"wrote {wrote} with {', '.join(_STATISTICS)} each\n")
    return FOUND


def _groups(averages: Frame) -> dict[str, dict[str, np.ndarray]]:
    """The rows of each tag of each group."""
    keys = zip(averages.column("run").tolist(), averages.column("tag").tolist(), strict=True)
    found: dict[str, dict[str, list[int]]] = {}
    for row, (group, tag) in enumerate(keys):
        found.setdefault(group, {}).setdefault(tag, []).append(row)
    return {group: {tag: np.array(rows) for tag, rows in tags.items()} for group, tags in found.items()}


def _report(group: str, tag: str, averages: Frame, rows: np.ndarray) -> None:
    """Says if the runs are not equally long."""
    counts, steps = averages.column("n")[rows], averages.column("step")[rows]
    if counts.min() == counts.max():
        return
    whole = steps[counts == counts.max()]
    terminal.say(
        f"tickertape average: {group}, {tag!r}: {counts.max()} runs up to step {whole.max()}, "
        f"{counts[-1]} at the last step {steps[-1]}"
    )


def _write(folder: Path, number: int, name: str, tags: dict[str, np.ndarray], averages: Frame) -> None:
    """Writes one statistic of a group as an event file. Without a writer: one that is killed would leave a ring."""
    folder.mkdir(parents=True)
    now = time.time()
    path = folder / f"events.out.tfevents.{now:.0f}.{platform.node()}.{os.getpid()}.{number}"
    with records.written(path, path) as file:
        version = protobuf.double_field(event_bytes.WALL_TIME, now)
        file.write(records.framed(version + protobuf.text_field(event_bytes.FILE_VERSION, "brain.Event:2")))
        for tag, rows in tags.items():
            encoded = event_bytes.scalars(tag, now)
            steps, values = averages.column("step")[rows], averages.column(name)[rows]
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                file.write(records.framed(encoded(step, value)))


def _plain(group: str) -> str:
    """A group's name as a directory: the glob's special characters are left out."""
    return "/".join(
        part.translate(str.maketrans("", "", "*?[]")).strip("_-. ") or "all" for part in group.split("/")
    )
