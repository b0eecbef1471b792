"""`tickertape summarize`: each series in a few numbers."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from tickertape.cli import as_json, looking, statistics, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape summarize runs --tags 'val/*'
  tickertape summarize runs --until 'loss<0.1'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `summarize`."""
    parser.add_argument("path", nargs="+", help="log directories, runs or event files")
    looking.add_filters(parser, kinds=False)
    add_statistics(parser)
    as_json.add_argument(parser)


def add_statistics(parser: argparse.ArgumentParser) -> None:
    """Adds `--goal` and `--until`."""
    parser.add_argument(
        "--goal",
        choices=("min", "max"),
        help="whether less or more is better (default: by the tag: less of a loss, an error, …)",
    )
    parser.add_argument(
        "--until",
        action="append",
        default=[],
        metavar="TAG<NUMBER",
        help="the first step at which a tag is at or below (<) or above (>) a number; may be repeated",
    )


def run(options: argparse.Namespace) -> int:
    """Prints the numbers; exit status 1 if there is no scalar."""
    thresholds = [statistics.Threshold(text) for text in options.until]
    runs = looking.filtered(options, options.path, ("scalars",))
    with Progress("summarizing"):
        found = [
            statistics.summary(entry, options.goal, thresholds)
            for one in runs.values()
            for entry in looking.entries(one, "scalars")
        ]
    if options.json:
        as_json.write([asdict(one) for one in found])
    elif found:
        sys.stdout.write(_table(found, has_threshold=bool(thresholds)))
    return FOUND if found else NOTHING_FOUND


def _table(found: list[statistics.Summary], *, has_threshold: bool) -> str:
    header = ["run", "tag", "count", "steps", "last", "best", "at step", "min", "max", "mean", "area"]
    rows = [
        [
            terminal.clean(one.run),
            terminal.clean(one.tag),
            terminal.count(one.count),
            f"{one.first_step}…{one.last_step}",
            terminal.number(one.last),
            terminal.number(one.best),
            "" if one.best_step is None else str(one.best_step),
            *(terminal.number(value) for value in (one.min, one.max, one.mean, one.area)),
        ]
        for one in found
    ]
    if has_threshold:
        header.append("reached at")
        for row, one in zip(rows, found, strict=True):
            row.append("" if one.reached is None else str(one.reached))
    return terminal.table(header, rows, terminal.screen(), header[2:])
