"""`tickertape average`: mean, standard deviation, least and greatest over runs, as runs of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from tickertape.cli import editing, looking, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.writer import SummaryWriter

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
    try:
        averages = runs.scalars.average(options.over, options.align)
    except ValueError as error:
        raise CommandError(f"--over: {str(error).removeprefix('over: ')}", NOTHING_FOUND) from None
    groups = _groups(averages)
    for (group, tag), rows in groups.items():
        _report(group, tag, averages, rows)
    for group in dict.fromkeys(group for group, _ in groups):
        _write(
            out / _plain(group),
            [(tag, rows) for (name, tag), rows in groups.items() if name == group],
            averages,
        )
    wrote = terminal.counted(len({group for group, _ in groups}), "group")
    sys.stdout.write(f"wrote {wrote} with {', '.join(_STATISTICS)} each\n")
    return FOUND


def _groups(averages: Frame) -> dict[tuple[str, str], np.ndarray]:
    """The rows of each group and tag."""
    keys = list(zip(averages.column("run").tolist(), averages.column("tag").tolist(), strict=True))
    found: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return {key: np.array(rows) for key, rows in found.items()}


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


def _write(folder: Path, series: list[tuple[str, np.ndarray]], averages: Frame) -> None:
    for name in _STATISTICS:
        with SummaryWriter(str(folder / name)) as writer:
            for tag, rows in series:
                steps, values = averages.column("step")[rows], averages.column(name)[rows]
                for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                    writer.add_scalar(tag, value, step, new_style=True, double_precision=True)


def _plain(group: str) -> str:
    """A group's name as a directory: the glob's special characters are left out."""
    return "/".join(
        part.translate(str.maketrans("", "", "*?[]")).strip("_-. ") or "all" for part in group.split("/")
    )
