"""Names of event files: which TensorBoard takes for some, and in which order files of a run were made."""

from __future__ import annotations

import re

from tickertape.remote import slices

_MARK = "tfevents"  # what TensorBoard looks for in a file's name
_NO_DATA = ".profile-empty"  # a file of TensorFlow's profiler; TensorBoard passes it by
# events.out.tfevents.<seconds>.<host>.<process>.<counter><suffix>; hosts may hold dots and digits
_NAME = re.compile(r"tfevents\.(\d+)(?:\..*\.\d+\.(\d+)(?:\D.*)?)?")


def is_event_file(name: str) -> bool:
    """Whether TensorBoard would take a file of this name for an event file with data."""
    return _MARK in name and not name.removesuffix(".gz").removesuffix(".zst").endswith(_NO_DATA)


def order(name: str) -> tuple[int, int, str]:
    """A key that sorts the files of a run by their making: seconds, then the counter as a number, then the name."""
    name = name.removesuffix(slices.ALL)
    found = _NAME.search(name)
    if found is None:
        return 0, 0, name
    return int(found[1]), int(found[2] or 0), name
