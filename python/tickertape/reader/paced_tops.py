"""What a reader of growing logs was given, as local paths: a URL among it is looked at no more often than it should."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING

from tickertape.convert import check
from tickertape.reader import log_dirs, mirrors

if TYPE_CHECKING:
    from collections.abc import Callable

# A bucket that is written by us has something new every 30 s (SummaryWriter's upload_secs), and each listing costs money.
_LOOK_SECS = 30.0
_MOST_TIMES = 4  # as long is the time between two listings of a bucket in which nothing happens
_SLOWER = 1.5  # than before, after each listing that found nothing


def look_secs() -> float:
    """$TICKERTAPE_LOOK_SECS, or 30: seconds between two listings of a store in which something happens.

    Raises:
        ValueError: it is no number of seconds.
    """
    text = os.environ.get("TICKERTAPE_LOOK_SECS", "")
    try:
        secs = float(text) if text else _LOOK_SECS
    except ValueError:
        secs = math.nan
    if not secs >= 0:
        raise ValueError(f"TICKERTAPE_LOOK_SECS: expected seconds, got {text!r}")
    return secs


class PacedTops:
    """The paths and URLs that were given.

    Args:
        where: as `log_dirs.find_event_files` takes it.
        secs: between two listings of a store, while they find something; None is look_secs(). If nothing happens the time grows
            to four times that.
        say: is told what is wrong with a store that could be read before; what was read stays.
    """

    def __init__(self, where: object, secs: float | None, say: Callable[[str], object]) -> None:
        given = log_dirs.listed(where)
        self._urls = [path for path in given if mirrors.is_url(path)]
        self._paths = [path for path in given if not mirrors.is_url(path)]
        self._is_empty = not given
        self._least_secs = look_secs() if secs is None else secs
        self._secs = self._least_secs
        self._say = say
        self._mirrored: dict[object, str] = {}  # by URL
        self._due = -math.inf

    @property
    def has_urls(self) -> bool:
        """Whether a store is among what was given."""
        return bool(self._urls)

    @property
    def has_only_urls(self) -> bool:
        """Whether nothing but stores was given."""
        return bool(self._urls) and not self._paths

    @property
    def wait_secs(self) -> float:
        """Until a store is to be looked at; infinite without one."""
        return max(0.0, self._due - time.monotonic()) if self._urls else math.inf

    def local(self, progress: Callable[[int, int], object] | None = None) -> list[str]:
        """The local paths, of stores brought up to date if it is time.

        Args:
            progress: see Mirror.look.

        Raises:
            FileNotFoundError, TypeError, ValueError: as `log_dirs.given_paths`.
            ImportError, OSError: as `mirrors.look`, the first time only.
        """
        if self._urls and time.monotonic() >= self._due:
            self._look(progress)
        paths = log_dirs.given_paths(self._paths) if self._paths or self._is_empty else []
        return list(dict.fromkeys([*paths, *self._mirrored.values()]))

    def _look(self, progress: Callable[[int, int], object] | None) -> None:
        is_any_new = False
        for url in self._urls:
            is_first = url not in self._mirrored
            try:
                self._mirrored[url], is_new = mirrors.look(url, progress)
            except OSError as error:  # the other stores may answer
                if is_first:
                    self._pace(is_new=False)
                    raise
                self._say(f"{check.text_of(error)}; what was read stays, and the next look tries again")
            else:
                is_any_new |= is_first or is_new
        self._pace(is_new=is_any_new)

    def _pace(self, *, is_new: bool) -> None:
        longer = min(self._secs * _SLOWER, self._least_secs * _MOST_TIMES)
        self._secs = self._least_secs if is_new else longer
        self._due = time.monotonic() + self._secs
