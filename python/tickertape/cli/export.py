"""`tickertape export`: a log directory as a data set: scalars as tables, everything else as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.cli import editing, looking, terminal, wide
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress
from tickertape.reader import formats

if TYPE_CHECKING:
    import argparse

    from tickertape.reader.runs import Runs

EXAMPLE = """
  tickertape export runs data                                 # Parquet
  tickertape export runs data --append                        # later: only what is new
  tickertape export runs data --format csv --wide --tags 'loss*'"""

_SAVED = ("images", "audio", "text", "pr_curves", "histograms", "tensors", "meshes", "graphs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `export`."""
    parser.add_argument("path", help="a log directory, a run, or an event file")
    parser.add_argument("out", metavar="OUT", help="a directory that does not exist yet, unless --append")
    parser.add_argument(
        "--format",
        choices=("parquet", "arrow", "csv", "jsonl"),
        help="of scalars (default: as the name of OUT ends, otherwise parquet); parquet and arrow need pyarrow or polars",
    )
    parser.add_argument(
        "--wide",
        action="store_true",
        help="one table with a row for each run and step, and a column for each tag",
    )
    parser.add_argument("--append", action="store_true", help="add what is new to an earlier export")
    looking.add_filters(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the data set; exit status 1 if there is nothing to write."""
    if options.wide and options.append:
        raise CommandError("--append: expected the long form, got --wide")
    out = Path(options.out).expanduser() if options.append else _new(options)
    runs = looking.filtered(options, options.path)
    if not any(run.tags for run in runs.values()):
        raise CommandError("no value matches", NOTHING_FOUND)
    with Progress("exporting"):
        try:
            rows = _scalars(runs, out, options)
        except ValueError as error:
            raise CommandError(str(error)) from None
        files = 0
        for kind in _SAVED:
            table = getattr(runs, kind)
            if len(table):
                files += len(table.save(out / kind))
    sys.stdout.write(
        f"{terminal.counted(rows, 'row')} of scalars and {terminal.counted(files, 'file')} in {terminal.clean(options.out)}\n"
    )
    return FOUND


def _new(options: argparse.Namespace) -> Path:
    cure = "nothing is overwritten" if options.wide else "add to it with --append"
    return editing.check_new(options.out, "OUT", cure)


def _scalars(runs: Runs, out: Path, options: argparse.Namespace) -> int:
    """Writes the scalars; returns the number of rows that were added."""
    table = runs.scalars
    if not len(table):
        return 0
    if options.wide:
        return wide.write(table.pivot(), out, formats.chosen(options.format, out))
    return runs.export(out, format=options.format).rows
