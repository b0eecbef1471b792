"""What the parts of SummaryWriter, one family of methods a file, expect of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickertape.writer.file_writer import EventWriter, FileWriter


class WriterPart:
    """A family of add_* methods; `SummaryWriter` inherits them all and provides these."""

    log_dir: Any
    max_queue: Any
    flush_secs: Any
    filename_suffix: str
    write_to_disk: bool
    file_writer: FileWriter | None
    all_writers: dict[str, FileWriter] | None
    _closed_files: tuple[tuple[str, str], ...]  # (directory, event file) of what close() has closed

    def _get_file_writer(self) -> FileWriter:
        raise NotImplementedError

    def _new_file_writer(self, directory: str, purge_step: int | None = None) -> FileWriter:
        """A FileWriter with the options of this writer; with write_to_disk=False one that writes nothing."""
        raise NotImplementedError

    def _event_writer(self) -> EventWriter:
        """What takes the ops of the main file: its native writer, opened again after close().

        Arguments are converted before this is called, so that a bad one opens no file.
        """
        op_writer: EventWriter = self._get_file_writer().op_writer
        return op_writer
