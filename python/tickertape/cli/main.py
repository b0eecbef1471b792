"""The `tickertape` command: the table of subcommands, and what all of them share."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol, TextIO, cast

from tickertape.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_INTERRUPTED = 130  # what shells report for a process that Ctrl-C ended
_BROKEN_PIPE = 141  # and for one whose reader went away
_PLAIN = {"…": "...", "–": "-", "━": "-", "│": "|"}  # of the characters that we write ourselves


class Command(NamedTuple):
    """A subcommand.

    Attributes:
        group: the heading under which `tickertape --help` lists it.
        help: one line.
        module: what has its `EXAMPLE`, `add_arguments` and `run`; imported when the subcommand is used.
        is_guarded: its errors and warnings become one line each, and Ctrl-C an exit status. Not those of a user's script.
    """

    group: str
    help: str
    module: str
    is_guarded: bool = True


class CommandModule(Protocol):
    """What the module of a subcommand has."""

    EXAMPLE: str

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Adds its arguments."""

    @staticmethod
    def run(options: argparse.Namespace) -> int:
        """Runs it and returns the exit status."""


class _Parser(argparse.ArgumentParser):
    """Repeats a word of the command line without characters that would steer a terminal."""

    def error(self, message: str) -> NoReturn:
        from tickertape.cli import terminal  # noqa: PLC0415  # for a mistake

        super().error(terminal.clean(message))


COMMANDS = {
    "ls": Command("look", "list runs and tags", "tickertape.cli.ls"),
    "show": Command("look", "show the values of a tag, or what a run has", "tickertape.cli.show"),
    "tail": Command("look", "the last values, then new ones", "tickertape.cli.tail"),
    "plot": Command("look", "draw curves in the terminal, or save them as a picture", "tickertape.cli.plot"),
    "summarize": Command(
        "look", "each series in a few numbers: last, best, area, …", "tickertape.cli.summarize"
    ),
    "compare": Command("look", "runs side by side: hyperparameters and metrics", "tickertape.cli.compare"),
    "view": Command("look", "TensorBoard on our reader, in the browser", "tickertape.cli.view"),
    "verify": Command(
        "look", "check event files: damage, odd tags, steps that go back, …", "tickertape.cli.verify"
    ),
    "repair": Command(
        "keep", "recover what killed processes logged; copy what is intact of a file", "tickertape.cli.repair"
    ),
    "average": Command("edit", "average over runs, as new runs", "tickertape.cli.average"),
    "export": Command("keep", "write Parquet, Arrow, CSV or JSON lines, and files", "tickertape.cli.export"),
    "merge": Command("edit", "join runs into one", "tickertape.cli.merge"),
    "sync": Command(
        "keep", "upload a log directory to a bucket, or what dead processes left", "tickertape.cli.sync"
    ),
    "compact": Command("keep", "join the slices of finished runs in a bucket", "tickertape.cli.compact"),
    "rm-tag": Command("edit", "remove tags", "tickertape.cli.rm_tag"),
    "rename-tag": Command("edit", "give a tag another name", "tickertape.cli.rename_tag"),
    "rename-run": Command("edit", "give a run another name", "tickertape.cli.rename_run"),
    "shift-steps": Command("edit", "add a number to every step", "tickertape.cli.shift_steps"),
    "serve": Command(
        "TensorBoard", "serve a log directory to TensorBoard, from our reader", "tickertape.cli.serve"
    ),
    "run": Command(
        "log",
        "run a script with its SummaryWriter replaced by Tickertape's",
        "tickertape.cli.run_command",
        False,
    ),
    "demo": Command(
        "log", "train a small classifier, log all of it, read it back", "tickertape.cli.demo_command"
    ),
    "bench": Command("this machine", "measure this package and its peers", "tickertape.cli.bench_command"),
    "doctor": Command(
        "this machine", "what Tickertape finds here, and what would be slow", "tickertape.cli.doctor"
    ),
    "completion": Command(
        "this machine", "print a script that completes commands in a shell", "tickertape.cli.completion"
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a subcommand.

    Args:
        arguments: arguments; None takes those of the command line.

    Returns:
        The exit status: 0 found or done, 1 nothing found or problems, 2 wrong use.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] not in COMMANDS:
        return _guarded("tickertape", lambda: _without_command(words))
    name = words[0]
    ready: list[Callable[[], int]] = []

    def prepared() -> int:
        module, options = _parsed(name, words[1:])
        if COMMANDS[name].is_guarded:
            return module.run(options)
        ready.append(lambda: module.run(options))
        return 0

    status = _guarded(f"tickertape {name}", prepared)
    return ready[0]() if ready else status


def _parsed(name: str, words: list[str]) -> tuple[CommandModule, argparse.Namespace]:
    """The module of a subcommand, and what its arguments say."""
    module = load(name)
    # Words that are not argparse's: the command line of a script.
    own, rest = module.split(words) if hasattr(module, "split") else (words, [])
    options = parser_of(name, module).parse_args(own)
    options.rest = rest
    return module, options


def load(name: str) -> CommandModule:
    """The module of a subcommand."""
    return cast("CommandModule", import_module(COMMANDS[name].module))


def parser_of(name: str, module: CommandModule) -> argparse.ArgumentParser:
    """The parser of a subcommand's own arguments."""
    description = COMMANDS[name].help
    parser = _Parser(
        prog=f"tickertape {name}",
        description=f"{description[0].upper()}{description[1:]}.",
        epilog=f"example:\n{module.EXAMPLE.strip(chr(10))}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


def _without_command(words: list[str]) -> int:
    """`tickertape`, `tickertape --help`, `tickertape --version`, and names that are no subcommand."""
    lines = ["commands:"]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines.append(f"  {group}")
        lines += [f"    {name:<12} {c.help}" for name, c in COMMANDS.items() if c.group == group]
    parser = _Parser(
        prog="tickertape",
        usage="tickertape [-h] [--version] command ...",
        description="Native event I/O for training loops.",
        epilog="\n".join([*lines, "", "`tickertape COMMAND --help` has an example of each."]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args(words)
    if not options.version:
        _refuse(parser, options.command)
    from tickertape import _core  # noqa: PLC0415  # --help does not need it

    sys.stdout.write(f"tickertape {_core.__version__}\n")
    return 0


def _refuse(parser: argparse.ArgumentParser, name: str | None) -> NoReturn:
    if name is None:
        parser.error("expected a command; `tickertape --help` lists them")
    from difflib import get_close_matches  # noqa: PLC0415  # for a mistake

    near = get_close_matches(name, COMMANDS, 1)
    meant = f"; did you mean {near[0]}?" if near else "; `tickertape --help` lists them"
    parser.error(f"command: expected a command, got {name!r}{meant}")


def _guarded(name: str, run: Callable[[], int]) -> int:
    """Runs something whose errors and warnings are a line each on standard error."""
    _prepare_streams()

    def say(message: object) -> None:
        from tickertape.cli import terminal  # noqa: PLC0415  # --help does not need it

        terminal.say(f"{name}: {message}")

    def show(
        message: Warning | str,
        category: type[Warning],  # noqa: ARG001  # the signature of warnings.showwarning
        filename: str,  # noqa: ARG001
        lineno: int,  # noqa: ARG001
        file: TextIO | None = None,  # noqa: ARG001
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        say(message)

    with warnings.catch_warnings():
        if not sys.warnoptions:
            # Ours. Other packages' deprecations are not for users.
            for category in (UserWarning, RuntimeWarning):
                warnings.simplefilter("always", category)
        warnings.showwarning = show
        try:
            return _flushed(run)
        except CommandError as error:
            say(error)
            return error.status
        except BrokenPipeError:
            _give_up_output()
            return _BROKEN_PIPE
        except (Exception, KeyboardInterrupt) as error:
            if _is_interrupt(error):
                return _INTERRUPTED
            if not isinstance(error, (OSError, ImportError, MemoryError)):
                raise
            say("not enough memory" if isinstance(error, MemoryError) else error)
            with contextlib.suppress(OSError):
                _flush()
            return 1


def _flushed(run: Callable[[], int]) -> int:
    """Runs something, and writes out what it printed, so that an error of that is met here."""
    try:
        status = run()
    except SystemExit:  # argparse has printed help, or what is wrong
        _flush()
        raise
    _flush()
    return status


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_output()
        raise


def _give_up_output() -> None:
    """Python flushes standard output once more at its end, and would report the same error in its own words."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: a module that is interrupted while it is loaded says that it cannot be."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _prepare_streams() -> None:
    """Lets the standard streams take every text, also if the shell closed them."""
    codecs.register_error("tickertape", _replaced)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # lasts as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tickertape")  # names of files and tags need not be UTF-8


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What is written for characters that the encoding of a stream has not."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = (_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text)
    return "".join(shown), error.end
