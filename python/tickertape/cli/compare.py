"""`tickertape compare`: runs side by side."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tickertape.cli import as_json, looking, statistics, summarize, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse

    from tickertape.reader.runs import Runs

EXAMPLE = """
  tickertape compare runs/lr0.1 runs/lr0.01
  tickertape compare runs --tags 'val/*' --by last"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `compare`."""
    parser.add_argument("path", nargs="+", metavar="RUN", help="runs, or log directories with several")
    parser.add_argument(
        "--by",
        choices=("best", "last", "min", "max", "mean", "area", "reached"),
        default="best",
        help="which number of each series (default: %(default)s)",
    )
    looking.add_filters(parser, kinds=False)
    summarize.add_statistics(parser)
    as_json.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Prints hyperparameters and scalars, a column for each run; exit status 1 if there is nothing to compare."""
    thresholds = [statistics.Threshold(text) for text in options.until]
    if options.by == "reached" and not thresholds:
        raise CommandError("--by: expected --until beside 'reached', got none; add --until 'TAG<NUMBER'")
    runs = looking.filtered(options, options.path, ("scalars", "hparams"))
    hparams = _hparams(runs)
    metrics: dict[str, dict[str, Any]] = {}
    with Progress("comparing"):
        for one in runs.values():
            for entry in looking.entries(one, "scalars"):
                summary = statistics.summary(entry, options.goal, thresholds)
                metrics.setdefault(entry.tag, {})[one.name] = getattr(summary, options.by)
    names = list(runs)
    if options.json:
        as_json.write({"runs": names, "hparams": hparams, options.by: metrics})
    elif hparams or metrics:
        sys.stdout.write(_table(names, hparams, metrics, options.by))
    return FOUND if hparams or metrics else NOTHING_FOUND


def _hparams(runs: Runs) -> dict[str, dict[str, Any]]:
    """Hyperparameter to run to value."""
    found: dict[str, dict[str, Any]] = {}
    for session in runs.hparams.sessions:
        for name, value in session.hparams.items():
            found.setdefault(name, {})[session.run] = value
    return found


def _table(
    names: list[str], hparams: dict[str, dict[str, Any]], metrics: dict[str, dict[str, Any]], by: str
) -> str:
    """A line for each hyperparameter and tag; of hyperparameters that are all the same, the value once."""
    rows = []
    for name, values in hparams.items():
        cells = [_cell(values.get(run)) for run in names]
        rows.append([f"hparam {terminal.clean(name)}", *cells])
    for tag, values in metrics.items():
        rows.append([terminal.clean(tag), *(_cell(values.get(run)) for run in names)])
    return terminal.table(
        [by, *map(terminal.clean, names)], rows, terminal.screen(), [terminal.clean(n) for n in names]
    )


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return terminal.number(value)
    return terminal.clean(str(value))
