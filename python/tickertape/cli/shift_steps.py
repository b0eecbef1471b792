"""`tickertape shift-steps`: event files whose steps are larger or smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape.cli import editing, event_bytes
from tickertape.cli.errors import CommandError

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape shift-steps runs/resumed 5000 -o runs/resumed-shifted
  tickertape shift-steps runs/resumed -- -100 -o runs/earlier"""

_SHIFTED = (event_bytes.SUMMARY, event_bytes.SESSION_LOG, event_bytes.RUN_METADATA)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `shift-steps`."""
    parser.add_argument("path", help="a log directory, a run, or an event file")
    parser.add_argument("by", type=int, help="what is added to each step")
    editing.add_target(parser)


def run(options: argparse.Namespace) -> int:
    """Shifts the steps of values, of run metadata and of SessionLogs. Version events and graphs have none that counts."""

    def edit(event: bytes) -> bytes:
        if not event_bytes.has(event, *_SHIFTED):
            return event
        step = event_bytes.step_of(event) + options.by
        if not -(2**63) <= step < 2**63:
            raise CommandError(f"by: expected a number that keeps every step in 64 bits, got {options.by}")
        return event_bytes.with_step(event, step) if options.by else event

    done = editing.edit_runs(options.path, options, edit, "shifting")
    return editing.report(done, f"added {options.by} to the steps of", lambda: "no event has a step")
