"""What the subcommands that read a log directory share: the filters, and reading with progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape.cli import paths
from tickertape.cli.errors import NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress
from tickertape.reader.runs import read
from tickertape.reader.selection import KINDS, RESTARTS

if TYPE_CHECKING:
    import argparse

    from tickertape.reader.runs import Runs


def add_filters(parser: argparse.ArgumentParser, *, kinds: bool = True) -> None:
    """Adds `--runs`, `--tags`, `--kinds`, `--steps` and `--restarts`."""
    parser.add_argument("--runs", action="append", metavar="RUN", help="a run or glob; may be repeated")
    parser.add_argument("--tags", action="append", metavar="TAG", help="a tag or glob; may be repeated")
    if kinds:
        parser.add_argument("--kinds", action="append", choices=KINDS, help="a kind; may be repeated")
    parser.add_argument("--steps", metavar="FIRST:LAST", help="both included; either may be left out")
    parser.add_argument(
        "--restarts", choices=RESTARTS, default=RESTARTS[0], help="what counts if a run was started over"
    )


def filtered(
    options: argparse.Namespace, given: str | list[str], kinds: tuple[str, ...] | None = None
) -> Runs:
    """The runs of paths, as the filters say; read, with progress.

    Raises:
        CommandError: a path is wrong, or there are no event files, or no run that was asked for.
    """
    givens = [given] if isinstance(given, str) else given
    tops = [paths.meant(one) for one in givens]
    for one in givens:
        paths.runs_of(one, unpacks=True)
    with Progress("reading") as progress:
        runs = read(
            tops[0] if len(tops) == 1 else tops,
            runs=options.runs,
            tags=options.tags,
            kinds=kinds or getattr(options, "kinds", None),
            steps=steps_of(options.steps),
            restarts=options.restarts,
            progress=progress,
        )
        if not len(runs):
            raise CommandError(f"no run matches {', '.join(options.runs or ())}", NOTHING_FOUND)
    return runs


def steps_of(text: str | None) -> tuple[int | None, int | None] | None:
    """The steps of `--steps FIRST:LAST`.

    Raises:
        CommandError: it is something else.
    """
    if text is None:
        return None
    first, colon, last = text.partition(":")
    try:
        ends = (int(first) if first else None, int(last) if last else None)
    except ValueError:
        ends = (None, None) if not colon else (1, 0)
    if not colon or (ends[0] is not None and ends[1] is not None and ends[0] > ends[1]):
        raise CommandError(f"--steps: expected FIRST:LAST, got {text!r}")
    return ends


def entries(table_owner: Any, kind: str) -> list[Any]:
    """The series of one kind that a run, or all runs, have: objects with `run`, `tag`, len() and column()."""
    found: list[Any] = list(getattr(table_owner, kind).entries) if kind != "hparams" else []
    return [entry for entry in found if len(entry)]
