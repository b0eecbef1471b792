"""What of a local log directory is in a store, and how the rest gets there: event files as slices, other files whole."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import errno
import hashlib
import os
import posixpath
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickertape import _core
from tickertape.remote import projector, slices
from tickertape.remote.stores import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tickertape.remote.stores import Entry

SLICE_BYTES = 8 << 20  # one PUT of every store's package; larger ones are uploaded in parts
_BATCH_BYTES, _BATCH_OBJECTS = 16 << 20, 32  # uploaded at the same time
_PUNCH_HOLE, _KEEP_SIZE = 2, 1  # linux/falloc.h
_HEAD_BYTES = 4096  # recovery wants to see how an event file begins
_PACKED = (".gz", ".zst")  # event files that nobody appends to; they have no records to cut at
_MOST_LISTINGS = 4  # at the end; one of everything costs a request for each 1,000 objects


class Progress(NamedTuple):
    """One batch that the store has taken."""

    objects: int
    size: int


class _EventFile:
    """Bytes [0, uploaded) are in the store. A `cut` that was tried is tried again with the same bytes."""

    __slots__ = ("cut", "name", "path", "size", "slices", "uploaded")

    def __init__(self, path: str, name: str, there: list[slices.Slice]) -> None:
        self.path = path
        self.name = name
        self.slices = there
        self.size = 0
        self.uploaded = 0
        self.cut: tuple[int, int] | None = None


class _OtherFile:
    """A file that is uploaded whole, again if its size or time has changed."""

    __slots__ = ("entry", "name", "path", "seen", "size", "uploaded")

    def __init__(self, path: str, name: str, entry: Entry | None) -> None:
        self.path = path
        self.name = name
        self.entry = entry
        self.size = 0
        self.seen: tuple[int, int] | None = None
        self.uploaded: tuple[int, int] | None = None


class _Batch:
    """Up to `most` objects that are uploaded at the same time, and what to note when the store has them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.objects: dict[str, bytes] = {}
        self.done: list[Callable[[], None]] = []
        self.size = 0

    @property
    def is_full(self) -> bool:
        return len(self.objects) >= self._most or self.size >= _BATCH_BYTES

    def add(self, name: str, data: bytes) -> None:
        self.objects[name] = data
        self.size += len(data)


class Tree:
    """One local directory and the store's directory that it is uploaded to. For one thread.

    Args:
        directory: the local log directory.
        url: as `convert.urls.normalised` returns it.
        is_new: its event files are this process's, so nothing of them is in the store. Otherwise the store is listed first:
            the names and sizes there are the state.
        most_bytes: of a file that is no event file; larger ones, such as checkpoints, are passed over.
    """

    def __init__(self, directory: str, url: str, *, is_new: bool, most_bytes: int | None = None) -> None:
        self.directory = directory
        self.url = url
        self._is_new = is_new
        self._most_bytes = most_bytes
        self._opened: Store | None = None
        self._listed: tuple[dict[str, list[slices.Slice]], dict[str, Entry]] | None = (
            ({}, {}) if is_new else None
        )
        self._files: dict[str, _EventFile] = {}
        self._others: dict[str, _OtherFile] = {}
        self._confirmed: dict[str, Entry] | None = None  # a listing that is newer than the last upload
        self._most_objects = _BATCH_OBJECTS  # of the next batch
        self._configs: dict[str, bytes] = {}  # of the projector, as they were in the store
        self.passed_over: dict[str, str] = {}  # name to the reason why it is not uploaded

    # --- What there is

    def look(self) -> None:
        """Looks for files, and for what they have grown by. Asks no store, except for the first listing."""
        listed, entries = self._listing()
        found = set()
        for path, name, status in _walk(self.directory, self.passed_over):
            found.add(name)
            if _is_event_file(name):
                file = self._files.get(name)
                if file is None:
                    file = self._files[name] = _EventFile(path, name, listed.get(name, []))
                    self._begin(file, entries.get(name))
                file.size = status.st_size
                if file.size < file.uploaded:
                    self.passed_over[name] = f"the store has {file.uploaded} bytes of it, more than it has"
            elif self._most_bytes is not None and status.st_size > self._most_bytes:
                self.passed_over[name] = f"it is no event file, and larger than {self._most_bytes >> 20} MiB"
            else:
                other = self._others.setdefault(name, _OtherFile(path, name, entries.get(name)))
                other.seen, other.size = (status.st_size, status.st_mtime_ns), status.st_size
        for gone in (self._files.keys() | self._others.keys()) - found:
            self._files.pop(gone, None)
            self._others.pop(gone, None)

    @property
    def bytes_behind(self) -> int:
        """Bytes that are not in the store, as of the last look()."""
        return sum(size for size in self._behind() if size > 0)

    @property
    def files_behind(self) -> int:
        """Files of which bytes are not in the store."""
        return sum(size > 0 for size in self._behind())

    def sizes(self) -> Iterator[tuple[str, int]]:
        """(path, size) of each event file, as of the last look()."""
        return ((file.path, file.size) for file in self._files.values())

    def event_files(self) -> list[str]:
        """The names of the event files."""
        return list(self._files)

    def _behind(self) -> Iterator[int]:
        yield from (max(file.size - file.uploaded, 0) for file in self._files.values())
        yield from (max(other.size, 1) for other in self._others.values() if other.seen != other.uploaded)

    def _listing(self) -> tuple[dict[str, list[slices.Slice]], dict[str, Entry]]:
        if self._listed is None:
            entries = {entry.name: entry for entry in self.store.list()}
            there = slices.by_file((entry.name, entry.size) for entry in entries.values())
            self._listed = (there, entries)
        return self._listed

    def _begin(self, file: _EventFile, whole: Entry | None) -> None:
        """Where the upload of a file goes on: behind what the store has without a gap."""
        covered = 0 if whole is None else whole.size
        file.uploaded = slices.contiguous_end(file.slices, covered)
        last = next((one for one in file.slices if one.end == file.uploaded), None)
        if last is None:
            return
        begin, end = _core.record_span(file.path, last.offset, last.size)
        if begin == last.offset and end != last.end:  # a store that keeps half of an upload: once more
            file.uploaded = last.offset

    # --- Upload

    @property
    def store(self) -> Store:
        """The store, opened when it is first asked for."""
        if self._opened is None:
            self._opened = Store(self.url)
        return self._opened

    def upload(self, least_bytes: int = 1) -> Progress | None:
        """Uploads one batch; None if nothing is left. Call look() before.

        Args:
            least_bytes: of a slice: files that have less stay. From 2 on, only event files are uploaded.

        Raises:
            OSError: the store did not take it. The next call tries the same bytes.
        """
        batch = _Batch(self._most_objects)
        for file in self._files.values():
            if batch.is_full:
                break
            if file.cut is not None or file.size - file.uploaded >= least_bytes:
                self._add_slice(batch, file)
        for other in self._others.values() if least_bytes == 1 else ():
            if batch.is_full:
                break
            if other.seen != other.uploaded:
                self._add_other(batch, other)
        if batch.objects:
            self._confirmed = None
            self._write(batch.objects)
        for note in batch.done:
            note()
        return Progress(len(batch.objects), batch.size) if batch.done else None

    def _write(self, objects: dict[str, bytes]) -> None:
        try:
            self.store.write_all(objects)
        except OSError:
            # All are uploaded again. A store that limits requests would never take so many.
            self._most_objects = max(len(objects) // 2, 1)
            raise
        self._most_objects = min(2 * self._most_objects, _BATCH_OBJECTS)

    def _add_slice(self, batch: _Batch, file: _EventFile) -> None:
        try:
            cut = self._next_cut(file)
            data = b"" if cut is None else _bytes_of(file.path, *cut)
        except OSError as error:  # of the local disk: the other files go on
            self.passed_over[file.name] = str(error)
            return
        if cut is not None:
            batch.add(slices.name_of(file.name, cut[0]), data)
            batch.done.append(partial(_advance, file, cut))

    def _add_other(self, batch: _Batch, other: _OtherFile) -> None:
        seen = other.seen
        if other.size > _BATCH_BYTES and not projector.is_config(other.name):
            if not batch.done:  # the rest goes first: this may take long, or fail
                self.store.put(other.name, other.path)  # without holding it in memory
                other.uploaded = seen
                batch.done.append(lambda: None)
            return
        try:
            data = Path(other.path).read_bytes()
        except OSError as error:  # as above
            self.passed_over[other.name] = str(error)
            return
        data = self._with_earlier(other, data)
        if not self._is_there(other, data):
            batch.add(other.name, data)
        batch.done.append(partial(setattr, other, "uploaded", seen))

    def _next_cut(self, file: _EventFile) -> tuple[int, int] | None:
        """The bytes of the next slice: whole records. What is damaged is left out, and readers see a gap there.

        A slice that the store has lost is made again as it was: up to the next one, not over it.
        """
        while file.cut is None:
            following = (one.offset for one in file.slices if one.size and one.offset > file.uploaded)
            room = min(following, default=file.size) - file.uploaded
            begin, end = _core.record_span(file.path, file.uploaded, max(min(room, SLICE_BYTES), 1))
            if begin == end:
                return None
            behind = slices.contiguous_end(file.slices, begin) if begin > file.uploaded else begin
            if behind == begin:
                file.cut = (begin, end)
            else:
                file.uploaded = behind  # an earlier upload met the same damage, and went on behind it
        return file.cut

    def _with_earlier(self, other: _OtherFile, data: bytes) -> bytes:
        """The content of a file; a configuration of the projector also has what an earlier process left in the store."""
        if not self._is_new or not projector.is_config(other.name):
            return data
        if other.name not in self._configs:
            try:
                self._configs[other.name] = self.store.read(other.name)
            except FileNotFoundError:
                self._configs[other.name] = b""
        return projector.merged(self._configs[other.name], data)

    def _is_there(self, other: _OtherFile, data: bytes) -> bool:
        """Whether an earlier process has uploaded the same."""
        entry, other.entry = other.entry, None
        if entry is None or entry.size != len(data):
            return False
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        version = entry.version.strip('"')
        if version in (md5.hex(), base64.b64encode(md5).decode()):
            return True
        return self.store.read(other.name) == data

    # --- After the upload

    def punch(self, kept_bytes: int) -> None:
        """Frees the disk's blocks under what is uploaded of large event files, all but the last `kept_bytes`."""
        for file in self._files.values():
            if file.uploaded > 2 * kept_bytes:
                _punch(file.path, file.uploaded - kept_bytes)

    def confirm(self) -> None:
        """Lists what the store has, for remove_uploaded(); does nothing if nothing was uploaded since the last time.

        Raises:
            OSError: the store did not answer.
        """
        if self._confirmed is None and (self._files or self._others):
            self._confirmed = {entry.name: entry for entry in self._list_own()}

    def remove_uploaded(self) -> None:
        """Removes the local files that the store has, as a listing says. What the store has lost is behind again.

        Nobody may write any more: a record that is cut off at the end of a file goes with the file.

        Raises:
            OSError: the store did not answer.
        """
        self.confirm()
        entries, self._confirmed = self._confirmed or {}, None
        there = slices.by_file((entry.name, entry.size) for entry in entries.values())
        for name, file in list(self._files.items()):
            file.slices = there.get(name, [])
            if name in self.passed_over or file.size != os.stat(file.path).st_size:  # noqa: PTH116  # a str
                continue
            file.uploaded, file.cut = 0, None
            self._begin(file, entries.get(name))
            if self._next_cut(file) is None:
                os.unlink(file.path)  # noqa: PTH108  # a str
                del self._files[name]
        for name, other in list(self._others.items()):
            if other.seen == other.uploaded and name in entries:
                os.unlink(other.path)  # noqa: PTH108  # a str
                del self._others[name]

    def _list_own(self) -> Iterator[Entry]:
        """What the store has of these files. Of few only that: many processes may end at once on one large directory."""
        names = [*self._files, *self._others]
        if len(names) > _MOST_LISTINGS:
            yield from self.store.list()
            return
        for name in names:
            below, start = posixpath.split(name)
            yield from self.store.list(below, start)


def _is_event_file(name: str) -> bool:
    """Whether an object's file has records that are appended to it."""
    return (
        "tfevents" in posixpath.basename(name) and not name.endswith(_PACKED) and slices.parse(name) is None
    )


def _advance(file: _EventFile, cut: tuple[int, int]) -> None:
    file.uploaded, file.cut = slices.contiguous_end(file.slices, cut[1]), None
    file.slices = [one for one in file.slices if one.end > file.uploaded]


def _bytes_of(path: str, begin: int, end: int) -> bytes:
    with Path(path).open("rb") as opened:
        opened.seek(begin)
        data = opened.read(end - begin)
    if len(data) != end - begin:
        raise OSError(errno.EIO, "it was cut off while it was read", path)
    return data


def _walk(top: str, passed_over: dict[str, str]) -> Iterator[tuple[str, str, os.stat_result]]:
    """(path, name below `top`, status) of each regular file, in order of names. Links are not followed."""
    folders = [("", top)]
    while folders:
        below, folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        for entry in entries:
            name = f"{below}{entry.name}"
            if entry.is_symlink():
                passed_over[name] = "it is a link"
            elif entry.is_dir():
                folders.append((f"{name}/", entry.path))
            elif not entry.is_file() or not name.isprintable():
                passed_over[name] = "it is no regular file, or no object can have its name"
            else:
                with contextlib.suppress(FileNotFoundError):
                    yield entry.path, name, entry.stat()


def _punch(path: str, end: int) -> None:
    """Gives the blocks of bytes [_HEAD_BYTES, end) back to the file system, if it can; the size of the file stays."""
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (OSError, AttributeError):  # no Linux
        return
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong)
    with contextlib.suppress(OSError), Path(path).open("r+b") as opened:
        fallocate(opened.fileno(), _PUNCH_HOLE | _KEEP_SIZE, _HEAD_BYTES, end - _HEAD_BYTES)
