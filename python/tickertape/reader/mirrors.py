"""URLs of object stores as local paths: the mirrors of this process, each brought up to date when it is asked for."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape.convert import paths, urls
from tickertape.reader.event_names import is_event_file
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.remote.mirror import Mirror


class _Mirrors(NamedTuple):
    """By URL. A forked child has its own: connections to a store are not shared."""

    process: int
    lock: threading.Lock
    by_url: dict[str, Mirror]


_mirrors = _Mirrors(os.getpid(), threading.Lock(), {})

is_url = urls.is_remote


def local(path: Any) -> str:
    """A path as a str, or the local copy of what it names, if it is a URL: a directory, or an event file.

    Each call for a URL is one listing of the store, and fetches what is new.

    Raises:
        ImportError: a package that opens the URL is not installed.
        FileNotFoundError: the URL names an event file that is not there.
        OSError: the store refused, or the cache directory cannot be used.
        ValueError: no store can have this URL.
    """
    if not urls.is_remote(path):
        text = paths.text(path, "logdir")
        return paths.local_dir(text) if text.lower().startswith("file://") else text
    return look(path)[0]


def look(url: Any, progress: Callable[[int, int], object] | None = None) -> tuple[str, bool]:
    """local() of a URL, and whether anything is new. `progress` as Mirror.look has it; errors as local()."""
    mirror, file = _named(url)
    is_new = mirror.look(progress)
    path = os.path.join(mirror.top, file) if file else mirror.top  # noqa: PTH118  # as it is
    if not os.path.lexists(path):
        raise FileNotFoundError(
            f"logdir: expected a directory or an event file, got {url!r}, which does not exist"
        )
    return path, is_new


def top(url: Any) -> str:
    """The local directory that look() of a URL fills. Asks no store; ImportError, ValueError and OSError as local()."""
    return _named(url)[0].top


def has_event_file(url: Any) -> bool:
    """Whether there is an event file at or below a URL: one listing. Errors as local()."""
    return _named(url)[0].finds()


def _named(path: Any) -> tuple[Mirror, str]:
    """The mirror that a URL is in, and the name of its file in there; "" if it is a directory."""
    url = urls.normalised(path, "logdir")
    folder, _, name = url.rpartition("/")
    return (_mirror(folder, name), name) if is_event_file(name) else (_mirror(url, ""), "")


def shown(path: str) -> str:
    """What users call a local path: the URL that it is a copy of, if it is one."""
    for mirror in _here().by_url.values():
        if mirror.holds(path):
            return mirror.url_of(path)
    return path


def origin(path: str, offset: int) -> tuple[str, int]:
    """The object that a byte of a mirrored file is from, by its URL, and its offset there; of other files they themselves."""
    for mirror in _here().by_url.values():
        found = mirror.origin(path, offset)
        if found is not None:
            return found
    return path, offset


def is_any() -> bool:
    """Whether this process has a mirror: otherwise no file has gaps."""
    return bool(_here().by_url)


def gaps(path: str) -> list[tuple[str, int, int]]:
    """(URL, offset, bytes) of what no object has of a mirrored file."""
    for mirror in _here().by_url.values():
        if mirror.holds(path):
            name = mirror.url_of(path) + slices.ALL
            return [(name, offset, size) for offset, size in mirror.gaps(path)]
    return []


def _here() -> _Mirrors:
    global _mirrors  # noqa: PLW0603  # of this process
    if _mirrors.process != os.getpid():
        _mirrors = _Mirrors(os.getpid(), threading.Lock(), {})
    return _mirrors


def _mirror(url: str, only: str) -> Mirror:
    from tickertape.remote.mirror import Mirror  # noqa: PLC0415  # for the first URL

    here = _here()
    key = urls.joined(url, only)
    with here.lock:
        if key not in here.by_url:
            here.by_url[key] = Mirror(url, is_event_file, only)
        return here.by_url[key]
