"""`tickertape view`: TensorBoard on our reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape.cli import paths
from tickertape.cli.errors import CommandError

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape view runs
  tickertape view runs --port 6010 --no-open
  tickertape view runs -- --samples_per_plugin images=100"""

_LAST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `view`."""
    parser.usage = "tickertape view [-h] [--port PORT] [--no-open] [--plain | --merge-ranks] [path] [-- arguments of TensorBoard]"
    parser.add_argument("path", nargs="?", default=".", help="a log directory or its URL (default: .)")
    parser.add_argument(
        "--port", type=int, help="where the browser finds it (default: the first free one from 6006)"
    )
    parser.add_argument("--no-open", action="store_true", help="do not open the browser")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--plain", action="store_true", help="use TensorBoard's own reader")
    either.add_argument(
        "--merge-ranks",
        action="store_true",
        help="show runs of several ranks as three: the mean, RUN/rank-min and RUN/rank-max",
    )


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of the command line that are `view`'s own, and TensorBoard's, which come after a `--`."""
    if "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C, SIGTERM, or the end of the data server."""
    if options.port is not None and not 0 <= options.port <= _LAST_PORT:
        raise CommandError(f"--port: expected a port from 0 to {_LAST_PORT}, got {options.port}")
    log_dir = paths.log_dir_of(options.path)
    from tickertape.serve import view  # noqa: PLC0415  # --help does not need it

    try:
        view.run(
            log_dir,
            port=options.port,
            opens_browser=not options.no_open,
            is_plain=options.plain,
            merges_ranks=options.merge_ranks,
            arguments=options.rest,
        )
    except ValueError as error:  # arguments that TensorBoard refuses
        raise CommandError(str(error)) from None
    return 0
