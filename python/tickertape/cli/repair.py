"""`tickertape repair`: tickertape.recover() in words; and with `-o` what is intact of a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape import _core
from tickertape.cli import editing, paths, terminal
from tickertape.cli.errors import WRONG_USE, CommandError
from tickertape.cli.progress import Progress
from tickertape.writer.recovery import passed_over, reports_of

if TYPE_CHECKING:
    import argparse

    from tickertape.writer.recovery import RecoveryReport

EXAMPLE = """
  tickertape repair runs                      # what killed processes logged there
  tickertape repair --dry-run
  tickertape repair damaged.tfevents -o NEW   # what is intact of a file, or of a log directory"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `repair`."""
    parser.add_argument(
        "path",
        nargs="?",
        help="where killed processes logged to, or above (default: anywhere); with -o, what is damaged",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="without a path: do not ask first")
    how.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    how.add_argument("--discard", metavar="RING", help="remove this ring with everything in it, for good")
    editing.add_closed(parser)
    how.add_argument(
        "-o", "--out", metavar="NEW", help="copy the events that are intact to a new file or directory"
    )


def run(options: argparse.Namespace) -> int:
    """Recovers, or copies what is intact."""
    if options.discard is not None:
        return _discard(options.discard)
    if options.out is not None:
        return _copy_intact(options)
    directory = options.path
    if directory is not None:
        paths.refuse_url(directory)
        directory = paths.meant(directory)
        if not Path(directory).is_dir():
            raise CommandError(
                f"path: expected a directory, got the file {directory!r}; `-o NEW` copies what is intact of it"
            )
    if options.dry_run:
        return _say(reports_of(directory, dry_run=True), "nothing to recover")
    if directory is None and not options.yes and not _agreed():
        return 1
    with Progress("recovering"):
        reports = reports_of(directory, dry_run=False)
    return _say(reports, "nothing to recover")


def _copy_intact(options: argparse.Namespace) -> int:
    """A file that can be read to its end; exit status 1 if nothing was intact."""
    if options.path is None:
        raise CommandError("path: expected a file or directory in front of -o", WRONG_USE)

    def edit(event: bytes) -> bytes | None:
        try:
            _core.Event(event)
        except ValueError:
            return None
        return event

    files = _event_files(options.path)
    editing.check_editable(files, options)
    done = editing.copy_files(options.path, files, options.out, edit, "copying", keeps_damage=False)
    events = 0
    for file, copied in done:
        events += copied.kept
        lost = sum(length for _, length in copied.damage)
        parts = [terminal.counted(copied.kept, "event")]
        if copied.damage:
            parts.append(
                f"{terminal.counted(len(copied.damage), 'damaged place')} ({terminal.size(lost)}) left out"
            )
        if copied.removed:
            parts.append(f"{terminal.counted(copied.removed, 'record')} without an event left out")
        if copied.tail_bytes:
            parts.append(
                f"{terminal.counted(copied.tail_bytes, 'byte')} of a record that is cut off left out"
            )
        sys.stdout.write(f"{terminal.clean(file)}: {', '.join(parts)}\n")
    return 0 if events else 1


def _event_files(given: str) -> list[str]:
    """The event files of a path; those of a directory that are of another format are named, and left out."""
    found = [file for group in paths.runs_of(given).values() for file in group]
    other = {file: why for file in found if (why := paths.other_format(file))}
    if len(other) == len(found):
        paths.refuse_other(found[0])
    for file, why in other.items():
        terminal.say(f"{file}: left out, since it {why}")
    return [file for file in found if file not in other]


def _agreed() -> bool:
    """Says what `repair` would do everywhere, and asks; no answer is no."""
    reports = reports_of(None, dry_run=True)
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
    except ValueError as error:
        raise CommandError(str(error), 1) from None
    sys.stdout.write(f"removed {terminal.clean(ring)}\n")
    return 0


def _say(reports: list[RecoveryReport], otherwise: str) -> int:
    """Prints the reports; returns 0 if nothing is left of any ring."""
    unseen = passed_over()
    messages = [*(message for report in reports for message in report.messages), *unseen]
    if messages or otherwise:
        sys.stdout.writelines(f"{terminal.clean(message)}\n" for message in messages or [otherwise])
    return 0 if all(report.complete for report in reports) and not unseen else 1
