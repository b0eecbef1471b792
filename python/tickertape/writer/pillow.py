"""Pillow, for the few methods that need it."""

from __future__ import annotations

from typing import Any


def image_module(user: str) -> Any:
    """The module PIL.Image.

    Args:
        user: what needs it, for the error.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import PIL.Image  # noqa: PLC0415  # few methods need it
    except ImportError as error:
        raise ImportError(f"{user} needs Pillow: pip install pillow") from error
    return PIL.Image
