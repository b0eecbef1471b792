"""What to read: filters by run, tag, kind and step, as one object that the scan and the tables share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from tickertape.convert import check

Patterns = str | re.Pattern[str] | Callable[[str], bool] | Iterable[str | re.Pattern[str]]

KINDS: Final = (
    "scalars",
    "histograms",
    "images",
    "audio",
    "text",
    "tensors",
    "pr_curves",
    "hparams",
    "meshes",
    "graphs",
)
RESTARTS: Final = ("as-tensorboard", "newest", "all")
_RANKS: Final = ("all", "merge")
_LEAST, _GREATEST = -(2**63), 2**63 - 1


class Selection(NamedTuple):
    """The filters of a call of read(); None lets everything pass."""

    runs: Callable[[str], bool] | None
    tags: Callable[[str], bool] | None
    kinds: tuple[str, ...] | None
    steps: tuple[int, int] | None
    restarts: str
    ranks: str = "all"


EVERYTHING: Final = Selection(None, None, None, None, "all")


def selection(
    runs: object, tags: object, kinds: object, steps: object, restarts: object, ranks: object = "all"
) -> Selection:
    """The filters, checked.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind; the message names it.
    """
    if restarts not in RESTARTS:
        raise ValueError(f"restarts: expected one of {', '.join(map(repr, RESTARTS))}, got {restarts!r}")
    if ranks not in _RANKS:
        raise ValueError(f"ranks: expected one of {', '.join(map(repr, _RANKS))}, got {ranks!r}")
    return Selection(
        matcher(runs, "runs"),
        matcher(tags, "tags"),
        _kinds(kinds),
        _steps(steps),
        str(restarts),
        str(ranks),
    )


def matcher(patterns: object, argument: str) -> Callable[[str], bool] | None:
    """Whether a name matches: a str is a glob or the name itself, a compiled regular expression is searched for."""
    if patterns is None:
        return None
    if isinstance(patterns, str | re.Pattern):
        return _one(patterns, argument)
    if callable(patterns):
        return patterns
    if not isinstance(patterns, Iterable):
        raise _refused(patterns, argument)
    each = [_one(pattern, argument) for pattern in patterns]
    return lambda name: any(matches(name) for matches in each)


def _one(pattern: object, argument: str) -> Callable[[str], bool]:
    if isinstance(pattern, str):
        text = pattern
        return lambda name: name == text or fnmatchcase(name, text)
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        search = pattern.search
        return lambda name: search(name) is not None
    raise _refused(pattern, argument)


def _refused(value: object, argument: str) -> TypeError:
    return TypeError(
        f"{argument}: expected a str (a name or glob), a compiled regular expression, a function or a list of "
        f"them, got {check.type_name(value)}"
    )


def _kinds(kinds: object) -> tuple[str, ...] | None:
    if kinds is None:
        return None
    if isinstance(kinds, str):
        kinds = (kinds,)
    if not isinstance(kinds, Collection):
        raise TypeError(f"kinds: expected a list of str, got {check.type_name(kinds)}")
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"kinds: expected some of {', '.join(map(repr, KINDS))}, got {kind!r}")
    return tuple(kinds)


def _steps(steps: object) -> tuple[int, int] | None:
    if steps is None:
        return None
    if not isinstance(steps, tuple | list) or len(steps) != 2:
        raise TypeError(f"steps: expected a pair (first, last), got {steps!r}")
    first, last = steps
    for end in (first, last):
        if end is not None and (isinstance(end, bool) or not hasattr(end, "__index__")):
            raise TypeError(f"steps: expected a pair of int or None, got {steps!r}")
    bounds = (
        _LEAST if first is None else max(int(first), _LEAST),
        _GREATEST if last is None else min(int(last), _GREATEST),
    )
    if bounds[0] > bounds[1]:
        raise ValueError(f"steps: expected (first, last) with first <= last, got {steps!r}")
    return bounds
