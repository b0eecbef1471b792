"""`tickertape tail`: the last values of a log directory, then what comes."""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape.cli import as_json, looking, paths, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.reader import mirrors
from tickertape.reader.follower import follow
from tickertape.reader.scalar_table import ScalarRow

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

EXAMPLE = """
  tickertape tail -f runs --tags 'loss*'
  tickertape tail runs -n 3 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `tail`."""
    parser.add_argument(
        "path", nargs="?", default=".", help="a log directory, a run, or an event file (default: .)"
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what comes, of new runs too, until Ctrl-C"
    )
    parser.add_argument(
        "-n", type=int, default=1, metavar="COUNT", help="the last values of each tag (default: 1)"
    )
    looking.add_filters(parser)
    as_json.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the values, a line each; exit status 1 if there are none."""
    if options.n < 0:
        raise CommandError(f"-n: expected a number of values, got {options.n}")
    printed = 0
    for row in _followed(options) if options.follow else _last(_rows_there(options), options.n):
        _print(row, terminal.screen(), is_json=options.json)
        printed += 1
    return FOUND if printed else NOTHING_FOUND


def _rows_there(options: argparse.Namespace) -> Iterator[Any]:
    """The last rows of each tag."""
    for one in looking.filtered(options, options.path).values():
        for kind in one.tags:
            if not hasattr(one, kind) or kind == "hparams":
                continue
            for entry in looking.entries(one, kind):
                if kind == "scalars":
                    yield from _scalar_rows(entry, options.n)
                else:
                    rows = getattr(one, kind)[entry.tag]
                    yield from rows[max(len(rows) - options.n, 0) :]


def _scalar_rows(entry: Any, last: int) -> Iterator[ScalarRow]:
    columns = [
        entry.column(name)[max(len(entry) - last, 0) :].tolist() for name in ("step", "wall_time", "value")
    ]
    for step, wall_time, value in zip(*columns, strict=True):
        yield ScalarRow(entry.run, entry.tag, step, wall_time, value)


def _last(rows: Iterator[Any], count: int) -> list[Any]:
    """The last rows of each tag of each run, by wall time."""
    kept: dict[tuple[str, str], deque[Any]] = {}
    for row in rows:
        kept.setdefault((row.run, row.tag), deque(maxlen=count)).append(row)
    return sorted((row for rows in kept.values() for row in rows), key=lambda row: row.wall_time)


def _followed(options: argparse.Namespace) -> Iterator[Any]:
    """What is there, then what comes."""
    top = options.path
    if not mirrors.is_url(top):
        top = paths.meant(top)
        if not Path(top).is_dir():
            paths.refuse_other(top)
    filters: dict[str, Any] = {
        "runs": options.runs,
        "tags": options.tags,
        "kinds": options.kinds,
        "steps": looking.steps_of(options.steps),
    }
    there = follow(top, timeout=0, **filters)
    yield from _last(iter(there), options.n)
    sys.stdout.flush()
    state = there.state
    there.close()
    yield from follow(top, state=state, **filters)


def _print(row: Any, out: terminal.Screen, *, is_json: bool) -> None:
    if is_json:
        fields = {name: getattr(row, name) for name in ("run", "tag", "step", "wall_time")}
        as_json.write(fields | ({"value": row.value} if isinstance(row, ScalarRow) else {}), on_one_line=True)
    else:
        clock = time.strftime("%H:%M:%S", time.localtime(row.wall_time)) if 0 <= row.wall_time < 1e11 else "?"
        value = terminal.number(row.value) if isinstance(row, ScalarRow) else _kind(row)
        run, tag = (
            out.paint(terminal.clean(name), style) for name, style in ((row.run, "bold"), (row.tag, "cyan"))
        )
        sys.stdout.write(f"{clock}  {run}  {tag}  {row.step}  {value}\n")
    sys.stdout.flush()


def _kind(row: Any) -> str:
    """Such as "text" of a TextRow."""
    return type(row).__name__.removesuffix("Row").lower()
