"""Which log directories are URLs of an object store. Nothing is opened or imported here; see remote/stores.py."""

from __future__ import annotations

import os
import re
from typing import Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check, paths

# Compiled by `re` at the first use: importing the package takes 1 ms less.
# A scheme (RFC 3986), or several of them as fsspec chains file systems: "simplecache::s3://…".
_URL = r"(?P<schemes>[A-Za-z][A-Za-z0-9+.-]*(?:::[A-Za-z][A-Za-z0-9+.-]*)*)://"
_LOCAL = ("file", "local")  # fsspec has both names for the disk of this machine
# What pathlib makes of a URL: the second slash is gone. On Windows the first is a backslash.
_FLATTENED = r"(?i:s3a?|gs|gcs|az|abfss?|adl|hdfs|memory):[/\\][^/\\]"


def is_remote(path: Any) -> bool:
    """Whether `path` (str, bytes or path) is the URL of a store. A file:// URL is local. Anything else is False."""
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str):
        return (
            isinstance(path, os.PathLike) and ":" in str(path) and re.match(_FLATTENED, str(path)) is not None
        )
    if "://" not in path:  # nearly always: the first writer of a process need not compile the pattern
        return False
    found = re.match(_URL, path)
    return found is not None and found["schemes"].lower() not in _LOCAL


def normalised(url: Any, name: str = "log_dir") -> str:
    """A URL for which `is_remote` holds, in one spelling: lower-case scheme, no "/" at the end, no empty parts.

    Raises:
        TypeError: it is no str, bytes or path.
        ValueError: no store can have it: no bucket, a part "." or "..", a control character, no valid UTF-8; or it is a
            pathlib.Path, which has lost a slash.
    """
    text = check.string(paths.text(url, name), name)
    found = re.match(_URL, text)
    if found is None:
        raise UnsupportedValue(
            f"{name}: expected a URL such as s3://bucket/runs, got {text!r}; pass a str, since pathlib.Path removes a slash"
        )
    parts = [part for part in text[found.end() :].split("/") if part]
    if not parts or any(part in (".", "..") for part in parts) or not text.isprintable():
        raise UnsupportedValue(
            f'{name}: expected a URL such as s3://bucket/runs, without parts "." and "..", got {text!r}'
        )
    # hdfs:///runs has no host: the first part is a directory then.
    root = "/" if text[found.end() :].startswith("/") else ""
    return f"{found['schemes'].lower()}://{root}{'/'.join(parts)}"


def joined(url: str, name: str) -> str:
    """The URL of what has the relative name `name` below a normalised URL; "" and "." are the URL itself."""
    return url if name in ("", ".") else f"{url}/{name}"
