"""Uploads without a writer: what dead processes left in the spool, and any local log directory, once or as it grows."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from tickertape import _core
from tickertape.remote import spool
from tickertape.remote.tree import SLICE_BYTES, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_BYTES = 64 << 20  # of a file beside the event files: a log directory often holds checkpoints too
_LOOK_SECS = 1.0  # between two looks at the sizes of local files
_FIRST_RETRY_SECS, _LAST_RETRY_SECS = 1.0, 60.0


class Synced(NamedTuple):
    """What became of one local directory.

    Attributes:
        directory: the local one.
        url: where it goes.
        objects: how many were uploaded.
        size: their bytes.
        events: recovered from op rings, before the upload.
        bytes_left: not uploaded: of records that are not whole, and of what is in `passed_over`.
        passed_over: name to the reason why a file is not uploaded.
        error: why the store took nothing more; "" if it took all.
    """

    directory: str
    url: str
    objects: int = 0
    size: int = 0
    events: int = 0
    bytes_left: int = 0
    passed_over: dict[str, str] = {}  # noqa: RUF012  # a NamedTuple's
    error: str = ""


def upload_left(url: str | None = None) -> Iterator[Synced]:
    """Uploads what dead processes left in the spool, and removes from the spool what the store has.

    Args:
        url: only for this URL and those below it; None is all.
    """
    for place in spool.orphans(url):
        try:
            yield _upload_place(place)
        finally:
            place.close()


def upload_directory(directory: str, url: str, progress: Callable[[int, int], None]) -> Synced:
    """Uploads what the store does not have yet of a local log directory. Nothing in the directory changes.

    Args:
        directory: of any writer; it may still be written.
        url: as `convert.urls.normalised` returns it.
        progress: called with the bytes that are done and all bytes.
    """
    return _upload(Tree(directory, url, is_new=False, most_bytes=_MOST_BYTES), progress)


def follow(directory: str, url: str, upload_secs: float) -> Iterator[Synced]:
    """The same, and goes on with what comes. Yields after each upload and each failure; tries again by itself."""
    tree = Tree(directory, url, is_new=False, most_bytes=_MOST_BYTES)
    pause = _FIRST_RETRY_SECS
    due = 0.0
    while True:
        is_due = time.monotonic() >= due
        synced = _upload(tree, least_bytes=1 if is_due else SLICE_BYTES)
        if synced.objects or synced.error:
            yield synced
        if synced.error:
            time.sleep(pause)
            pause = min(2 * pause, _LAST_RETRY_SECS)
            continue
        pause = _FIRST_RETRY_SECS
        if is_due:
            due = time.monotonic() + upload_secs
        time.sleep(min(_LOOK_SECS, upload_secs))


def _upload_place(place: spool.Spool) -> Synced:
    directory = str(place.files)
    # A process that died while it made or removed its folder has no directory.
    rings = _core.recover(os.fsencode(directory), False)[0] if place.files.is_dir() else []
    tree = Tree(directory, place.url, is_new=False)
    synced = _upload(tree)._replace(events=sum(ring[2] for ring in rings))
    if synced.error:
        return synced
    try:
        tree.remove_uploaded()
        tree.look()
    except OSError as error:
        return synced._replace(error=str(error))
    place.remove_if_empty()
    return synced._replace(bytes_left=tree.bytes_behind, passed_over=dict(tree.passed_over))


def _upload(tree: Tree, progress: Callable[[int, int], None] | None = None, least_bytes: int = 1) -> Synced:
    objects = size = 0
    error = ""
    try:
        tree.look()
        total = tree.bytes_behind
        while done := tree.upload(least_bytes):
            objects += done.objects
            size += done.size
            if progress is not None:
                progress(size, total)
        tree.look()
    except OSError as refused:
        error = str(refused)
    left = tree.bytes_behind if least_bytes == 1 else 0
    return Synced(tree.directory, tree.url, objects, size, 0, left, dict(tree.passed_over), error)
