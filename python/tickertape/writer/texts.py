"""add_text: one string for TensorBoard's text dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check, notices

if TYPE_CHECKING:
    from tickertape.writer.file_writer import GetWriter

# What the page shows as "?" (tensorboard/_vendor/bleach/sanitizer.py, INVISIBLE_CHARACTERS); it leaves NUL out.
_INVISIBLE = bytes(set(range(0x20)) - set(b"\t\n\r"))
PLUGIN = "text"  # tensorboard/plugins/text/metadata.py
MOST_AXES = 2  # of a table of texts (tensorboard/plugins/text/text_plugin.py, text_array_to_html)


def add_text(get_writer: GetWriter, tag: Any, text_string: Any, global_step: Any, walltime: Any) -> None:
    """See SummaryWriter.add_text."""
    full_tag = check.string(tag, "tag") + "/text_summary"
    content = _utf8(text_string)
    # An empty content is TextPluginData with version 0 (tensorboard/plugins/text/plugin_data.proto).
    _warn_of_invisible([content], tag, "text_string")
    get_writer().add_tensor(full_tag, [content], "string", [1], PLUGIN, b"", global_step, walltime)


def check_table(texts: list[bytes], shape: tuple[int, ...], tag: Any) -> None:
    """Checks a table of texts of the text plugin.

    Raises:
        ValueError: one is not UTF-8: the page would show none of the tag.
    """
    for text in texts:
        _check_utf8(text, "tensor")
    _warn_of_invisible(texts, tag, "tensor")
    if len(shape) > MOST_AXES:
        notices.warn_once_a_tag(
            "axes of texts",
            tag,
            f"tensor: expected at most {MOST_AXES} axes of texts, got {len(shape)}; the page shows the first table of them",
        )


def _warn_of_invisible(texts: list[bytes], tag: Any, name: str) -> None:
    text = next((text for text in texts if len(text.translate(None, _INVISIBLE)) < len(text)), None)
    if text is not None:
        found = next(bytes([byte]) for byte in text if byte in _INVISIBLE)
        notices.warn_once_a_tag(
            "invisible characters",
            tag,
            f"{name}: expected text without control characters, got {found!r}, which the page shows as ? or not at all",
        )


def _utf8(text: Any) -> bytes:
    if isinstance(text, (str, bytes)):
        check.message_bytes(len(text), "text_string")  # UTF-8 is not shorter than a str
    if isinstance(text, bytes):
        _check_utf8(text, "text_string")
        return text
    content = check.string(text, "text_string").encode()
    check.message_bytes(len(content), "text_string")
    return content


def _check_utf8(text: bytes, name: str) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise UnsupportedValue(
            f"{name}: expected UTF-8, got byte {text[error.start]:#x} at {error.start}"
        ) from None
