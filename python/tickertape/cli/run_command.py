"""`tickertape run`: its arguments."""

from __future__ import annotations

import argparse

EXAMPLE = """
  tickertape run train.py --epochs 3
  tickertape run -m package.train"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `run`."""
    parser.usage = "tickertape run [-h] (script.py | -m module) [arguments ...]"
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="run a module, as python -m does")
    parser.add_argument("script", nargs="?", help="the script to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its sys.argv")
    parser.set_defaults(parser=parser)


def run(options: argparse.Namespace) -> int:
    """Runs the script or the module."""
    from tickertape.cli import run as run_module  # noqa: PLC0415  # --help does not need it

    if options.module:
        run_module.run_module(options.module[0], options.module[1:])
    elif options.script and options.module is None:
        run_module.run_script(options.script, options.arguments)
    else:
        options.parser.error("expected a script or -m module")
    return 0
