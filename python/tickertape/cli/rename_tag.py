"""`tickertape rename-tag`: event files in which a tag has another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _core
from tickertape.cli import editing, event_bytes, looking, paths
from tickertape.cli.errors import CommandError
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXAMPLE = """
  tickertape rename-tag runs Loss loss/train -o runs-renamed
  tickertape rename-tag runs --prefix train_ train/ --in-place"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `rename-tag`."""
    parser.add_argument("path", help="a log directory, a run, or an event file")
    parser.add_argument("old", help="the tag")
    parser.add_argument("new", help="its new name")
    parser.add_argument("--prefix", action="store_true", help="OLD and NEW are the beginning of tags")
    parser.add_argument(
        "--join", action="store_true", help="also if there is a tag NEW already: both become one"
    )
    editing.add_target(parser)


def run(options: argparse.Namespace) -> int:
    """Renames the tag."""

    def renamed(tag: str) -> str:
        if options.prefix and tag.startswith(options.old):
            return str(options.new) + tag[len(options.old) :]
        return str(options.new) if tag == options.old else tag

    if not options.new and not options.prefix:
        raise CommandError("new: expected a tag, got an empty text")
    old = options.old.encode(errors="surrogateescape")
    if not options.join:
        with Progress("looking for the new name"):
            _refuse_if_taken(options.path, renamed, [old, options.new.encode(errors="surrogateescape")])
    done = editing.edit_runs(
        options.path, options, lambda event: event_bytes.edit_some_tags(event, [old], renamed), "renaming"
    )
    return editing.report(
        done,
        f"renamed {options.old} to {options.new} in",
        lambda: f"no value has the tag {options.old}; {looking.tags_hint(options.path, [options.old])}",
    )


def _refuse_if_taken(given: str, renamed: Callable[[str], str], beginnings: list[bytes]) -> None:
    """Raises CommandError if a tag has a new name already. Only tags with these beginnings are looked at."""
    for run_name, files in paths.runs_of(given).items():
        tags = {tag for file in files for tag in _tags(file, beginnings)}
        for tag in sorted(tags):
            new = renamed(tag)
            if new != tag and new in tags:
                raise CommandError(
                    f"new: expected a tag that is not there, got {new!r}, which run {run_name!r} has beside {tag!r}; "
                    "--join makes one series of both"
                )


def _tags(file: str, beginnings: list[bytes]) -> set[str]:
    found: set[str] = set()
    for record in _core.RecordReader(file):
        if not any(beginning in record for beginning in beginnings):
            continue
        try:
            found.update(event_bytes.tags(record))
        except ValueError:  # costs nothing where nothing is raised
            continue
    return found
