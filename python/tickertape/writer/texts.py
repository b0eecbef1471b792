"""add_text: one string for TensorBoard's text dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check

if TYPE_CHECKING:
    from tickertape.writer.file_writer import GetWriter

_MOST_BYTES = 2**31 - 4096  # csrc/event/op.h, kMaxEventBytes; an Event has a tag too


def add_text(get_writer: GetWriter, tag: Any, text_string: Any, global_step: Any, walltime: Any) -> None:
    """See SummaryWriter.add_text."""
    full_tag = check.string(tag, "tag") + "/text_summary"
    content = _utf8(text_string)
    # An empty content is TextPluginData with version 0 (tensorboard/plugins/text/plugin_data.proto).
    get_writer().add_tensor(full_tag, [content], "string", [1], "text", b"", global_step, walltime)


def _utf8(text: Any) -> bytes:
    if isinstance(text, (str, bytes)):
        _check_size(len(text))  # UTF-8 is not shorter than a str
    if isinstance(text, bytes):
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise UnsupportedValue(
                f"text_string: expected UTF-8, got byte {text[error.start]:#x} at {error.start}"
            ) from None
        return text
    content = check.string(text, "text_string").encode()
    _check_size(len(content))
    return content


def _check_size(n_bytes: int) -> None:
    if n_bytes > _MOST_BYTES:
        raise UnsupportedValue(
            f"text_string: expected less than 2 GiB, protobuf's limit for a message, got {n_bytes} bytes"
        )
