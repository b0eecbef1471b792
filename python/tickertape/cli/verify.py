"""`tickertape verify`: event files checked, each problem with its file and offset."""

from __future__ import annotations

import os
import sys
from itertools import groupby
from typing import TYPE_CHECKING

from tickertape.cli import as_json, checks, living, paths, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape verify runs
  tickertape verify runs --json | jq '.problems[].file'"""

_CAUSES = {
    "damage": "bytes that are no record",
    "cut": "the last record is cut off, and nobody is writing it",
    "gap": "no slice has these bytes of the file",
    "undecodable": "a record that is no event",
    "format": "the file is of another format",
    "version": "no version event at the start",
    "order": "the name sorts before that of an older file",
    "tag": "one that breaks TensorBoard",
    "kind": "a tag of two kinds",
    "step": "steps go back, without a restart marker",
    "duplicate": "a step that is there more than once",
    "time": "wall times go back",
    "value": "NaN or an infinity",
    "empty": "nothing is in the file",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `verify`."""
    parser.add_argument(
        "path", nargs="?", default=".", help="a log directory, a run, or an event file (default: .)"
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="CAUSE",
        help="a cause that is no problem here; may be repeated",
    )
    as_json.add_argument(parser)
    causes = "".join(f"  {cause:<12} {meaning}\n" for cause, meaning in _CAUSES.items())
    parser.epilog = f"causes:\n{causes}\n{parser.epilog}"


def run(options: argparse.Namespace) -> int:
    """Checks every file; exit status 1 if a problem was found."""
    for cause in options.ignore:
        if cause not in _CAUSES:
            raise CommandError(f"--ignore: expected one of {', '.join(_CAUSES)}, got {cause!r}")
    path = paths.meant(options.path)
    runs = paths.runs_of(options.path, joins=True)
    problems: list[checks.Problem] = []
    files = events = 0
    with Progress("checking") as progress:
        for name, group in runs.items():
            run_checks = checks.RunChecks(name, living.is_written)
            run_checks.names(group)
            for file in sorted(group):
                run_checks.check(file, progress)
                files += 1
            events += run_checks.events
            problems += run_checks.problems
    problems += [
        checks.Problem(os.path.dirname(os.path.relpath(file, path)) or ".", file, 0, "format", "", 1, what)  # noqa: PTH120
        for file, what in paths.not_regular(path)
    ]
    problems = [problem for problem in problems if problem.cause not in options.ignore]
    if options.json:
        as_json.write({"files": files, "events": events, "problems": [p._asdict() for p in problems]})
    else:
        _say(problems, files, events)
    return NOTHING_FOUND if problems else FOUND


def _say(problems: list[checks.Problem], files: int, events: int) -> None:
    out = terminal.screen()
    for file, group in groupby(problems, lambda problem: problem.file):
        sys.stdout.write(out.paint(terminal.clean(file), "bold") + "\n")
        for problem in group:
            tag = f" {problem.tag!r}" if problem.tag else ""
            times = f" ({terminal.count(problem.times)} such places)" if problem.times > 1 else ""
            cause = out.paint(problem.cause, "red")
            sys.stdout.write(
                f"  at {problem.offset}: {cause}{tag}: {terminal.clean(problem.message)}{times}\n"
            )
    counted = f"{terminal.counted(events, 'event')} in {terminal.counted(files, 'file')}"
    bad = len({problem.file for problem in problems})
    where = f" in {bad} of them" if files > 1 else ""
    found = f"{terminal.counted(len(problems), 'problem')}{where}" if problems else "no problems"
    sys.stdout.write(f"{counted}: {found}\n")
