"""Tags: what tensorboardX makes of them."""

from __future__ import annotations

import re

_REPLACED = re.compile(r"[^-/\w\.]")  # tensorboardX/summary.py, _INVALID_TAG_CHARACTERS


def cleaned(tag: str) -> str:
    """`tag` as tensorboardX writes it: other characters than letters, digits and `_-/.` become "_"; no "/" at its start."""
    return _REPLACED.sub("_", tag).lstrip("/")
