"""`tickertape rm-tag`: event files without some tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape.cli import editing, event_bytes, looking
from tickertape.cli.patterns import beginning, matcher

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape rm-tag runs 'gradients/*' -o runs-small
  tickertape rm-tag runs/lr0.1 debug --in-place"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `rm-tag`."""
    parser.add_argument("path", help="a log directory, a run, or an event file")
    parser.add_argument("tags", nargs="+", metavar="TAG", help="a tag or glob")
    editing.add_target(parser)


def run(options: argparse.Namespace) -> int:
    """Removes the values of the tags."""
    matches = matcher(options.tags)
    beginnings = [beginning(tag).encode(errors="surrogateescape") for tag in options.tags]

    def edit(event: bytes) -> bytes | None:
        return event_bytes.edit_some_tags(event, beginnings, lambda tag: None if matches(tag) else tag)

    done = editing.edit_runs(options.path, options, edit, "removing")
    tags = ", ".join(options.tags)
    nothing = f"no value has a tag that matches {tags}"
    return editing.report(
        done, f"removed {tags} from", lambda: f"{nothing}; {looking.tags_hint(options.path, options.tags)}"
    )
