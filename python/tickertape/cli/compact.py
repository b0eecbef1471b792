"""`tickertape compact`: the slices of finished runs, joined into one object each."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tickertape.cli import terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress
from tickertape.convert import urls
from tickertape.reader.event_names import is_event_file
from tickertape.remote import compact
from tickertape.remote.stores import Store

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape compact s3://bucket/runs
  tickertape compact s3://bucket/runs/exp1 --force"""

# Ten times the time after which our writers upload what they have.
_LEAST_AGE_SECS = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `compact`."""
    parser.add_argument("path", help="a log directory's URL, or a local directory that has slices")
    parser.add_argument(
        "--force",
        action="store_true",
        help=f"also files whose newest object is younger than {_LEAST_AGE_SECS:.0f} s, as a file has that is being written",
    )


def run(options: argparse.Namespace) -> int:
    """Compacts every finished event file; exit status 1 if one was left as it is."""
    store = _store(options.path)
    done = refused = objects = size = 0
    with Progress("compacting") as progress:
        least = 0.0 if options.force else _LEAST_AGE_SECS
        for one in compact.compact(store, is_event_file, least_age_secs=least, progress=progress):
            if one.refused:
                refused += 1
                terminal.say(f"{one.file}: left in {one.objects} objects: {one.refused}")
            else:
                done, objects, size = done + 1, objects + one.objects, size + one.size
    sys.stdout.write(
        f"compacted {terminal.counted(done, 'file')} ({terminal.size(size)}): {terminal.counted(objects, 'object')} "
        f"before, {terminal.count(done)} now\n"
        if done
        else "nothing was compacted\n"
    )
    return NOTHING_FOUND if refused else FOUND


def _store(given: str) -> Store:
    try:
        if urls.is_remote(given):
            return Store(urls.normalised(given, "path"), "path")
        if not os.path.isdir(given):  # noqa: PTH112  # a str
            raise CommandError(f"path: expected a URL or a local directory, got {given!r}")
        return Store(f"file://{os.path.abspath(given)}")  # noqa: PTH100
    except ValueError as error:
        raise CommandError(str(error)) from error
