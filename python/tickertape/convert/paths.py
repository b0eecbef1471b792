"""Paths that callers pass, as str. Nothing is resolved: no links are followed, no case is changed."""

from __future__ import annotations

import os
from typing import Any

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, windows_names


def text(path: Any, name: str = "path") -> str:
    """`path` (str, bytes or path) as a str.

    Raises:
        TypeError: it is no path.
        ValueError: no file can have this name.
    """
    try:
        path_text = os.fsdecode(path)
        os.fsencode(path_text)
    except TypeError as error:
        raise UnsupportedType(
            f"{name}: expected a str, bytes or path, got {check.type_name(path)}"
        ) from error
    except UnicodeError as error:
        raise UnsupportedValue(
            f"{name}: expected a path, got one that no file can have: {check.text_of(error)}"
        ) from error
    return path_text


def local_dir(log_dir: Any) -> str:
    """`log_dir` (str, bytes, path or file:// URL) as a path of this machine.

    `~` and `~user` are expanded, if there is such a user.

    Raises:
        TypeError: it is no path.
        ValueError: it is another URL, no valid UTF-8, or no name that this system allows.
    """
    path = _expanded(check.string(text(log_dir, "log_dir"), "log_dir"), "log_dir")
    windows_names.refuse(os.path.splitdrive(path)[1], "log_dir")
    return path


def there(path: Any) -> bytes:
    """The absolute path of what is there already, with any bytes; otherwise as `local_dir`.

    Raises:
        TypeError: it is no path.
        ValueError: it is another URL, or no file can have this name.
    """
    given = _expanded(text(path), "path")
    if "\0" in given:
        raise UnsupportedValue(f"path: expected a path, got one that no file can have: {given!r}")
    return os.fsencode(absolute(given))


def _expanded(path: str, name: str) -> str:
    if "://" in path:
        path = _file_url(path, name)
    return os.path.expanduser(path)  # noqa: PTH111  # Path would rewrite what was given


def absolute(path: str) -> str:
    """The result of `local_dir` as an absolute path; unchanged if it is one."""
    if os.path.isabs(path):  # noqa: PTH117  # a str; the working directory may be deleted, so it is not asked for
        return path
    return os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118  # Path would rewrite what was given


def stays_inside(path: str) -> bool:
    """Whether a relative path names something below the directory that it is joined to, whatever links there are."""
    return not (os.path.isabs(path) or ".." in path.replace(os.sep, "/").split("/") or "\0" in path)  # noqa: PTH117  # a str


def _file_url(url: str, name: str) -> str:
    """The path of a file:// URL (RFC 8089)."""
    from urllib.parse import unquote  # noqa: PLC0415  # few pass URLs

    scheme, _, rest = url.partition("://")
    if scheme.lower() != "file":
        raise UnsupportedValue(
            f"{name}: expected a local directory, got the URL {url!r}; this takes local paths only: write to a local"
            " directory and copy it, or mount the store"
        )
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise UnsupportedValue(f"{name}: expected file:///path, got {url!r}")
    return slash + unquote(path)


def file_name_part(value: Any, name: str) -> str:
    """`value` as part of a file's name.

    Raises:
        TypeError: it is no str.
        ValueError: it holds a path separator or NUL, or what this system does not allow in names.
    """
    text = check.string(value, name)
    if "/" in text or os.sep in text or "\0" in text:
        raise UnsupportedValue(f"{name}: expected part of a file name, got {text!r}")
    windows_names.refuse(f"x{text}", name)
    return text
