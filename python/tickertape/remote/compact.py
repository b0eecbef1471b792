"""Compacting: the slices of a finished event file become one object. The new object is made first, then the old ones go.

The object is the slice at offset 0 with all bytes, so at every moment a reader that knows slices reads each event once.
"""

from __future__ import annotations

import os
import posixpath
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

from tickertape.remote import slices
from tickertape.remote.assembly import Assembly
from tickertape.remote.fetching import Fetching
from tickertape.remote.slices import Slice
from tickertape.remote.stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tickertape.remote.stores import Entry, Store


class Compacted(NamedTuple):
    """What became of one event file.

    Attributes:
        file: its name below the URL.
        objects: how many objects it was in.
        size: in bytes.
        refused: why it was left as it is; "" if it is one object now.
    """

    file: str
    objects: int
    size: int
    refused: str


class _File(NamedTuple):
    name: str
    entries: dict[str, Entry]  # by name; the file itself, if it is there too, counts as the slice at offset 0
    slices: list[Slice]

    @property
    def merged(self) -> str:
        return slices.name_of(self.name, 0)


def compact(
    store: Store,
    is_wanted: Callable[[str], bool],
    *,
    least_age_secs: float,
    progress: Callable[[int, int], object],
) -> Iterator[Compacted]:
    """Makes one object of the slices of each event file that is in more than one.

    Args:
        store: the log directory.
        is_wanted: whether a file of this name, without directories, is an event file.
        least_age_secs: a file that has a younger object, by this machine's clock, is being written and is left as it is; 0
            takes all.
        progress: called with bytes done and bytes in all, now and then.

    Yields:
        What became of each such file.

    Raises:
        OSError: the store refused, or the temporary directory has no room for a file. What was compacted stays so.
    """
    files = [file for file in _files(store.list(), is_wanted) if len(file.slices) > 1]
    total = sum(one.size for file in files for one in file.slices)
    done = 0
    for file in files:
        end = slices.contiguous_end(file.slices)
        refused = _refusal(file, end, least_age_secs)
        if not refused:
            _merge(store, file, end)
        done += sum(one.size for one in file.slices)
        progress(done, total)
        yield Compacted(file.name, len(file.slices), end, refused)


def _files(entries: list[Entry], is_wanted: Callable[[str], bool]) -> list[_File]:
    found: dict[str, _File] = {}
    for entry in entries:
        file, offset = slices.parse(entry.name) or (entry.name, 0)
        if is_wanted(file.rpartition("/")[2]):
            one = found.setdefault(file, _File(file, {}, []))
            one.entries[entry.name] = entry
            one.slices.append(Slice(offset, entry.size, entry.name))
    return [found[name] for name in sorted(found)]


def _refusal(file: _File, end: int, least_age_secs: float) -> str:
    """Why a file stays as it is; "" if nothing is wrong."""
    last = max(one.end for one in file.slices)
    if end < last:
        return f"no slice has its bytes from {end} on, and there are {last}"
    if least_age_secs <= 0:
        return ""
    newest = max(entry.modified for entry in file.entries.values())
    if not newest:
        return "the store does not tell when its objects were made, so it may still be written"
    age = time.time() - newest
    if age < least_age_secs:
        return f"its newest object is {max(0.0, age):.0f} s old, so it may still be written"
    return ""


def _merge(store: Store, file: _File, end: int) -> None:
    first = file.entries.get(file.merged)
    if (
        first is None or first.size < end
    ):  # otherwise an earlier run was ended before it had removed the others
        with tempfile.TemporaryDirectory(prefix="tickertape-compact-") as folder, Fetching(store) as fetching:
            whole = Assembly(os.path.join(folder, "whole"))  # noqa: PTH118
            versions = {name: entry.version for name, entry in file.entries.items()}
            if not whole.update(file.slices, versions, fetching.read) or whole.size != end:
                raise StoreError(
                    f"{store.url}/{file.name}: its objects changed while they were read; try again"
                )
            store.put(file.merged, whole.path)
        folder_below = posixpath.dirname(file.name)
        made = {entry.name: entry.size for entry in store.list(folder_below)}
        if made.get(file.merged) != end:
            raise StoreError(
                f"{store.url}/{file.merged}: expected {end} bytes there, got {made.get(file.merged)}"
            )
    store.remove(one.name for one in file.slices if one.name != file.merged and one.end <= end)
