"""`tickertape repair`: tickertape.recover() in words. `tickertape doctor`: what there is to recover, and where rings are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape import _core
from tickertape.writer.recovery import recover

if TYPE_CHECKING:
    import argparse

    from tickertape.writer.recovery import RecoveryReport

NO_SUCH_DIRECTORY = 2


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `repair` and `doctor` to the parser of the command line."""
    repair = commands.add_parser("repair", help="recover what killed processes had logged")
    repair.add_argument("directory", nargs="?", help="where they logged to, or above (default: anywhere)")
    how = repair.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="without a directory: do not ask first")
    how.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    how.add_argument("--discard", metavar="RING", help="remove this ring with everything in it, for good")
    commands.add_parser("doctor", help="say where op rings are, and which ones killed processes left")


def run_repair(options: argparse.Namespace) -> int:
    """Runs `tickertape repair` and returns the exit status."""
    if options.discard is not None:
        return _discard(options.discard)
    directory = options.directory
    if directory is not None and not Path(directory).is_dir():
        sys.stderr.write(f"tickertape repair: there is no directory {directory!r}\n")
        return NO_SUCH_DIRECTORY
    if options.dry_run:
        return _say(recover(directory, dry_run=True), "nothing to recover")
    if directory is None and not options.yes and not _agreed():
        return 1
    return _say(recover(directory), "nothing to recover")


def run_doctor() -> int:
    """Runs `tickertape doctor` and returns the exit status: 0 if nothing is to be done."""
    for path, is_there, problem in _core.ring_directories():
        state = problem or ("in use" if is_there else "not there yet")
        sys.stdout.write(f"op rings: {path}: {state}\n")
    _, living = _core.recover("", dry_run=True)
    sys.stdout.write(f"op rings of living processes: {living}\n")
    reports = recover(dry_run=True)
    status = 0
    for report in reports:
        left = report.events + report.events_kept
        if not left and not report.messages:
            continue
        status = 1
        sys.stdout.write(f"{report.ring}: process {report.process_id} left {left} events\n")
        sys.stdout.writelines(f"  {message}\n" for message in report.messages)
    if status:
        sys.stdout.write(
            "`tickertape repair` recovers what it can; `tickertape repair --discard RING` gives a ring up\n"
        )
    else:
        sys.stdout.write("nothing to recover\n")
    return status


def _agreed() -> bool:
    """Says what `repair` would do everywhere, and asks; no answer is no."""
    reports = recover(dry_run=True)
    if not any(report.events or report.messages for report in reports):
        return True
    _say(reports, "")
    sys.stdout.write("Go on? [y/N] ")
    sys.stdout.flush()
    if not sys.stdin.isatty():
        sys.stdout.write("\nnobody to ask: run again with --yes, or name a directory\n")
        return False
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _discard(ring: str) -> int:
    try:
        _core.discard_ring(os.fsencode(ring))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"tickertape repair: {error}\n")
        return 1
    sys.stdout.write(f"removed {ring}\n")
    return 0


def _say(reports: list[RecoveryReport], otherwise: str) -> int:
    """Prints the reports; returns 0 if nothing is left of any ring."""
    messages = [message for report in reports for message in report.messages]
    if messages or otherwise:
        sys.stdout.write("\n".join(messages or [otherwise]) + "\n")
    return 0 if all(report.complete for report in reports) else 1
