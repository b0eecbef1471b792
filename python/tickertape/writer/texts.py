"""SummaryWriter.add_text: one string for TensorBoard's text dashboard."""

from __future__ import annotations

from typing import Any

from tickertape.convert import check
from tickertape.writer.part import WriterPart


class TextMethods(WriterPart):
    """Text."""

    def add_text(
        self, tag: str, text_string: str | bytes, global_step: Any = None, walltime: Any = None
    ) -> None:
        """Writes text, shown as Markdown.

        Args:
            tag: name of the series; the file has it with "/text_summary" behind it, as torch's.
            text_string: str, or bytes in UTF-8 (torch takes str only).
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, text.
        """
        full_tag = check.string(tag, "tag") + "/text_summary"
        # An empty content is TextPluginData with version 0 (tensorboard/plugins/text/plugin_data.proto).
        self._event_writer().add_tensor(
            full_tag, [_utf8(text_string)], "string", [1], "text", b"", global_step, walltime
        )


def _utf8(text: Any) -> bytes:
    if isinstance(text, bytes):
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"text_string: expected UTF-8, got byte {text[error.start]:#x} at {error.start}"
            ) from None
        return text
    return check.string(text, "text_string").encode()
