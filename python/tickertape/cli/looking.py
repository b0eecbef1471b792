"""What the subcommands that read a log directory share: the filters, and reading with progress."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from tickertape.cli import paths
from tickertape.cli.errors import NOTHING_FOUND, CommandError
from tickertape.cli.patterns import matcher
from tickertape.cli.progress import Progress
from tickertape.reader import names
from tickertape.reader.runs import read
from tickertape.reader.selection import KINDS, RESTARTS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

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
        paths.runs_of(one, unpacks=True, joins=True)
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
            raise CommandError(_no_run(options.runs or [], tops), NOTHING_FOUND)
    if options.tags and not any(one.tags for one in runs.values()):
        _say_no_tag(options, tops, kinds)
    return runs


def hint(wanted: Sequence[str], known: Sequence[str], noun: str) -> str:
    """The end of a sentence about a name that is not there: the names that are, and the nearest one."""
    near = next(filter(None, (names.near(one, known) for one in wanted)), "")
    return f"{names.there(known, noun)}{near}"


def tags_hint(given: str, wanted: Sequence[str]) -> str:
    """hint() for the tags of a path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damage: the caller has said it
        return hint(wanted, _tags(read(paths.meant(given))), "tag")


def _tags(runs: Runs) -> list[str]:
    return list(dict.fromkeys(tag for one in runs.values() for tags in one.tags.values() for tag in tags))


def _no_run(wanted: list[str], tops: list[str]) -> str:
    return f"no run matches {', '.join(wanted)}; {hint(wanted, list(read(tops)), 'run')}"


def _say_no_tag(options: argparse.Namespace, tops: list[str], kinds: tuple[str, ...] | None) -> None:
    """Says which tags there are. With --json the document of a subcommand that found nothing follows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damage was said
        runs = read(tops, runs=options.runs, kinds=kinds or getattr(options, "kinds", None))
        known = _tags(runs)
    matching = any(matcher(options.tags)(tag) for tag in known)
    message = (
        f"no value of {', '.join(options.tags)} matches --steps {options.steps}"
        if matching
        else f"no tag matches {', '.join(options.tags)}; {hint(options.tags, known, 'tag')}"
    )
    if not getattr(options, "json", False):
        raise CommandError(message, NOTHING_FOUND)
    warnings.warn(message, stacklevel=2)


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
