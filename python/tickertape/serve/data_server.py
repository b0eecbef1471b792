"""`tickertape-data-server`: the program that TENSORBOARD_DATA_SERVER_BINARY names, in place of TensorBoard's own server.

Its arguments are those that TensorBoard passes (tensorboard/data/server_ingester.py).
"""

from __future__ import annotations

import argparse
import logging
import os
import select
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tickertape.reader import mirrors
from tickertape.serve import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tickertape.serve.server import Server

_Value = TypeVar("_Value")
_MOST_SAMPLES = 1 << 62  # fits the core's type


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves a log directory.

    Args:
        arguments: arguments; None takes those of the command line.

    Returns:
        The exit status: 0 ended as asked, 1 could not start.
    """
    options = _parser().parse_args(arguments)
    level = {0: logging.WARNING, 1: logging.INFO}.get(options.verbose, logging.DEBUG)
    logs.start("tickertape-data-server", level)
    try:
        _serve(options)
    except (OSError, ValueError, ImportError) as error:
        if options.error_file:
            Path(options.error_file).write_text(f"{error}\n", encoding="utf-8")
        sys.stderr.write(f"tickertape-data-server: {error}\n")
        return 1
    except KeyboardInterrupt:  # Ctrl-C is for TensorBoard and its children
        return 0
    return 0


def _serve(options: argparse.Namespace) -> None:
    if mirrors.is_url(options.logdir):  # if the store refuses, TensorBoard falls back to its own reader
        mirrors.has_event_file(options.logdir)
    with _started(options) as server:
        try:
            if options.port_file:
                _write_port(options.port_file, server.port)
        except OSError:
            if options.die_after_stdin and _has_ended():
                return  # whoever started this is gone, and the file's folder with it
            raise
        logging.getLogger("tickertape.serve").info("listening at %s", server.address)
        _wait(die_after_stdin=options.die_after_stdin)


def _started(options: argparse.Namespace) -> Server:
    """The server; its directory is read while gRPC is imported, which takes as long as reading a million points."""
    from tickertape.serve.log_dir import LogDir  # noqa: PLC0415  # its error goes into the error file, as below

    log_dir = LogDir(options.logdir, options.reload)
    try:
        from tickertape.serve.server import Server  # noqa: PLC0415

        return Server(
            log_dir,
            host=options.host,
            port=options.port,
            samples=options.samples_per_plugin,
            merges_ranks=options.merge_ranks,
        )
    except BaseException:
        log_dir.close()
        raise


def samples(text: str) -> dict[str, int]:
    """`images=20,scalars=all` as numbers; 0 is all.

    Raises:
        ValueError: it is of another form.
    """
    found = {}
    for pair in filter(None, text.split(",")):
        plugin, sign, count = pair.strip().partition("=")
        is_count = count == "all" or (count.isascii() and count.isdigit())
        if not (plugin and sign and is_count):
            raise ValueError(
                f"samples-per-plugin: expected pairs such as 'images=20,scalars=all', got {text!r}"
            )
        found[plugin] = 0 if count == "all" else min(int(count), _MOST_SAMPLES)
    return found


def reload_secs(text: str) -> float | None:
    """`once` as None, otherwise seconds.

    Raises:
        ValueError: it is of another form.
    """
    if text == "once":
        return None
    try:
        secs = float(text)
    except ValueError:
        secs = 0.0
    if not 0 < secs < float("inf"):
        raise ValueError(f"reload: expected seconds or 'once', got {text!r}")
    return secs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tickertape-data-server",
        description="Serves a log directory to TensorBoard: set TENSORBOARD_DATA_SERVER_BINARY to this program's path.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--logdir", required=True, help="the log directory")
    add("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    add("--port", type=int, default=0, help="0 takes a free one (default)")
    add(
        "--reload",
        type=_argument(reload_secs),
        default=5.0,
        help="seconds between polls, or 'once' (default: 5)",
    )
    add(
        "--samples-per-plugin",
        type=_argument(samples),
        default={},
        metavar="PLUGIN=N,…",
        help="how many values of a tag at most; 'all' or 0 is all",
    )
    add("--merge-ranks", action="store_true", help="show a run of several ranks as mean, least and greatest")
    add("--port-file", help="a file to write the port to, once it listens")
    add("--error-file", help="a file to write to why it could not start")
    add("--die-after-stdin", action="store_true", help="end when standard input ends")
    add("--verbose", "-v", action="count", default=0, help="say more; may be repeated")
    add(
        "--checksum",
        action="store_true",
        help="checksums are always checked; accepted for TensorBoard's sake",
    )
    return parser


def _argument(convert: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """A converter whose message argparse shows."""

    def converted(text: str) -> _Value:
        try:
            return convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return converted


def _write_port(path: str, port: int) -> None:
    """At once, so that nobody reads half a number."""
    written = f"{path}.{os.getpid()}"
    Path(written).write_text(f"{port}\n", encoding="utf-8")
    Path(written).replace(path)


def _has_ended() -> bool:
    """Whether nobody can write to standard input any more."""
    if sys.stdin is None:
        return True
    is_readable = bool(select.select([sys.stdin], [], [], 0)[0])
    return is_readable and not sys.stdin.buffer.read(1)


def _wait(*, die_after_stdin: bool) -> None:
    """Until standard input ends, if it should end then; otherwise until Ctrl-C."""
    if not die_after_stdin:
        threading.Event().wait()
    while sys.stdin is not None and sys.stdin.buffer.read(1 << 16):
        pass
