"""The user's cache directory: a folder for each URL that was read, a limit for all of them together, and locks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickertape.convert import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 10 << 30  # of all mirrors together, unless $TICKERTAPE_CACHE_BYTES says otherwise
_TRIES = 100  # others remove folders at the same time
_LABEL_CHARACTERS = 60  # of a folder's name, for people; the rest is a hash
_FILES, _STATE, _USED, _LOCK = "files", "state.json", "used", "lock"
_REMOVED = ".removed"  # ends the name of a folder that is being removed


def most_bytes() -> int:
    """$TICKERTAPE_CACHE_BYTES, or 10 GiB.

    Raises:
        ValueError: it is no number of bytes.
    """
    text = os.environ.get("TICKERTAPE_CACHE_BYTES", "")
    if not text:
        return _MOST_BYTES
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"TICKERTAPE_CACHE_BYTES: expected a number of bytes, got {text!r}")
    return int(text)


def directory() -> Path:
    """$TICKERTAPE_CACHE, or `tickertape` in $XDG_CACHE_HOME, which is ~/.cache by default."""
    given = os.environ.get("TICKERTAPE_CACHE", "")
    if given:
        return Path(given).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "tickertape"


class CacheFolder:
    """The folder of one URL. While this object lives no other process removes the folder to make room.

    Attributes:
        files: the directory of the mirrored files.

    Raises:
        OSError: the folder cannot be made, or belongs to somebody else.
    """

    def __init__(self, key: str) -> None:
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", key.partition("://")[2])[-_LABEL_CHARACTERS:].strip("-.")
        name = f"{label}-{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}"
        self._path = directory() / "mirrors" / name
        used = self._hold()
        weakref.finalize(
            self, os.close, used
        )  # not __del__: at the end of Python `os` may be gone before this object
        self.files = str(self._path / _FILES)
        _make_own(self._path / _FILES)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """No other process or thread changes the folder meanwhile."""
        descriptor = _opened(self._path / _LOCK)
        try:
            file_lock.lock(descriptor, is_exclusive=True)
            os.utime(self._path / _USED)
            yield
        finally:
            os.close(descriptor)

    def state(self) -> Any:
        """What was saved last; None if there is nothing, or if it cannot be read."""
        try:
            return json.loads((self._path / _STATE).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def state_identity(self) -> tuple[int, int]:
        """Changes when somebody saves."""
        try:
            status = (self._path / _STATE).stat()
        except OSError:
            return 0, 0
        return status.st_ino, status.st_mtime_ns

    def save(self, state: Any) -> None:
        """Keeps JSON, whole or not at all. `state["bytes"]` is how much the files have."""
        partial = self._path / f"{_STATE}.new"
        partial.write_text(json.dumps(state, separators=(",", ":")), "utf-8")
        partial.replace(self._path / _STATE)

    def make_room(self) -> None:
        """Removes the folders that were used least recently and that nobody uses now, until the limit holds."""
        others = [path for path in self._path.parent.iterdir() if path != self._path]
        for path in others:
            if path.name.endswith(_REMOVED):  # a process was killed while it removed this
                shutil.rmtree(path, ignore_errors=True)
        known = [(_used_at(path), path, _bytes_of(path)) for path in others]
        total = sum(size for *_, size in known) + _bytes_of(self._path)
        for _, path, size in sorted(known):
            if total <= most_bytes():
                return
            if _removed(path):
                total -= size

    def _hold(self) -> int:
        """Opens and locks the file that says that the folder is in use."""
        for _ in range(_TRIES):
            with contextlib.suppress(FileNotFoundError):  # removed just now
                _make_own(self._path)
                descriptor = _locked(self._path, is_exclusive=False)
                if descriptor is not None:
                    return descriptor
        raise BlockingIOError(
            f"{self._path}: cannot make this folder, or other processes remove it again and again"
        )


def _locked(path: Path, *, is_exclusive: bool) -> int | None:
    """Opens and locks the file that says that a folder is in use; None if the folder was replaced meanwhile.

    Raises:
        BlockingIOError: somebody uses the folder; only for an exclusive lock, which does not wait.
        FileNotFoundError: the folder is gone.
    """
    with contextlib.ExitStack() as stack:
        descriptor = _opened(path / _USED)
        stack.callback(os.close, descriptor)
        file_lock.lock(descriptor, is_exclusive=is_exclusive, waits=not is_exclusive)
        if not os.path.samestat(os.fstat(descriptor), (path / _USED).lstat()):
            return None
        stack.pop_all()
        return descriptor


def _make_own(path: Path) -> None:
    """Makes a directory that only this user can enter, and those above it. Raises OSError if it is a link or somebody else's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
        raise PermissionError(
            f"{path}: expected a directory of this user; set TICKERTAPE_CACHE to another one"
        )


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o600)


def _used_at(path: Path) -> float:
    try:
        return (path / _USED).stat().st_mtime
    except OSError:
        return 0.0


def _bytes_of(path: Path) -> int:
    """What a folder's last state says: no walk over its files."""
    try:
        return int(json.loads((path / _STATE).read_text("utf-8"))["bytes"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return 0


def _removed(path: Path) -> bool:
    """Removes a folder, unless somebody uses it."""
    try:
        descriptor = _locked(path, is_exclusive=True)
    except OSError:  # in use, or removed by another process
        return False
    if descriptor is None:
        return False
    try:
        if os.name != "nt":  # which renames no directory with an open file
            # Whoever opens the URL meanwhile makes a new folder, of which nothing is removed.
            path = path.rename(path.with_name(f"{secrets.token_hex(8)}{_REMOVED}"))
        shutil.rmtree(path, ignore_errors=True)
    except OSError:  # it cannot be renamed
        return False
    finally:
        os.close(descriptor)
    return True
