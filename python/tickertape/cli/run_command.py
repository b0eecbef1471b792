"""`tickertape run`: its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape.cli import terminal
from tickertape.cli.errors import CommandError

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape run train.py --epochs 3
  tickertape run -m package.train"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `run`. What comes after the script is not argparse's: it would swallow a `--`."""
    parser.usage = "tickertape run [-h] (script.py | directory | zip file | - | -m module) [arguments ...]"
    parser.add_argument("-m", dest="module", nargs="?", help="run a module, as python -m does")
    parser.add_argument("script", nargs="?", help="the script to run")
    parser.set_defaults(parser=parser)


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of the command line that are `run`'s own, and those that are the script's."""
    if words[:1] == ["-m"]:
        return words[:2], words[2:]
    if words[:1] == ["--"]:
        words = words[1:]
    count = 0 if not words else 1
    return words[:count], words[count:]


def run(options: argparse.Namespace) -> int:
    """Runs the script or the module."""
    from tickertape.cli import run as run_module  # noqa: PLC0415  # --help does not need it

    try:
        if options.module:
            run_module.run_module(options.module, options.rest)
        elif options.script:
            run_module.run_script(options.script, options.rest)
        else:
            options.parser.error("expected a script or -m module")
    except CommandError as error:
        terminal.say(f"tickertape run: {error}")
        return error.status
    return 0
