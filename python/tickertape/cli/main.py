"""The `tickertape` command: its arguments and subcommands."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tickertape.cli import repair

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a subcommand.

    Args:
        arguments: arguments; None takes those of the command line.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="tickertape", description="Native event I/O for training loops.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser("demo", help="train a small classifier, log all of it, read it back")
    demo.add_argument("--log-dir", help="where to log (default: runs/demo_<date>)")
    demo.add_argument(
        "--epochs", type=int, default=40, help="passes over the training images (default: %(default)s)"
    )
    _add_bench(commands)
    run = commands.add_parser(
        "run",
        help="run a script with its SummaryWriter replaced by Tickertape's",
        usage="tickertape run [-h] (script.py | -m module) [arguments ...]",
    )
    run.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="run a module, as python -m does")
    run.add_argument("script", nargs="?", help="the script to run")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="its sys.argv")
    repair.add_commands(commands)
    options = parser.parse_args(arguments)
    if options.command == "run":
        return _run(run, options)
    if options.command == "bench":
        return _bench(options)
    if options.command == "repair":
        return repair.run_repair(options)
    if options.command == "doctor":
        return repair.run_doctor()
    if options.epochs < 1:
        parser.error(f"argument --epochs: expected at least 1, got {options.epochs}")

    from tickertape import demo as demo_module  # noqa: PLC0415  # --help does not need it

    return demo_module.run(options.log_dir, options.epochs)


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = commands.add_parser("bench", help="measure this package and its peers on this machine")
    bench.add_argument("--quick", action="store_true", help="half a minute, less exact")
    bench.add_argument("--out", metavar="report.html", help="write a page with plots, without other files")
    bench.add_argument("--json", metavar="FILE", help="write the numbers")
    bench.add_argument("--log-dir", help="keep the event files in this directory (default: a temporary one)")
    bench.add_argument(
        "--only", action="append", default=[], metavar="PART", help="one part of the report; may be repeated"
    )


def _bench(options: argparse.Namespace) -> int:
    from tickertape import bench  # noqa: PLC0415  # --help does not need it

    return bench.run(
        quick=options.quick,
        out=options.out,
        json_path=options.json,
        log_dir=options.log_dir,
        only=options.only,
    )


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from tickertape.cli import run as run_module  # noqa: PLC0415  # --help does not need it

    if options.module:
        run_module.run_module(options.module[0], options.module[1:])
    elif options.script and options.module is None:
        run_module.run_script(options.script, options.arguments)
    else:
        parser.error("expected a script or -m module")
    return 0
