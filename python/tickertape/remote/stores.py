"""One directory of an object store, through fsspec. Every error of a store is an OSError that names the URL."""

from __future__ import annotations

import hashlib
import posixpath
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape._core import UnsupportedValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# An object of these appears when all its bytes are there. Other file systems show a file while it is written, so it is
# written under another name, and then renamed.
_WHOLE_OBJECTS = frozenset(("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "memory"))
_FORBIDDEN = "Forbidden"  # what gcsfs says in an OSError
_UNFINISHED = ".uploading"


class StoreError(OSError):
    """A store refused, or could not be reached. Its cause is the store's own error."""


class Entry(NamedTuple):
    """An object below the directory.

    Attributes:
        name: below the directory, with "/" between its parts.
        size: in bytes.
        version: changes when the content does (an ETag, a hash or a time); "" if the store tells none.
        modified: when it was made or replaced, in seconds since the epoch; 0 if the store tells none.
    """

    name: str
    size: int
    version: str
    modified: float = 0.0


def check_installed(url: str) -> None:
    """Imports what opens `url`. Asks no store, so it takes no time on a bad day.

    Raises:
        ImportError: fsspec, or its package for this kind of store, is not installed.
        ValueError: fsspec knows no such store.
    """
    for protocol in url.partition("://")[0].split("::"):
        with _imported(url, "log_dir"):
            from fsspec import get_filesystem_class  # noqa: PLC0415  # an optional dependency

            get_filesystem_class(protocol)


@contextmanager
def _imported(url: str, argument: str) -> Iterator[None]:
    """Says what to install, and which URL asks for it; `argument` is what the caller calls it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "fsspec":
            raise ImportError(
                f"{argument}: expected fsspec's package for {url!r} to be installed ({error})"
            ) from error
        raise ImportError(
            f"{argument}: expected fsspec to be installed for {url!r} ({error}); pip install 'tickertape[remote]'"
        ) from error
    except ImportError as error:
        raise ImportError(
            f"{argument}: expected fsspec's package for {url!r} to be installed ({error})"
        ) from error
    except ValueError as error:  # no such protocol
        raise UnsupportedValue(
            f"{argument}: expected a URL that fsspec can open, got {url!r}: {error}"
        ) from error


class Store:
    """The directory that a URL names. Several threads may use one; after a fork the child opens its own.

    Args:
        url: as `convert.urls.normalised` returns it.
        argument: what the caller calls it, for errors.

    Raises:
        ImportError: fsspec, or its package for this kind of store, is not installed.
        OSError: the store refused.
        ValueError: fsspec knows no such store.
    """

    def __init__(self, url: str, argument: str = "log_dir") -> None:
        self.url = url
        with _imported(url, argument):
            from fsspec.core import url_to_fs  # noqa: PLC0415  # an optional dependency

            try:
                self._fs, path = url_to_fs(url)
            except (ImportError, ValueError):
                raise
            except Exception as error:  # each package of fsspec has errors of its own, here and below
                raise _of_store(url, error) from error
        self._root: str = path.rstrip("/") or path
        protocols = self._fs.protocol
        names = {protocols} if isinstance(protocols, str) else set(protocols)
        self._shows_whole_objects = bool(names & _WHOLE_OBJECTS)

    def list(self, below: str = "", start: str = "") -> list[Entry]:
        """All objects below the directory, or below its subdirectory `below`; sorted by name. Never from a cache.

        Empty if there is no such directory. A name that could lead out of the directory is left out.

        Args:
            below: a subdirectory.
            start: only what is called so from there on; stores that can then list nothing else.
        """
        with self._told():
            self._fs.invalidate_cache()
            try:
                # Filesystems that do not know `prefix` list everything.
                found = self._fs.find(self._path(below), detail=True, **({"prefix": start} if start else {}))
            except FileNotFoundError:
                if self._is_bucket_missing():
                    raise
                found = {}
        top = self._root.lstrip("/") + "/"
        wanted = top + (f"{below}/{start}" if below else start)
        entries = []
        for path, info in found.items():
            stripped = path.lstrip("/")
            name = stripped[len(top) :]
            if stripped.startswith(wanted) and _stays_below(name) and not name.endswith(_UNFINISHED):
                entries.append(Entry(name, int(info.get("size") or 0), _version(info), _modified(info)))
        return sorted(entries)

    def read(self, name: str, begin: int = 0, end: int | None = None) -> bytes:
        """The bytes [begin, end) of an object; None is its end.

        Raises:
            FileNotFoundError: there is no such object.
        """
        with self._told():
            data: bytes = self._fs.cat_file(self._path(name), start=begin or None, end=end)
        return bytes(data)

    def write(self, name: str, data: bytes) -> None:
        """Makes an object, or replaces it. Readers see all of it or nothing."""
        path = self._path(name)
        with self._told():
            if self._shows_whole_objects:
                self._fs.pipe_file(path, data)
                return
            self._fs.makedirs(posixpath.dirname(path), exist_ok=True)
            self._fs.pipe_file(_partial(path), data)
            self._fs.mv(_partial(path), path)

    def put(self, name: str, local: str) -> None:
        """write() of a local file of any size, which is not held in memory."""
        path = self._path(name)
        with self._told():
            if self._shows_whole_objects:
                self._fs.put_file(local, path)
                return
            self._fs.put_file(local, _partial(path))
            self._fs.mv(_partial(path), path)

    def write_all(self, objects: dict[str, bytes]) -> None:
        """`write` for several objects, at the same time if the store can. After an error some of them may be there."""
        if self._shows_whole_objects and len(objects) > 1:
            with self._told():
                self._fs.pipe({self._path(name): data for name, data in objects.items()})
            return
        for name, data in objects.items():
            self.write(name, data)

    def remove(self, names: Iterable[str]) -> None:
        """Removes objects; those that are gone already are passed over."""
        for name in names:
            try:
                with self._told():
                    self._fs.rm_file(self._path(name))
            except FileNotFoundError:  # noqa: PERF203  # each object may be gone
                continue

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name) if name else self._root

    def _is_bucket_missing(self) -> bool:
        """Whether even the top of the store is not there: a directory that is empty is no error, a missing bucket is."""
        bucket = self._root.lstrip("/").partition("/")[0]
        return self._shows_whole_objects and "memory" not in self._fs.protocol and not self._fs.exists(bucket)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns whatever a store raises into an OSError that names the URL."""
        try:
            yield
        except MemoryError:
            raise
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{self.url}: {error}") from error
        except Exception as error:
            if isinstance(error, PermissionError) or str(error).startswith(_FORBIDDEN):
                raise PermissionError(f"{self.url}: {error}") from error
            raise _of_store(self.url, error) from error


def _partial(path: str) -> str:
    """Where an object is written before it has its name. Not the name of an event file: others may list the directory."""
    folder, base = posixpath.split(path)
    return f"{folder}/.{hashlib.blake2b(base.encode(), digest_size=8).hexdigest()}{_UNFINISHED}"


def _of_store(url: str, error: Exception) -> StoreError:
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return StoreError(f"{url}: {words}")


def _stays_below(name: str) -> bool:
    """Whether the relative name of an object leads to something below the directory that it is joined to."""
    parts = name.split("/")
    return bool(name) and "\0" not in name and "\\" not in name and not {"", ".", ".."} & set(parts)


def _version(info: dict[str, Any]) -> str:
    for key in ("ETag", "etag", "md5Hash", "content_md5", "generation", "mtime", "LastModified", "created"):
        if info.get(key):
            return str(info[key])
    return ""


def _modified(info: dict[str, Any]) -> float:
    for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
        found = info.get(key)
        if isinstance(found, datetime):
            return found.timestamp()
        if isinstance(found, int | float):
            return float(found)
    return 0.0
