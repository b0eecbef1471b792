"""`tickertape repair`: tickertape.recover() in words."""

from __future__ import annotations

import sys

from tickertape.writer.recovery import recover


def run(path: str | None) -> int:
    """Recovers, prints what was done, and returns the exit status."""
    reports = recover(path)
    messages = [message for report in reports for message in report.messages]
    sys.stdout.write("\n".join(messages or ["nothing to recover"]) + "\n")
    return 0 if all(report.complete for report in reports) else 1
