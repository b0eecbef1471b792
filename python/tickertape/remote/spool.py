"""Where runs with a URL are written before they are uploaded.

<root>/<name of the URL>/<host>.<process>.<token>/    of one process, so that no two upload the same bytes
    url      which URL it is for
    lock     held while the process, or a child that it forked, lives
    files/   the log directory
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.convert import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME_CHARACTERS = 60  # of the URL, in the name of its folder; a hash tells apart what is cut off
_TRIES = 100  # others remove empty folders at the same time


def root() -> Path:
    """$TICKERTAPE_SPOOL; otherwise a directory in the user's cache directory."""
    given = os.environ.get("TICKERTAPE_SPOOL")
    if given:
        return Path(given).absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "tickertape" / "spool"


def _folder_of(url: str) -> Path:
    """The folder of a URL."""
    words = re.sub(r"[^\w.-]+", "_", url, flags=re.ASCII)[-_NAME_CHARACTERS:]
    return root() / f"{words}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"


class Spool:
    """The folder of one process and one URL, locked.

    Attributes:
        url: where its files go.
        files: the log directory in it.
    """

    def __init__(self, url: str, folder: Path, lock: int) -> None:
        self.url = url
        self.files = folder / "files"
        self._folder = folder
        self._lock = lock

    @classmethod
    def make(cls, url: str) -> Spool:
        """A new folder of this process.

        Raises:
            OSError: it cannot be made, or others could write to it.
        """
        host = re.sub(r"[^\w.-]", "_", platform.node(), flags=re.ASCII)
        for _ in range(_TRIES):
            folder = _folder_of(url) / f"{host}.{os.getpid()}.{secrets.token_hex(4)}"
            try:
                _make_private(folder)
                lock = _try_lock(folder, os.O_CREAT)
            except FileNotFoundError:  # another process has removed an empty folder just now
                continue
            if lock is not None:
                (folder / "files").mkdir()
                (folder / "url").write_text(url, encoding="utf-8")
                return cls(url, folder, lock)
        raise BlockingIOError(f"log_dir: cannot make a folder in the spool {str(root())!r}")

    def close(self) -> None:
        """Gives up the lock. The files stay. Closing twice is fine."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1

    def remove_if_empty(self) -> bool:
        """Removes the folder if no file is left in it; False, and nothing changed but empty directories, otherwise."""
        for top, _, _ in os.walk(self.files, topdown=False):
            with contextlib.suppress(OSError):
                Path(top).rmdir()
        if self.files.exists():
            return False
        if os.name == "nt":  # which removes no open file
            self.close()
        with contextlib.suppress(OSError):  # something else is in it, or another process uses it
            for name in ("url", "lock"):
                (self._folder / name).unlink(missing_ok=True)
            self._folder.rmdir()
            self._folder.parent.rmdir()
        return True


def orphans(url: str | None = None, *, is_exact: bool = False) -> Iterator[Spool]:
    """The folders whose process is dead, each locked for the caller, who closes it.

    Args:
        url: only those for this URL or below it; None is all.
        is_exact: not those below it.
    """
    for folder, its_url in _folders(_folder_of(url).name if url is not None and is_exact else "*"):
        if url is not None and its_url != url and not its_url.startswith(url + "/"):
            continue
        with contextlib.suppress(OSError):  # gone meanwhile
            lock = _try_lock(folder)
            if lock is not None:
                yield Spool(its_url, folder, lock)


def remove_empty() -> None:
    """Removes the folders of dead processes that hold no file: those of processes that ended without close()."""
    for folder, url in _folders("*"):
        if any(names for _, _, names in os.walk(folder / "files")):
            continue
        with contextlib.suppress(OSError):
            lock = _try_lock(folder)
            if lock is not None:
                place = Spool(url, folder, lock)
                place.remove_if_empty()
                place.close()


def waiting() -> list[tuple[str, Path, bool]]:
    """(URL, folder, whether its process lives) of every folder."""
    found = []
    for folder, url in _folders("*"):
        with contextlib.suppress(OSError):
            lock = _try_lock(folder)
            if lock is not None:
                os.close(lock)
            found.append((url, folder, lock is None))
    return found


def _folders(name: str) -> Iterator[tuple[Path, str]]:
    """(folder of a process, URL) of those whose URL's folder has this name, or any if it is "*"."""
    for folder in (one for of_url in sorted(root().glob(name)) for one in _inside(of_url)):
        if folder.is_symlink() or not (folder / "lock").is_file():
            continue
        try:
            url = (folder / "url").read_text(encoding="utf-8")
        except (
            OSError,
            UnicodeError,
        ):  # its process is about to write this, or died before or while it removed the folder
            _remove_dead(folder)
            continue
        if url:
            yield folder, url


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # another process has removed it just now, or it is a file
        return []


def _remove_dead(folder: Path) -> None:
    """Removes a folder that nothing was written to, unless its process lives."""
    with contextlib.suppress(OSError):
        lock = _try_lock(folder)
        if lock is not None:
            place = Spool("", folder, lock)
            place.remove_if_empty()
            place.close()


def _make_private(folder: Path) -> None:
    """Makes a folder and those above it, which must be the user's alone. FileNotFoundError if others removed one meanwhile."""
    for one in (root(), folder.parent, folder):
        # Not exist_ok: it looks again, and raises if others have removed the folder just then.
        with contextlib.suppress(FileExistsError):
            one.mkdir(mode=0o700, parents=True)
        status = one.lstat()
        # Windows has no such numbers; the user's own directory is where the system keeps others out.
        is_ours = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
        if not stat.S_ISDIR(status.st_mode) or not is_ours:
            raise PermissionError(
                f"log_dir: expected a spool directory that only this user can write to, got {str(one)!r}; run chmod 700, or "
                "set $TICKERTAPE_SPOOL to another directory"
            )


def _try_lock(folder: Path, creation: int = 0) -> int | None:
    """A descriptor that holds the lock of a folder; None if a living process holds it.

    Only the folder's own process makes the file (with O_CREAT as `creation`). Otherwise somebody who looks would put it back
    into a folder that is being removed, which then stays.
    """
    path = folder / "lock"
    flags = os.O_RDWR | creation | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        # A forked child shares the lock: the folder belongs to a living process as long as the child lives.
        file_lock.lock(descriptor, waits=False)
        is_removed = os.fstat(descriptor).st_ino != path.stat().st_ino
    except OSError:
        os.close(descriptor)
        return None
    if is_removed:
        os.close(descriptor)
        return None
    return descriptor
