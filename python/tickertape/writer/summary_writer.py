"""SummaryWriter: torch's class on the native core. Opening, closing and files; the add_* methods stand in the parts."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import check, paths
from tickertape.writer import gate, lifecycle
from tickertape.writer.audio import AudioMethods
from tickertape.writer.boxes import BoxMethods
from tickertape.writer.custom_scalars import CustomScalarMethods
from tickertape.writer.embeddings import EmbeddingMethods
from tickertape.writer.exports import ExportMethods
from tickertape.writer.file_writer import FileWriter
from tickertape.writer.graphs.methods import GraphMethods
from tickertape.writer.graphs.model_files import ModelFileMethods
from tickertape.writer.histograms import HistogramMethods
from tickertape.writer.hparams import HParamMethods
from tickertape.writer.images import ImageMethods
from tickertape.writer.instance_bridge import NativeKin
from tickertape.writer.meshes import MeshMethods
from tickertape.writer.metadata import MetadataMethods
from tickertape.writer.pr_curves import PrCurveMethods
from tickertape.writer.restarts import RestartMethods
from tickertape.writer.scalars import ScalarMethods
from tickertape.writer.tensors import TensorMethods
from tickertape.writer.texts import TextMethods
from tickertape.writer.videos import VideoMethods

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["FileWriter", "SummaryWriter"]


class SummaryWriter(
    ScalarMethods,
    HistogramMethods,
    ImageMethods,
    TextMethods,
    TensorMethods,
    PrCurveMethods,
    BoxMethods,
    VideoMethods,
    AudioMethods,
    MeshMethods,
    HParamMethods,
    CustomScalarMethods,
    EmbeddingMethods,
    GraphMethods,
    ModelFileMethods,
    ExportMethods,
    MetadataMethods,
    RestartMethods,
    _core.SummaryWriterBase,
    metaclass=NativeKin,
):
    """Writes a training run to event files that TensorBoard shows. Drop-in for torch.utils.tensorboard's.

    Each add_* returns once its arguments are copied; encoding and writing happen on threads of the core. Everything
    accepted is in the file when the process ends, closed or not. May be used from many threads and after a fork (a
    child writes to a file of its own).

    Args:
        log_dir: directory of the run, as str, bytes or path; a relative one is made absolute here, so that a later
            chdir does no harm. None or "" is `runs/<date>_<host><comment>`.
        comment: end of that default's name; without effect when `log_dir` is given.
        purge_step: tells TensorBoard to hide what earlier files of the directory hold from this step on.
        max_queue: kept for torch's signature; the core bounds its queue by bytes.
        flush_secs: kept for torch's signature; the core writes within milliseconds.
        filename_suffix: put at the end of every event file's name.
        write_to_disk: False checks every argument and writes nothing, not even a directory (tensorboardX has it).
        on_full: what a call does when the byte budget ($TICKERTAPE_QUEUE_BYTES) is used up, since the disk is slow or
            takes nothing: "block" waits, "drop" drops and counts (`tickertape.stats()`).
        on_error: what trouble with the disk does after the constructor: "warn" warns once, "raise" raises OSError from
            each call until it is over. Either way what was logged stays queued and is tried again.

    Attributes:
        log_dir: where the events go, absolute; a `pathlib.Path` where one was given.
        file_writer: the FileWriter of the main file; None after close().
        all_writers: directory to FileWriter, those of add_scalars included; None after close().
        default_bins: edges of add_histogram's bins="tensorflow".

    Raises:
        OSError: the directory cannot be made or written; carries the path.
        TypeError, ValueError: an argument is of the wrong kind.

    Source: torch/utils/tensorboard/writer.py.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: Any = 10,
        flush_secs: Any = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        *,
        on_full: str = "block",
        on_error: str = "warn",
    ) -> None:
        super().__init__()
        if log_dir is None or (isinstance(log_dir, (str, bytes)) and not log_dir):
            log_dir = _default_log_dir(check.string(comment, "comment"))
        path = paths.absolute_dir(log_dir)
        pathlib = sys.modules.get("pathlib")  # whoever hands over a Path has it loaded
        self.log_dir = pathlib.Path(path) if pathlib and isinstance(log_dir, pathlib.PurePath) else path
        self.purge_step = None if purge_step is None else check.step(purge_step, "purge_step")
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = paths.file_name_part(filename_suffix, "filename_suffix")
        self.write_to_disk = bool(write_to_disk)
        self._policies = {"on_full": on_full, "on_error": on_error}
        self._is_patient = False
        self.file_writer = None
        self.all_writers = None
        self._closed_files = ()
        self._get_file_writer()
        self._is_patient = on_error == "warn"  # files that logging opens, in the middle of a training

    def _get_file_writer(self) -> FileWriter:
        """The FileWriter of the main file; a new one (a new file) after close()."""
        open_writer = self.file_writer  # read once: another thread may close meanwhile
        if open_writer is not None and self.all_writers is not None:
            return open_writer
        with lifecycle.opening:
            if self.file_writer is None or self.all_writers is None:
                file_writer = self._new_file_writer(os.fspath(self.log_dir), self.purge_step)
                self.purge_step = None
                self.all_writers = {file_writer.get_logdir(): file_writer}
                self.file_writer = file_writer
                if self.write_to_disk:
                    self._bind(file_writer.event_writer)
            return self.file_writer

    def _new_file_writer(self, directory: str, purge_step: int | None = None) -> FileWriter:
        make = FileWriter
        if not self.write_to_disk:
            from tickertape.writer.null import NullFileWriter  # noqa: PLC0415  # for the few that need it

            make = NullFileWriter
        return make(
            directory,
            self.max_queue,
            self.flush_secs,
            self.filename_suffix,
            purge_step=purge_step,
            is_patient=self._is_patient,
            **self._policies,
        )

    def _open(self) -> None:
        """Called by the native add_scalar while no file is bound."""
        with lifecycle.opening:  # or another thread's close() could come between, and a closed one be bound
            self._bind(self._get_file_writer().event_writer)

    def get_logdir(self) -> Any:
        """The directory of the run, absolute."""
        return self.log_dir

    def _flush(self, wait: bool = False) -> None:
        """What the native flush() calls when something is queued."""
        writers = self.all_writers
        if writers is not None:
            for writer in tuple(writers.values()):  # another thread may open one meanwhile
                writer.flush(wait)

    def sync(self) -> None:
        """flush(), and what was written is on the disk: it survives a loss of power.

        Raises:
            OSError: the disk refused.
        """
        writers = self.all_writers
        if writers is not None:
            for writer in tuple(writers.values()):
                writer.event_writer.sync()

    def close(self) -> None:
        """Writes what is left and closes the files. Closing twice is fine; a later add_* goes on in a new file."""
        with lifecycle.opening:
            # A signal handler that logs between two of these lines opens a new file; `_open` binds it again.
            writers = self.all_writers or {}
            self.all_writers = None
            self.file_writer = None
            self._bind(None)
        for directory, writer in writers.items():
            self._closed_files += ((directory, writer.event_writer.path),)
            writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()


_core.put_fast_methods(SummaryWriter)
gate.guard(SummaryWriter)


def _default_log_dir(comment: str) -> str:
    """Torch's `runs/<date>_<host><comment>`."""
    import socket  # noqa: PLC0415  # takes longer to import than all of this package

    return f"runs/{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}"
