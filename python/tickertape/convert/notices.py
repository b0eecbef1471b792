"""Warnings that name the line of the user's code: the innermost call from outside this package and the interpreter."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from tickertape.convert import check

if TYPE_CHECKING:
    from types import FrameType

_PACKAGE = "tickertape"
_MOST_KEYS = (
    10_000  # then each is told again: a program that opens directories without end must not fill the memory
)
_told: set[object] = set()


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warns of what the call of a public function did, as if from the line that called it. Also called by the core."""
    level = 1
    frame = sys._getframe()  # noqa: SLF001  # as in warnings.py; inspect takes 10 times as long
    while frame.f_back is not None and _is_inside(frame):
        frame = frame.f_back
        level += (
            "importlib" not in frame.f_code.co_filename
        )  # warnings does not count the frames of an import
    warnings.warn(message, category, stacklevel=level)


def _is_inside(frame: FrameType) -> bool:
    """Whether a frame is the package's, or one of the interpreter's own modules (Mapping calls us from there)."""
    name = str(frame.f_globals.get("__name__")).partition(".")[0]
    return name == _PACKAGE or frame.f_code.co_filename.startswith("<frozen ")


def warn_once(key: object, message: str, category: type[Warning] = UserWarning) -> None:
    """The same, once for each `key` of the process, wherever it happens again. A warning that is an error does not count."""
    if key in _told:
        return
    warn(message, category)
    if len(_told) >= _MOST_KEYS:
        _told.clear()
    _told.add(key)


def warn_once_a_tag(limit: str, tag: Any, message: str) -> None:
    """Warns of a value that TensorBoard cannot show, once for each `limit` and tag (docs/what-tensorboard-shows.md)."""
    warn_once(("limit", limit, check.string(tag, "tag")), f"{message} (tag {tag!r}; said once for this tag)")


def forget() -> None:
    """Makes warn_once say everything again."""
    _told.clear()
