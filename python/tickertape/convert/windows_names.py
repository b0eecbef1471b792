r"""Names that Windows refuses for a file, or takes for something else: `a:b` is a stream of `a`, and `nul` is a device.

learn.microsoft.com, "Naming Files, Paths, and Namespaces". Everything here takes paths with `/` or `\` and looks at each part.
"""

from __future__ import annotations

import os
import re

from tickertape._core import UnsupportedValue

_IS_WINDOWS = os.name == "nt"
# `re` compiles each at its first use: that takes 1.5 ms, and other systems hardly use them.
_REFUSED = r'[<>:"|?*\x00-\x1f]|[. ]+$'
_DEVICE = r"(?i:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)"
_SEPARATORS = r"([/\\])"


def refuse(path: str, name: str) -> None:
    """Checks a path without a drive, given as argument `name`; any path will do on other systems.

    Raises:
        ValueError: a part of it can be no file's name on Windows.
    """
    if not _IS_WINDOWS:
        return
    for part in re.split(_SEPARATORS, path):
        if part not in ("", ".", "..") and (re.search(_REFUSED, part) or re.match(_DEVICE, part)):
            raise UnsupportedValue(
                f"{name}: expected names that Windows allows, got {part!r} in {path!r}; choose one without "
                '< > : " | ? * and a dot or space at its end, which is no device such as con or nul'
            )


def allowed(path: str) -> str:
    """A relative path made of tags: on Windows with `_` for what it refuses, as torch has `_` for `/`."""
    return "".join(map(_allowed_part, re.split(_SEPARATORS, path))) if _IS_WINDOWS else path


def _allowed_part(part: str) -> str:
    if part in (".", ".."):
        return part
    part = re.sub(_REFUSED, lambda found: "_" * len(found[0]), part)
    return f"_{part}" if is_device(part) else part


def is_device(part: str) -> bool:
    """Whether Windows takes a name for a device, whatever its ending is."""
    return re.match(_DEVICE, part) is not None
