"""Runs whose log_dir is a URL: their files are in a local spool, from which remote/uploader.py uploads them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check, notices, urls
from tickertape.writer import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tickertape.remote.session import Session


def target_of(log_dir: Any, upload_secs: Any, spool_bytes: Any) -> Target | None:
    """Where a run with a URL goes; None if `log_dir` is a local path.

    Raises:
        ImportError: what opens the URL is not installed.
        TypeError, ValueError: an argument is of the wrong kind.
    """
    if upload_secs is not None and not (0 < check.real(upload_secs, "upload_secs") < float("inf")):
        raise UnsupportedValue(f"upload_secs: expected seconds above 0, got {upload_secs!r}")
    if spool_bytes is not None:
        check.integer(spool_bytes, "spool_bytes", 1)
    return Target(urls.normalised(log_dir), upload_secs, spool_bytes) if urls.is_remote(log_dir) else None


class Target:
    """The URL of a run, and how it is uploaded. A pickled one, and one in a forked child, has no session.

    What a forked child writes with its parent's writer is in the parent's spool, so the parent uploads it.
    """

    def __init__(self, url: str, upload_secs: float | None, spool_bytes: int | None) -> None:
        from tickertape.remote import stores  # noqa: PLC0415  # few runs have a URL

        if url.startswith(("http://", "https://")):
            raise UnsupportedValue(f"log_dir: expected a URL that can be written to, got {url!r}")
        stores.check_installed(url)
        self.url = url
        self._upload_secs = upload_secs
        self._spool_bytes = spool_bytes
        self._session: Session | None = None
        self._process_id = os.getpid()

    def __reduce__(self) -> tuple[Any, ...]:
        return Target, (self.url, self._upload_secs, self._spool_bytes)

    @property
    def options(self) -> dict[str, Any]:
        """The parameters of a writer on the same URL."""
        return {"upload_secs": self._upload_secs, "spool_bytes": self._spool_bytes}

    def open(self) -> str:
        """The local directory to write to. `close` gives it back.

        Raises:
            OSError: it cannot be made.
        """
        from tickertape.remote import uploader  # noqa: PLC0415  # as above

        if uploader.finish not in lifecycle.after_drain:
            lifecycle.after_drain.append(uploader.finish)
        self._process_id = os.getpid()
        self._session = uploader.open_session(
            self.url,
            uploader.UPLOAD_SECS if self._upload_secs is None else float(self._upload_secs),
            uploader.spool_limit() if self._spool_bytes is None else int(self._spool_bytes),
        )
        return self._session.directory

    @property
    def session(self) -> Session | None:
        """None while nothing is open in this process."""
        return self._session if os.getpid() == self._process_id else None

    def upload(self, *, raises: bool) -> None:
        """Waits until everything that is in the files is uploaded. If the store does not take it, a warning comes later.

        Raises:
            OSError: the store did not take it, and `raises` is set.
        """
        from tickertape.remote import uploader  # noqa: PLC0415  # as above

        session = self.session
        error = "" if session is None else uploader.upload(session)
        if error and raises:
            raise OSError(f"{self.url}: {error}")

    def add_writer(self, event_writer: Any) -> None:
        """An EventFileWriter that writes to the directory: it stops while the spool is full."""
        session = self.session
        if session is not None:
            session.add_writer(event_writer)

    def lift_limits(self) -> None:
        """To be called before the last files are closed: what is queued must get into them, although the spool is full."""
        session = self.session
        if session is not None:
            session.lift_limits()

    @contextlib.contextmanager
    def closed_after_error(self) -> Iterator[None]:
        """Gives the directory back if the block raises: nobody else would."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the directory back. Warns of what could not be uploaded. Closing twice is fine."""
        from tickertape.remote import uploader  # noqa: PLC0415  # as above

        session, self._session = self.session, None
        error = "" if session is None else uploader.close(session)
        if error and session is not None:
            notices.warn(
                f"{session.bytes_behind} bytes for {self.url!r} are not uploaded ({error}); they stay in {session.directory!r}. This "
                f"process goes on trying; after its end the next writer on this URL, or `tickertape sync {self.url}`, uploads them",
                RuntimeWarning,
            )
