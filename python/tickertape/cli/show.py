"""`tickertape show`: the values of a tag, or what a run has."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from tickertape.cli import as_json, looking, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape show runs/lr0.1 loss/train
  tickertape show runs/lr0.1 'val/*' -n 0 --json
  tickertape show runs/lr0.1                    # hyperparameters, and a line for each tag"""

_DEFAULT_ROWS = 20
_SPARK_WIDTH = 60
_FIELDS = {
    "histograms": ("num", "min", "max", "sum"),
    "images": ("width", "height"),
    "audio": ("sample_rate", "channels", "frames"),
    "text": ("text",),
    "tensors": ("dtype", "shape"),
    "meshes": ("mesh", "part", "dtype", "shape"),
    "pr_curves": ("precision", "recall"),
    "graphs": (),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `show`."""
    parser.add_argument("path", metavar="RUN", help="a run, a log directory, or an event file")
    parser.add_argument("tag", nargs="?", help="a tag or glob")
    parser.add_argument(
        "-n",
        type=int,
        metavar="COUNT",
        help=f"the last COUNT values, 0 for all (default: {_DEFAULT_ROWS}; all with --json)",
    )
    looking.add_filters(parser)
    as_json.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Shows the values; exit status 1 if there are none."""
    if options.n is not None and options.n < 0:
        raise CommandError(f"-n: expected a number of values, got {options.n}")
    if options.tag is not None:
        options.tags = [options.tag]
    runs = looking.filtered(options, options.path)
    last = options.n if options.n is not None else 0 if options.json or options.tag is None else _DEFAULT_ROWS
    with Progress("decoding"):
        found = [
            _series(kind, entry, getattr(one, kind), last, is_short=options.tag is None)
            for one in runs.values()
            for kind in one.tags
            if hasattr(one, kind)
            for entry in looking.entries(one, kind)
        ]
    sessions = [_session(session) for session in runs.hparams.sessions] if options.tags is None else []
    if options.json:
        for series in found:
            series.pop("all", None)
        as_json.write({"hparams": sessions, "series": found})
    else:
        _say(found, sessions, is_short=options.tag is None)
    return FOUND if found or sessions else NOTHING_FOUND


def _series(kind: str, entry: Any, table: Any, last: int, *, is_short: bool) -> dict[str, Any]:
    """The last values of a tag of one run."""
    shown: dict[str, Any] = {"run": entry.run, "tag": entry.tag, "kind": kind, "count": len(entry)}
    if kind == "scalars":
        columns = {name: entry.column(name) for name in ("step", "wall_time", "value")}
        shown["values"] = {name: column[-last:] if last else column for name, column in columns.items()}
        shown["all"] = columns["value"]
        return shown
    rows = table[entry.tag]
    begin = len(rows) - 1 if is_short else max(len(rows) - last, 0) if last else 0
    shown["values"] = [_row(row, _FIELDS.get(kind, ())) for row in rows[begin:]]
    return shown


def _row(row: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    shown: dict[str, Any] = {"step": row.step, "wall_time": row.wall_time}
    try:
        shown |= {name: getattr(row, name) for name in fields}
    except ValueError as error:
        shown["error"] = str(error)
    return shown


def _session(session: Any) -> dict[str, Any]:
    shown: dict[str, Any] = session._asdict()
    shown["metrics"] = {name: metric._asdict() for name, metric in session.metrics.items()}
    return shown


def _say(found: list[dict[str, Any]], sessions: list[dict[str, Any]], *, is_short: bool) -> None:
    out = terminal.screen()
    for session in sessions:
        sys.stdout.write(
            f"{out.paint(terminal.clean(session['run']), 'bold')}: session, {session['status']}\n"
        )
        sys.stdout.writelines(
            f"  {terminal.clean(name)} = {terminal.number(value) if isinstance(value, float) else terminal.clean(str(value))}\n"
            for name, value in session["hparams"].items()
        )
    for series in found:
        title = f"{terminal.clean(series['run'])}: {terminal.clean(series['tag'])}"
        counted = terminal.kind_counted(series["count"], series["kind"])
        sys.stdout.write(f"{out.paint(title, 'bold')}  {counted}")
        if series["kind"] == "scalars":
            _say_scalars(series, out, is_short=is_short)
        else:
            _say_rows(series, out, is_short=is_short)


def _say_scalars(series: dict[str, Any], out: terminal.Screen, *, is_short: bool) -> None:
    values = series["all"]
    width = min(_SPARK_WIDTH, out.width or _SPARK_WIDTH)
    line = out.paint(out.sparkline(values, width), "cyan")
    ends = f"last {terminal.number(values[-1])}"
    sys.stdout.write(f", {ends}\n{line}\n")
    if is_short:
        return
    columns = series["values"]
    rows = [
        [str(step), _time(wall_time), terminal.number(value)]
        for step, wall_time, value in zip(
            columns["step"].tolist(), columns["wall_time"].tolist(), columns["value"].tolist(), strict=True
        )
    ]
    sys.stdout.write(terminal.table(["step", "time", "value"], rows, out, ["step", "value"]))


def _say_rows(series: dict[str, Any], out: terminal.Screen, *, is_short: bool) -> None:
    rows = series["values"]
    sys.stdout.write("\n")
    if series["kind"] == "text" and not is_short:
        for row in rows:
            text = "\n".join(
                terminal.clean(line) for line in str(row.get("text", row.get("error"))).splitlines()
            )
            sys.stdout.write(f"{out.paint('step ' + str(row['step']), 'dim')}\n{text}\n")
        return
    for row in rows:
        fields = ", ".join(
            f"{name} {_cell(value)}" for name, value in row.items() if name not in ("step", "wall_time")
        )
        sys.stdout.write(f"  step {row['step']}: {fields}\n" if fields else f"  step {row['step']}\n")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return terminal.number(value)
    if hasattr(value, "tolist"):
        value = [float(f"{number:.3g}") for number in value.ravel()[:6].tolist()]
    return terminal.shorten(terminal.clean(str(value)), 60)


def _time(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):  # a file may say anything
        return f"{seconds:.6g} s"
