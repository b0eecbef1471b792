"""Events that killed processes had logged to a directory and no file has yet: they are in op rings, where only recovery reads them."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from tickertape import _core
from tickertape.convert import notices

if TYPE_CHECKING:
    from collections.abc import Iterable


def count(folder: str) -> int:
    """How many events killed processes have left in op rings for a directory and those below; nothing is changed."""
    if any("\udc80" <= c <= "\udcff" for c in folder):
        return 0  # no writer of ours can have a directory that is not UTF-8
    rings, _ = _core.recover(folder, dry_run=True)
    return sum(ring[2] + ring[4] for ring in rings)  # events to recover, events whose file is not found


def warn(folders: Iterable[str]) -> dict[str, str]:
    """Warns once of each directory for which events were left. Returns directory to what was said of it."""
    found = {}
    for folder in folders:
        left = 0
        with suppress(OSError):  # gone meanwhile, or rings that cannot be read: no reason to read nothing
            left = count(folder)
        if left:
            found[folder] = _words(folder, left)
            notices.warn_once(("left events", folder, left), found[folder], RuntimeWarning)
    return found


def _words(folder: str, left: int) -> str:
    shown = shlex.quote(folder) if folder.isprintable() else ascii(folder)
    events = "1 event" if left == 1 else f"{left:,} events"
    return f"a killed process left {events} for {shown} in its op ring; `tickertape repair {shown}` puts them into their files"
