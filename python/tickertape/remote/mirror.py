"""The event files of a directory of an object store as local files, which grow as the store's do. See docs/remote.md."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from concurrent.futures import wait
from functools import partial
from typing import TYPE_CHECKING, Any

from tickertape.convert import notices, urls
from tickertape.remote import cache, slices
from tickertape.remote.assembly import Assembly, Part
from tickertape.remote.daemon_pool import DaemonPool
from tickertape.remote.fetching import Fetching, Stopped
from tickertape.remote.slices import Slice
from tickertape.remote.stores import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from tickertape.remote.stores import Entry

_STATE_VERSION = 1
_FILES_AT_ONCE = 8
_POLL_SECS = 0.1  # between two reports of progress
_SAVE_SECS = 1.0  # between two savings of the state: a killed process fetches what came since then again
_LOOKS = 3  # if objects change while they are read
_MOST_NAME_BYTES = 255  # of a file on Linux and macOS
_MOST_PATH_BYTES = 1 << 10  # PATH_MAX of macOS, less than that of Linux


class _Found:
    """An event file as a listing shows it: the slices, or the object, that have its bytes."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.versions: dict[str, str] = {}
        self.modified = 0.0

    def add(self, offset: int, entry: Entry) -> None:
        self.slices.append(Slice(offset, entry.size, entry.name))
        self.versions[entry.name] = entry.version
        self.modified = max(self.modified, entry.modified)


class Mirror:
    """The local copy of the event files below a URL.

    Several processes may have one of the same URL: they share its folder, and take turns.

    Args:
        url: as `convert.urls.normalised` returns it.
        is_wanted: whether a file of this name, without directories, is fetched.
        only: the one file that is fetched, by its name below the URL; "" fetches all.

    Attributes:
        top: the local directory.

    Raises:
        ImportError: a package that opens the URL is not installed.
        OSError: the cache directory cannot be used, or the store refused.
        ValueError: the URL is none that can be opened.
    """

    def __init__(self, url: str, is_wanted: Callable[[str], bool], only: str = "") -> None:
        self.url = url
        self._is_wanted = is_wanted
        self._only = only
        self._store = Store(url, "logdir")
        self._folder = cache.CacheFolder(urls.joined(url, only))
        self.top = self._folder.files
        self._assemblies: dict[str, Assembly] = {}
        self._state_identity: tuple[int, int] | None = None

    def look(self, progress: Callable[[int, int], object] | None = None) -> bool:
        """Lists the store once, and fetches what is new.

        Args:
            progress: called with the bytes fetched and the bytes to fetch, now and then, from this thread.

        Returns:
            Whether anything has changed.

        Raises:
            OSError: the store refused, or the files have no room; what was fetched stays, and a later look goes on. If single
                objects are refused, everything else is fetched before.
        """
        with self._folder.locked():
            self._load()
            for _ in range(_LOOKS):
                is_new, is_whole = self._look(progress or (lambda _done, _total: None))
                if is_whole:
                    return is_new
        raise StoreError(f"{self.url}: objects changed while they were read; try again")

    def finds(self) -> bool:
        """Whether the store has an event file: one listing, and nothing is fetched. OSError if the store refused."""
        return bool(self._found(self._store.list()))

    def origin(self, path: str, offset: int) -> tuple[str, int] | None:
        """The URL of the object that a byte of a local file is from, and its offset there; None for any other file."""
        assembly = self._assemblies.get(path[len(self.top) + 1 :]) if self.holds(path) else None
        if assembly is None or not assembly.parts:
            return None
        name, at = assembly.origin(offset)
        return urls.joined(self.url, name), at

    def gaps(self, path: str) -> list[tuple[int, int]]:
        """(offset, bytes) of what no slice of a local file has."""
        assembly = self._assemblies.get(path[len(self.top) + 1 :]) if self.holds(path) else None
        return [(gap.begin, gap.end - gap.begin) for gap in assembly.gaps] if assembly is not None else []

    def holds(self, path: str) -> bool:
        """Whether a local path is the mirror's directory or in it."""
        return path == self.top or path.startswith(self.top + os.sep)

    def url_of(self, path: str) -> str:
        """The URL that a local path, for which holds() is true, stands for."""
        return urls.joined(self.url, path[len(self.top) + 1 :])

    def _look(self, progress: Callable[[int, int], object]) -> tuple[bool, bool]:
        """Whether anything has changed, and whether everything that was listed is here."""
        found = self._found(self._store.list())
        is_new = self._remove(self._assemblies.keys() - found.keys())
        changed = {
            file: one
            for file, one in found.items()
            if file not in self._assemblies or not self._assemblies[file].is_current(one.slices, one.versions)
        }
        if not changed:
            if is_new:
                self._save()
            return is_new, True
        self._check_room(found.values())
        try:
            is_whole = self._fetch(changed, progress)
        finally:
            self._save()
        self._folder.make_room()
        return True, is_whole

    def _found(self, entries: Iterable[Entry]) -> dict[str, _Found]:
        found: dict[str, _Found] = {}
        for entry in entries:
            file, offset = slices.parse(entry.name) or (entry.name, 0)
            is_wanted = file == self._only if self._only else self._is_wanted(file.rpartition("/")[2])
            if is_wanted:
                found.setdefault(file, _Found()).add(offset, entry)
        folders = {file[:at] for file in found for at, one in enumerate(file) if one == "/"}
        for file in [file for file in found if file in folders or not self._fits(file)]:
            words = "no local file can have this name; it is left out"
            notices.warn_once(
                ("name", self.url, file), f"{urls.joined(self.url, file[:200])}: {words}", RuntimeWarning
            )
            del found[file]
        return found

    def _fits(self, file: str) -> bool:
        try:
            parts = [len(os.fsencode(part)) for part in file.split("/")]
        except UnicodeError:
            return False
        return (
            max(parts) <= _MOST_NAME_BYTES
            and len(os.fsencode(self.top)) + sum(parts) + len(parts) < _MOST_PATH_BYTES
        )

    def _check_room(self, found: Iterable[_Found]) -> None:
        total = sum(one.size for file in found for one in file.slices)
        if total > cache.most_bytes():
            raise OSError(
                f"TICKERTAPE_CACHE_BYTES: expected at least {total:,} bytes for the event files of {self.url}, got "
                f"{cache.most_bytes():,}; raise it, or name a run below"
            )

    def _fetch(self, changed: dict[str, _Found], progress: Callable[[int, int], object]) -> bool:
        """Brings files up to date, several at once. Whether each was as long as it was listed."""
        total = sum(self._missing(file, one) for file, one in changed.items())
        saved = time.monotonic()
        is_whole = True
        refused: list[PermissionError] = []
        pool = DaemonPool(_FILES_AT_ONCE, "tickertape-fetch-file")
        with Fetching(self._store) as fetching, contextlib.closing(pool):
            pending = {
                pool.submit(partial(self._update, file, one, fetching)) for file, one in changed.items()
            }
            try:
                while pending:
                    done, pending = wait(pending, _POLL_SECS, return_when="FIRST_COMPLETED")
                    for future in done:
                        is_whole &= _result(future, refused)
                    progress(min(fetching.bytes, total), total)
                    if time.monotonic() - saved > _SAVE_SECS:
                        self._save()
                        saved = time.monotonic()
            finally:  # after an error: what has not begun would change files that somebody else has locked by then
                for future in pending:
                    future.cancel()
        if refused:
            raise refused[0]
        return is_whole

    def _missing(self, file: str, found: _Found) -> int:
        have = self._assemblies[file].size if file in self._assemblies else 0
        return max(0, sum(piece.end - piece.begin for piece in slices.pieces(found.slices)) - have)

    def _update(self, file: str, found: _Found, fetching: Fetching) -> bool:
        self._make_folder(file)
        assembly = self._assemblies.setdefault(file, Assembly(os.path.join(self.top, file)))  # noqa: PTH118
        try:
            is_whole = assembly.update(found.slices, found.versions, fetching.read)
            if found.modified:  # what `tickertape ls` says of a file
                os.utime(assembly.path, (found.modified, found.modified))
        except FileNotFoundError:  # removed since it was listed
            return False
        except PermissionError as error:
            raise PermissionError(f"{urls.joined(self.url, file)}: {error}") from error
        return is_whole

    def _make_folder(self, file: str) -> None:
        """The directories of a file. A link in the cache is not followed."""
        path = self.top
        for part in file.split("/")[:-1]:
            path = os.path.join(path, part)  # noqa: PTH118  # names are a stranger's, as they are
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)  # noqa: PTH102
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise NotADirectoryError(f"{path}: expected a directory; remove it, the cache is made anew")

    def _remove(self, files: Iterable[str]) -> bool:
        """Removes files that the store has no more, and directories that are empty then."""
        files = list(files)
        for file in files:
            self._assemblies.pop(file, None)
            path = os.path.join(self.top, file)  # noqa: PTH118
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108
            with contextlib.suppress(OSError):  # others are in it
                while (path := os.path.dirname(path)) != self.top:  # noqa: PTH120
                    os.rmdir(path)  # noqa: PTH106
        return bool(files)

    def _load(self) -> None:
        """Takes what another process has saved, or this one's earlier mirror of the URL."""
        identity = self._folder.state_identity()
        if identity == self._state_identity:
            return
        self._state_identity = identity
        try:
            self._assemblies = self._parsed(self._folder.state())
        except (LookupError, TypeError, ValueError):
            self._assemblies = {}
        for folder, _, names in os.walk(self.top):
            below = folder[len(self.top) + 1 :]
            here = {f"{below}/{name}" if below else name for name in names}
            for file in here - self._assemblies.keys():  # of a process that was killed
                os.unlink(os.path.join(self.top, file))  # noqa: PTH108, PTH118

    def _parsed(self, state: Any) -> dict[str, Assembly]:
        if not state or state["version"] != _STATE_VERSION:
            return {}
        found = {}
        for file, parts in state["files"].items():
            loaded = [
                Part(begin, end, Slice(max(0, offset), size, _name(file, offset)), version)
                for begin, end, offset, size, version in parts
            ]
            found[file] = Assembly(os.path.join(self.top, file), loaded)  # noqa: PTH118
        return found

    def _save(self) -> None:
        assemblies = dict(self._assemblies)  # threads go on
        files = {file: [_saved(file, part) for part in list(one.parts)] for file, one in assemblies.items()}
        total = sum(end - begin for parts in files.values() for begin, end, *_ in parts)
        self._folder.save({"version": _STATE_VERSION, "url": self.url, "bytes": total, "files": files})
        self._state_identity = self._folder.state_identity()


def _saved(file: str, part: Part) -> list[Any]:
    offset = -1 if part.slice.name == file else part.slice.offset
    return [part.begin, part.end, offset, part.slice.size, part.version]


def _name(file: str, offset: int) -> str:
    return file if offset < 0 else slices.name_of(file, offset)


def _result(future: Future[bool], refused: list[PermissionError]) -> bool:
    """Whether a file is whole. What the store refuses to this user is added to `refused`, so that other files are fetched."""
    try:
        return future.result()
    except Stopped:
        return False
    except PermissionError as error:
        refused.append(error)
        return True
