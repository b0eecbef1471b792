"""Blob keys: text that names a value for a client, as TensorBoard's own data provider writes it.

A key names an entry of the index and no path, so a forged one finds what the client may see anyway, or nothing.
"""

from __future__ import annotations

import base64
import json
from typing import NamedTuple

_MOST_CHARACTERS = 1 << 16  # names of runs and tags are file names and short texts


class BlobKey(NamedTuple):
    """What a key says."""

    experiment: str
    plugin: str
    run: str
    tag: str
    step: int
    number: int  # of the blob in its sequence


def encoded(key: BlobKey) -> str:
    """The key as text that URLs take. Source: tensorboard/backend/event_processing/data_provider.py."""
    text = json.dumps(key, separators=(",", ":")).encode("ascii")
    return base64.urlsafe_b64encode(text).decode("ascii").rstrip("=")


def decoded(text: str) -> BlobKey:
    """What encoded() was given.

    Raises:
        ValueError: `text` is no such key.
    """
    if len(text) > _MOST_CHARACTERS:
        raise _no_key(text)
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=="))
    except (ValueError, RecursionError):  # binascii.Error is a ValueError
        raise _no_key(text) from None
    forms = (str, str, str, str, int, int)
    if not isinstance(found, list) or [type(part) for part in found] != list(forms):
        raise _no_key(text)
    return BlobKey(*found)


def _no_key(text: str) -> ValueError:
    shown = text if len(text) <= 100 else text[:100] + "…"
    return ValueError(f"blob_key: expected a key that this server made, got {shown!r}")
