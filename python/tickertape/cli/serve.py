"""`tickertape serve`: a log directory for TensorBoard's `--grpc_data_provider`."""

from __future__ import annotations

import logging
import shlex
import sys
import threading
from typing import TYPE_CHECKING

from tickertape.cli import terminal
from tickertape.cli.errors import FOUND, CommandError
from tickertape.reader import log_dirs, mirrors
from tickertape.serve import data_server, logs

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape serve runs --port 6007
  tensorboard --grpc_data_provider 127.0.0.1:6007 --logdir runs
  tickertape serve --problems 127.0.0.1:6007"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `serve`."""
    add = parser.add_argument
    add("logdir", nargs="?", help="the log directory, or its URL")
    add(
        "--host",
        default="127.0.0.1",
        help="where to listen; others can then read the runs (default: 127.0.0.1)",
    )
    add("--port", type=int, default=0, help="default: a free one")
    add(
        "--samples-per-plugin",
        default="",
        metavar="PLUGIN=N,…",
        help="how many values of a tag at most; 'all' or 0 is all (default: as many as TensorBoard asks for)",
    )
    add(
        "--reload",
        default="1",
        metavar="SECS",
        help="seconds between polls, or 'once' (default: 1; of a URL at least 30)",
    )
    add(
        "--merge-ranks",
        action="store_true",
        help="serve runs of several ranks as three: the mean, RUN/rank-min and RUN/rank-max",
    )
    add("--problems", metavar="ADDRESS", help="print what the server at this address could not read, and end")


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C."""
    from tickertape.serve import server  # noqa: PLC0415  # needs gRPC, which --help does not

    if options.problems:
        found = server.problems(options.problems)
        for problem in found:
            line = "{path}: {bytes} bytes at {offset}: {cause}".format_map(problem)
            sys.stdout.write(f"{terminal.clean(line)}\n")
        return FOUND
    if options.logdir is None:
        raise CommandError("logdir: expected a log directory, got none")
    try:
        if mirrors.is_url(options.logdir):
            mirrors.has_event_file(
                options.logdir
            )  # says what is wrong with the store; there need be none yet
        else:
            log_dirs.given_paths(options.logdir)
        samples = data_server.samples(options.samples_per_plugin)
        reload_secs = data_server.reload_secs(options.reload)
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    logs.start("tickertape serve", logging.INFO)
    try:
        started = server.Server(
            options.logdir,
            host=options.host,
            port=options.port,
            samples=samples,
            reload_secs=reload_secs,
            merges_ranks=options.merge_ranks,
        )
    except ValueError as error:
        raise CommandError(str(error)) from error
    with started as served:
        place = shlex.quote(options.logdir)
        words = f"tensorboard --grpc_data_provider {served.address} --logdir {place}"
        sys.stdout.write(f"serving {place}; to see it run\n  {words}\n")
        sys.stdout.flush()
        threading.Event().wait()
    return FOUND
