"""Tags: what tensorboardX makes of them, and those that one page cannot show. The core knows those that break every page."""

from __future__ import annotations

import re
from typing import Any

from tickertape.convert import notices

# Compiled by `re` at the first use, as in convert/urls.py.
# The default loader's key of a picture or sound is JSON, which is read without escapes (tensorboard_data_server 0.7, tried).
_UNSHOWN = r'["\\\x00-\x1f]'
_REPLACED = r"[^-/\w\.]"  # tensorboardX/summary.py, _INVALID_TAG_CHARACTERS


def cleaned(tag: str) -> str:
    """`tag` as tensorboardX writes it: other characters than letters, digits and `_-/.` become "_"; no "/" at its start."""
    return re.sub(_REPLACED, "_", tag).lstrip("/")


def warn_of_blob(tag: Any) -> None:
    """Warns, once, of the tag of a picture, clip or sound that TensorBoard's default loader cannot show."""
    if not isinstance(tag, str) or (tag.isprintable() and '"' not in tag and "\\" not in tag):
        return  # nearly always, and faster than the search
    if found := re.search(_UNSHOWN, tag):
        notices.warn_once_a_tag(
            "tag of a blob",
            tag,
            f"tag: expected no quote, backslash or control character in that of a picture or sound, got {found.group()!r}, with which "
            "TensorBoard's default loader shows none",
        )


def warn_of_empty(tag: Any) -> None:
    """Warns, once, of an empty tag (tensorboard/plugins/pr_curve/pr_curves_plugin.py, pr_curves_route: status 500)."""
    if isinstance(tag, str) and tag == "":
        notices.warn_once_a_tag(
            "empty tag", tag, "tag: expected a name, got an empty one, for which the page shows no curve"
        )
