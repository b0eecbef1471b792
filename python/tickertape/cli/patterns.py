"""Names and globs that users give."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def beginning(pattern: str) -> str:
    """What every name begins with that is this one, or matches this glob."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a name is one of these, or matches one of these globs. Each name is looked at once."""
    known: dict[str, bool] = {}

    def matches(name: str) -> bool:
        if name not in known:
            known[name] = any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)
        return known[name]

    return matches
