"""Names of event files: which TensorBoard takes for some, and in which order files of a run were made."""

from __future__ import annotations

import re

from tickertape import _core
from tickertape.remote import slices

# events.out.tfevents.<seconds>.<host>.<process>.<counter><suffix>; hosts may hold dots and digits
_NAME = re.compile(r"tfevents\.(\d+)(?:\..*\.\d+\.(\d+)(?:\D.*)?)?")


is_event_file = _core.is_event_file


def order(name: str) -> tuple[int, int, str]:
    """A key that sorts the files of a run by their making: seconds, then the counter as a number, then the name."""
    name = name.removesuffix(slices.ALL)
    found = _NAME.search(name)
    if found is None:
        return 0, 0, name
    return int(found[1]), int(found[2] or 0), name
