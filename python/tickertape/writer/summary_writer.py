"""SummaryWriter: torch's class on the native core. The whole public API; each topic's work is in the module of its name.

Methods are in torch's order, then tensorboardX's, then those that only this package has. While record_if, set_step or
use_metadata are in force (`_core.is_gated`), each add_* first asks `recording.admit`. add_scalar, log and flush are
native: csrc/bindings/fast/ defines them, and `put_fast_methods` below puts them on the class.

A rare topic is imported by the call that needs it. What a training step calls, or `__del__` while the interpreter shuts down and
nothing can be imported any more, imports nothing: add_scalar, add_scalars, log, add_histogram, add_image, add_text, add_tensor,
write, flush and close.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedValue
from tickertape.convert import arrays, check, keywords, notices, paths, rank, windows_names
from tickertape.convert.histogram_edges import tensorflow_edges
from tickertape.writer import (
    histograms,
    images,
    lifecycle,
    metadata,
    recording,
    scalars,
    tags,
    tensors,
    texts,
    uploads,
)
from tickertape.writer.file_writer import FileWriter, Reopening
from tickertape.writer.instance_bridge import NativeInstanceBridge

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import SimpleNamespace, TracebackType

    from _typeshed import DataclassInstance
    from matplotlib.figure import Figure
    from typing_extensions import Self

    from tickertape.convert import types
    from tickertape.devices.scalar_buffer import ScalarBuffer
    from tickertape.writer import custom_scalars, meshes
    from tickertape.writer.file_writer import EventWriter

__all__ = ["SummaryWriter"]


class SummaryWriter(_core.SummaryWriterBase, metaclass=NativeInstanceBridge):
    """Writes a training run to event files that TensorBoard shows. It replaces torch.utils.tensorboard's class.

    Each add_* returns when its arguments are copied; threads of the core encode and write. Everything that was logged is in the file
    when the process ends, also without close(). May be used from many threads, and after a fork: a forked child writes into the
    run `<log_dir>/fork_<number>`, because TensorBoard's plain loader follows only one file of a directory.

    Args:
        log_dir: directory of the run, as str, bytes, path or URL. That of a store (`s3://bucket/run`, `gs://…`, whatever fsspec
            opens) is written to a local spool and uploaded from there, see docs/remote.md. `~` is expanded (torch makes a directory of this
            name). A relative one is made absolute inside, so that a later chdir does not matter. None and "" mean
            `runs/<date>_<host><comment>`.
        comment: end of that default name; ignored if `log_dir` is given. May not lead out of `runs`.
        purge_step: TensorBoard hides this step and later steps of earlier files of the directory, and of the runs that
            add_scalars and add_hparams have made below it.
        max_queue: no effect, torch's parameter: the core bounds its queue by bytes.
        flush_secs: no effect, torch's parameter: the core writes within milliseconds.
        filename_suffix: end of the name of every event file.
        write_to_disk: False checks every argument and writes nothing, not even a directory (as in tensorboardX).
        on_full: what a call does if the byte budget ($TICKERTAPE_QUEUE_BYTES) is used up because the disk is slow or
            refuses to write: "block" waits, "drop" drops the op and counts it (`tickertape.stats()`).
        on_error: what happens after the constructor if the disk makes trouble: "warn" warns once, "raise" raises OSError from
            each call until the trouble is over. In both cases what was logged stays queued and is tried again.
        ranks: which processes of a job of many (torchrun, MPI, Slurm, ...) write: "all" of them, each a file with its rank
            in the name, as in `….rank3`; or "zero": the others check every argument and write nothing. A process knows
            its rank from torch.distributed or from its launcher's variables (docs/ranks.md); without, it writes.
        upload_secs: for a URL: how many seconds pass at most until what was logged is uploaded; None is 30.
        spool_bytes: for a URL: how many bytes may wait in the spool while the store is away; then `on_full` decides. None
            is $TICKERTAPE_SPOOL_BYTES, or 4 GiB.

    Attributes:
        log_dir: the directory of the run as it was given, as in torch; only bytes, `~` and URLs are replaced by the path
            that they mean. `file_writer.get_logdir()` is absolute.
        file_writer: the FileWriter of the main file; None after close().
        all_writers: directory to FileWriter, those of add_scalars included; None after close().
        write_to_disk: whether this process writes.
        default_bins: the edges of add_histogram's bins="tensorflow".

    Raises:
        ImportError: fsspec, or its package for the URL's store, is not installed.
        OSError: the directory cannot be made or written; carries the path.
        TypeError, ValueError: an argument is of the wrong kind.

    Source: torch/utils/tensorboard/writer.py.
    """

    _default_bins: list[float] | None = None
    _has_graph = False
    # What follows a mesh's tag in the tags of its parts, as in torch.
    _mesh_tags: ClassVar[Mapping[str, str]] = {"VERTEX": "_VERTEX", "FACE": "_FACE", "COLOR": "_COLOR"}
    # Points that export_scalars_to_json has exported, by event file and tag. Replaced, never changed: all writers start
    # with this one.
    _exported: Mapping[tuple[str, str], int] = MappingProxyType({})

    def __init__(
        self,
        log_dir: types.Path | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: types.Real = 10,
        flush_secs: types.Real = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        *,
        on_full: types.OnFull = "block",
        on_error: types.OnError = "warn",
        ranks: types.Ranks = "all",
        upload_secs: types.Real | None = None,
        spool_bytes: int | None = None,
    ) -> None:
        super().__init__()
        if log_dir is None or (isinstance(log_dir, (str, bytes)) and not log_dir):
            log_dir = _default_log_dir(check.string(comment, "comment"))
        elif comment:
            notices.warn_once("comment", f"comment: {comment!r} has no effect, since log_dir is given")
        self._target = uploads.target_of(log_dir, upload_secs, spool_bytes)
        path = os.fsdecode(log_dir) if self._target is not None else paths.local_dir(log_dir)
        self._directory = (
            path if self._target is not None else paths.absolute(path)
        )  # of a URL: see _get_file_writer
        if os.fspath(log_dir) != path:  # bytes, ~, file://
            pathlib = sys.modules.get("pathlib")  # loaded if the caller has a Path
            log_dir = pathlib.Path(path) if pathlib and isinstance(log_dir, pathlib.PurePath) else path
        self.log_dir = cast("str | os.PathLike[str]", log_dir)
        self._process_id = os.getpid()
        self.purge_step = None if purge_step is None else check.step(purge_step, "purge_step")
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = paths.file_name_part(filename_suffix, "filename_suffix")
        self._chosen = check.flag(write_to_disk, "write_to_disk"), ranks
        self.write_to_disk = self._chosen[0] and rank.writes(ranks)
        self._policies: dict[str, Any] = {"on_full": on_full, "on_error": on_error}
        self._defaults = metadata.Defaults()
        self._is_patient = False
        self.file_writer: FileWriter | None = None
        self.all_writers: dict[str, FileWriter] | None = None
        self._layout: custom_scalars.Layout | None = None
        self._first_meshes: dict[str, meshes.Shown] = {}
        self._closed_files: tuple[tuple[str, str], ...] = ()  # (directory, event file)
        self._get_file_writer()
        self._is_patient = on_error == "warn"  # for files that are opened later, in the middle of a training

    # --- torch's methods, in torch's order

    def get_logdir(self) -> str | os.PathLike[str]:
        """`log_dir`: the directory of the run as it was given."""
        return self.log_dir

    @property
    def default_bins(self) -> list[float]:
        """The 1,549 edges of bins="tensorflow", ascending. A list that may be changed, as torch's."""
        if self._default_bins is None:
            self._default_bins = list(tensorflow_edges())
        return self._default_bins

    @default_bins.setter
    def default_bins(self, edges: list[float]) -> None:
        self._default_bins = edges

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any] | Namespace | SimpleNamespace | DataclassInstance,
        metric_dict: Mapping[str, types.Scalar | None],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
        run_name: str | None = None,
        global_step: types.Step = None,
        *,
        name: str | None = None,
        same_run: bool = False,
    ) -> None:
        """Writes hyperparameters, and the metrics that were reached with them.

        Unless `same_run` is set, they become a run of their own below this one, as in torch.

        Args:
            hparam_dict: name to value, of which the page shows 1,000: a dict or other mapping, a dataclass, or a namespace of argparse or types. Those
                among the values are flattened to `a/b`, as in `log`. Numbers, bools and texts stay what they are (torch
                makes bools numbers); a NumPy scalar, or an array or tensor of one element, counts as the value in it; a
                function or class as its name. None is left out, as in torch: a text would make a column of numbers one
                of texts. Anything else (tuple, list, Path, Enum, torch.device, ...) becomes a short text, with one warning
                for each name.
            metric_dict: tag to value, of the types that add_scalar takes. With `same_run`, None names a metric that is
                logged by add_scalar.
            hparam_domain_discrete: name of a hyperparameter to all the values it can have, of one type. TensorBoard then
                shows the columns of this run only: of several runs with domains, those of the first. Without domains it
                shows the columns of all runs.
            run_name: the run's directory inside log_dir; None and "" are the time. "." means `same_run`. If the run has
                hyperparameters, they must be the same: TensorBoard would show the old ones beside the new metrics.
            global_step: int64; None is 0.
            name: tensorboardX's name for `run_name`.
            same_run: write into this run, so that its scalars are shown beside its hyperparameters.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, the directory is outside log_dir (torch writes there),
                or the run has other hyperparameters.
            OSError: the run's directory cannot be made.

        Source: torch/utils/tensorboard/summary.py, hparams.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step)) is None:
                return
            global_step, _ = when
        from tickertape.writer import hparams  # noqa: PLC0415  # a rare topic, see the top

        session = hparams.checked(
            hparam_dict,
            metric_dict,
            hparam_domain_discrete,
            run_name if run_name is not None else name,
            same_run,
        )
        hparams.write(
            session,
            check.step(global_step),
            self._get_file_writer,
            self._new_file_writer,
            is_on_disk=self.write_to_disk,
        )

    if (
        TYPE_CHECKING
    ):  # native; tests/python/test_signatures.py holds signature and docstring to the native ones

        def add_scalar(
            self,
            tag: str,
            scalar_value: types.Scalar,
            global_step: types.Step = None,
            walltime: types.WallTime = None,
            new_style: bool = False,
            double_precision: bool = False,
            display_name: str = "",
            summary_description: str = "",
        ) -> None:
            """Logs one number of the series `tag`.

            Args:
                tag: name of the series.
                scalar_value: int, float, bool, numeric str, or any array or tensor of one element. A masked one is NaN, with a
                    warning.
                global_step: anything int() takes; None is 0. A fraction is dropped, with one warning.
                walltime: seconds since the epoch; None is now.
                new_style: store a tensor for TensorBoard's time series page instead of simple_value.
                double_precision: with new_style, store float64 instead of float32.
                display_name: title of the chart instead of the tag.
                summary_description: Markdown shown with the chart.

            Raises:
                TypeError, ValueError: an argument is of the wrong kind; nothing was logged.
            """

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, types.Scalar],
        global_step: types.Step = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes several scalars of one step that TensorBoard draws in one chart.

        Each key is a separate run at `<log_dir>/<main_tag with "/" as "_">_<key>`, in which the tag is `main_tag`
        (torch's layout). All values are checked before the first is written.

        Args:
            main_tag: tag of all curves.
            tag_scalar_dict: name of each curve to its value, of the types that add_scalar takes.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now, the same for all curves.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or a key names a directory outside log_dir (torch
                writes there).
            OSError: a curve's directory cannot be made.

        Source: torch/utils/tensorboard/writer.py, add_scalars.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        prefix, tag = self._curves_of(check.string(main_tag, "main_tag"))
        scalars.add_scalars(self._sub_writers, prefix, tag, tag_scalar_dict, global_step, walltime)

    def add_tensor(
        self,
        tag: str,
        tensor: types.ComplexArray,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
        *,
        copy: bool = True,
    ) -> None:
        """Writes an array with its shape and element type (plugin "tensor").

        Args:
            tag: name of the series.
            tensor: numbers, bools or complex numbers (64 and 128 bits), any shape, below 2 GiB. torch takes its own
                tensors only, and writes float32 bits in place of half and bfloat16 bits.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            copy: False reads a read-only NumPy array in place, after the call; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, tensor_proto.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        tensors.add_tensor(self._op_writer, tag, tensor, global_step, walltime, copy=copy)

    def add_histogram(
        self,
        tag: str,
        values: types.Array,
        global_step: types.Step = None,
        bins: types.Bins = histograms.TENSORFLOW,
        walltime: types.WallTime = None,
        max_bins: int | None = None,
        *,
        copy: bool = True,
        step: None = None,
    ) -> None:
        """Writes a histogram of `values`.

        NaN and infinite values are left out of buckets and statistics, with one warning for each tag. (torch keeps them
        in the statistics, and raises if there are no others.)

        Args:
            tag: name of the series.
            values: numbers, any shape, at least one.
            global_step: int64; None is 0.
            bins: "tensorflow" (`default_bins`), a rule of numpy.histogram_bin_edges, a number of equal bins, or
                ascending edges.
            walltime: seconds since the epoch; None is now.
            max_bins: if there are more bins than this, `bins // max_bins` neighbours are added up.
            copy: False reads a read-only, C-contiguous NumPy array in place, after the call: it must not change any
                more, and its event is lost if the process is killed before it is written.
            step: not a parameter: any value raises TypeError, which says that `global_step` is the name.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, make_histogram.
        """
        if step is not None:  # not keywords.explained: a call inside a call would cost this one a tenth
            raise keywords.unknown_error("SummaryWriter.add_histogram()", "step", ("global_step",))
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        if type(values) is not np.ndarray and copy is True:
            values = _core.host_array(values)
        if (
            bins is histograms.TENSORFLOW
            and type(values) is np.ndarray
            and max_bins is None
            and copy
            and values.size
            and self._default_bins is None
        ):  # the plain call: the questions that histograms.add_histogram asks take as long as all the rest
            array, dtype = arrays.as_array(values, "values")
            try:
                file = self._get_file_writer().op_writer
                file.add_histogram(tag, array, dtype, None, None, global_step, walltime)
            except _core.WriterClosed:  # by another thread, between the two lines
                self._op_writer().add_histogram(tag, array, dtype, None, None, global_step, walltime)
            return
        histograms.add_histogram(
            self._op_writer, tag, values, global_step, bins, walltime, max_bins, self._default_bins, copy=copy
        )

    def add_histogram_raw(
        self,
        tag: str,
        min: types.Real,  # noqa: A002  # torch's name
        max: types.Real,  # noqa: A002  # torch's name
        num: types.Real,
        sum: types.Real,  # noqa: A002  # torch's name
        sum_squares: types.Real,
        bucket_limits: types.Array,
        bucket_counts: types.Array,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes a histogram that was counted elsewhere, unchanged.

        Args:
            tag: name of the series.
            min: least value.
            max: greatest value.
            num: number of values.
            sum: sum of the values.
            sum_squares: sum of their squares.
            bucket_limits: upper edge of each bucket, [n].
            bucket_counts: number of values in each bucket, [n].
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or limits and counts differ in number.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        histograms.add_histogram_raw(
            self._op_writer,
            tag,
            {"min": min, "max": max, "num": num, "sum": sum, "sum_squares": sum_squares},
            bucket_limits,
            bucket_counts,
            global_step,
            walltime,
        )

    def add_image(
        self,
        tag: str,
        img_tensor: types.Pixels,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
        dataformats: types.Dataformats = "CHW",
        *,
        copy: bool = True,
        encoding: types.ImageEncoding = "png",
        quality: int | None = None,
    ) -> None:
        """Writes an image, as PNG unless `encoding` says otherwise.

        uint8 is written unchanged. Floats are multiplied by 255, clipped to 0..255 and truncated; NaN is black. If some are NaN
        or above 1.5, so probably 0..255, one warning for each tag says so. Other integers are scaled by the range of the
        array: 0 and 1 alone (masks, bools) are multiplied by 255, values up to 255 stay as they are, uint16 beyond that is
        divided by 257, and any other range is refused.

        Args:
            tag: name of the series.
            img_tensor: axes as in `dataformats`; 1 channel (becomes RGB), 2, 3 or 4 (LA, RGB, RGBA). A list of such
                images becomes a grid, see `add_images`.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            dataformats: a permutation of CHW, HW or NCHW; an N makes a grid, see `add_images`.
            copy: False reads a read-only NumPy array in place, after the call; see `add_histogram`.
            encoding: "png" is exact. "jpeg" and "webp" are smaller and not exact; Pillow encodes them during the call, so copy
                has no effect. Only "png" and "webp" store transparency.
            quality: of "jpeg" and "webp", 1 to 100; None is Pillow's default (75 and 80).

        Raises:
            ImportError: `encoding` needs Pillow, which is not installed.
            TypeError, ValueError: an argument is of the wrong kind, or integers have a range of no known scale.

        Source: torch/utils/tensorboard/summary.py, image.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        if copy is True and type(encoding) is str and encoding == "png" and quality is None:
            if type(img_tensor) is not np.ndarray:
                img_tensor = _core.host_array(img_tensor)
            dtype = images.dtype_if_plain(img_tensor, dataformats)
            if dtype is not None:
                tags.warn_of_blob(tag)
                try:
                    file = self._get_file_writer().op_writer
                    file.add_image(tag, img_tensor, dtype, dataformats, global_step, walltime)
                except _core.WriterClosed:  # by another thread, between the two lines
                    self._op_writer().add_image(tag, img_tensor, dtype, dataformats, global_step, walltime)
                return
        images.add_image(
            self._op_writer,
            tag,
            img_tensor,
            global_step,
            walltime,
            dataformats,
            copy=copy,
            encoding=encoding,
            quality=quality,
        )

    def add_images(
        self,
        tag: str,
        img_tensor: types.Pixels,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
        dataformats: types.Dataformats = "NCHW",
        max_outputs: int | None = None,
        *,
        copy: bool = True,
        encoding: types.ImageEncoding = "png",
        quality: int | None = None,
    ) -> None:
        """Writes a batch of images as one picture: a grid of up to 8 columns without padding.

        Args:
            tag: name of the series.
            img_tensor: axes as in `dataformats`, or a list of images of one size with these axes but the N (as in
                tensorboardX); 1, 3 or 4 channels (RGBA, as in tensorboardX; torch raises). Values as in `add_image`.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            dataformats: a permutation of NCHW, CHW or HW.
            max_outputs: how many images of the batch are shown, the first ones; None are all (as in tf.summary.image).
            copy: False reads a read-only NumPy array in place, after the call; see `add_histogram`.
            encoding: "png" is exact. "jpeg" and "webp" are smaller and not exact; Pillow encodes them during the call, so copy
                has no effect. Only "png" and "webp" store transparency.
            quality: of "jpeg" and "webp", 1 to 100; None is Pillow's default (75 and 80).

        Raises:
            ImportError: `encoding` needs Pillow, which is not installed.
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/_utils.py, make_grid.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        most = None if max_outputs is None else check.integer(max_outputs, "max_outputs", 1)
        images.add_image(
            self._op_writer,
            tag,
            img_tensor,
            global_step,
            walltime,
            dataformats,
            most,
            copy=copy,
            encoding=encoding,
            quality=quality,
        )

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: types.Pixels,
        box_tensor: types.Array,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
        rescale: float = 1,
        dataformats: types.Dataformats = "CHW",
        labels: Sequence[str] | str | None = None,
    ) -> None:
        """Draws boxes on an image and writes it as PNG. Needs Pillow.

        Args:
            tag: name of the series.
            img_tensor: an image as in `add_image`.
            box_tensor: [N, 4] corners xmin, ymin, xmax, ymax in pixels; N may be 0.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.
            rescale: factor of the picture's size, boxes included. The event has the new size (torch: the old one).
            dataformats: a permutation of CHW, HW or NCHW; an N makes a grid first.
            labels: text for each box, "" for none; a str for a single box. torch ignores them silently if their number
                is wrong.

        Raises:
            ImportError: Pillow is missing.
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, image_boxes.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        from tickertape.writer import boxes  # noqa: PLC0415  # a rare topic, see the top

        boxes.add_image_with_boxes(
            self._op_writer, tag, img_tensor, box_tensor, global_step, walltime, rescale, dataformats, labels
        )

    def add_figure(
        self,
        tag: str,
        figure: Figure | list[Figure],
        global_step: types.Step = None,
        close: bool = True,
        walltime: types.WallTime = None,
    ) -> None:
        """Renders matplotlib figures and writes them as PNG.

        Args:
            tag: name of the series.
            figure: a figure, or a list of figures of one size, which becomes a grid.
            global_step: int64; None is 0.
            close: close the figures afterwards; not if an argument was wrong (torch closes them).
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/_utils.py, figure_to_image.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        images.add_figure(self._op_writer, tag, figure, global_step, close, walltime)

    def add_video(
        self,
        tag: str,
        vid_tensor: types.Pixels,
        global_step: types.Step = None,
        fps: float = 4,
        walltime: types.WallTime = None,
        dataformats: types.VideoDataformats = "NTCHW",
        *,
        copy: bool = True,
    ) -> None:
        """Writes clips as one animated GIF that repeats without end.

        N clips play side by side in 2^(floor(log2 N) // 2) rows; black ones fill their number up to a power of two (torch's
        layout). torch with moviepy 2 writes an event without a picture.

        Args:
            tag: name of the series.
            vid_tensor: N clips of T frames with 1 or 3 channels. Values as in `add_image`.
            global_step: int64; None is 0.
            fps: frames a second, above 0. Browsers show 0.0015 to 50; others become these, with one warning for each tag.
            walltime: seconds since the epoch; None is now.
            dataformats: a permutation of NTCHW (tensorboardX's parameter).
            copy: False reads a read-only NumPy array, its axes in this order, in place, after the call; see
                `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or the frames exceed GIF's 65,535 pixels a side.

        Source: torch/utils/tensorboard/_utils.py, _prepare_video.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        from tickertape.writer import videos  # noqa: PLC0415  # a rare topic, see the top

        videos.add_video(self._op_writer, tag, vid_tensor, global_step, fps, walltime, dataformats, copy=copy)

    def add_audio(
        self,
        tag: str,
        snd_tensor: types.Array,
        global_step: types.Step = None,
        sample_rate: float = 44100,
        walltime: types.WallTime = None,
        *,
        copy: bool = True,
    ) -> None:
        """Writes a sound as a WAV file of 16 bits a sample.

        Floats outside [-1, 1] are clipped, with a warning unless they are on an accelerator. Then they are multiplied by
        32,767 and truncated. NaN is silence. int16 is stored as it is, of int32 the upper half; int8, and uint8 around 128,
        become the upper half. Other integers must be -1, 0 or 1.

        Args:
            tag: name of the series.
            snd_tensor: [L], after axes of length 1 are removed, as in torch; or [L, 2] for stereo, as in tensorboardX.
            global_step: int64; None is 0.
            sample_rate: samples a second, at least 1; rounded to a whole number, as Python's `wave` does for torch. Browsers
                play 3,000 to 768,000; others warn once for each tag.
            walltime: seconds since the epoch; None is now.
            copy: False reads a read-only NumPy array in place, after the call; see `add_histogram`.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py and tensorboardX/summary.py, audio.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        from tickertape.writer import audio  # noqa: PLC0415  # a rare topic, see the top

        audio.add_audio(self._op_writer, tag, snd_tensor, global_step, sample_rate, walltime, copy=copy)

    def add_text(
        self,
        tag: str,
        text_string: str | bytes,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes text, shown as Markdown.

        Args:
            tag: name of the series; in the file it ends with "/text_summary", as torch's.
            text_string: str, or bytes in UTF-8 (torch takes str only). Control characters are shown as ?, with a warning.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, text.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        texts.add_text(self._op_writer, tag, text_string, global_step, walltime)

    def add_onnx_graph(self, prototxt: Any) -> None:
        """Writes the graph of an ONNX model. Needs the package onnx.

        Nodes have their own names (torch: the names of their first outputs, some of them twice), inputs have types and
        shapes, and weights are shown as constants.

        Args:
            prototxt: path of the .onnx file, a file that is open for reading bytes, or a ModelProto.

        Raises:
            ImportError: onnx is missing.
            TypeError, ValueError: `prototxt` is no ONNX model.
            OSError: the file cannot be read.

        Source: torch/utils/tensorboard/_onnx_graph.py.
        """
        if _core.is_gated and recording.admit(self) is None:
            return
        from tickertape.writer.graphs import add as graphs  # noqa: PLC0415  # a rare topic, see the top

        graphs.add_onnx_graph(self._op_writer, prototxt)
        self._has_graph = graphs.one_more(is_another=self._has_graph)

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Writes a model's graph, with a box for each of its modules. TensorBoard shows one graph of a run.

        The model is captured in eval mode by torch.export, which runs no kernel. If that fails, it is captured by
        torch.jit.trace, which runs the model once. Afterwards every module is in the mode it was in before (torch sets
        them all to the mode of the outermost one), and so is the random number generator. Parameters may be on the meta
        device. A ScriptModule is shown without being captured.

        Args:
            model: a torch.nn.Module.
            input_to_model: an example of the arguments of forward(): a tensor, a tuple or list of arguments, or a dict.
                If the dict's keys are names of forward()'s parameters, its values are keyword arguments (torch: always
                one argument).
            verbose: print torch's own form of the graph.
            use_strict_trace: torch.jit.trace's `strict`; False allows lists and dicts as results.

        Raises:
            TypeError, ValueError: `model` is no module, or forward() does not take `input_to_model`.
            RuntimeError: the model cannot be captured; the message says why and what to do.

        Source: torch/utils/tensorboard/_pytorch_graph.py.
        """
        if _core.is_gated and recording.admit(self) is None:
            return
        from tickertape.writer.graphs import add as graphs  # noqa: PLC0415  # a rare topic, see the top

        graphs.add_graph(self._op_writer, model, input_to_model, verbose=verbose, strict=use_strict_trace)
        self._has_graph = graphs.one_more(is_another=self._has_graph)

    def add_embedding(
        self,
        mat: types.Array,
        metadata: Sequence[Any] | types.Foreign | None = None,
        label_img: types.Pixels | None = None,
        global_step: types.Step = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Writes points for the projector, during the call.

        Args:
            mat: [N, D] finite numbers, one row a point, at least 2 rows and columns: the projector shows nothing of less, and
                no NaN or infinity. It shows the first 100,000 points.
            metadata: N labels; with `metadata_header` N rows of labels, one label for each column. A blank row gets an
                invisible label: the projector would pass over it.
            label_img: [N, C, H, W] thumbnails, C is 1 or 3. Values as in `add_image` (torch makes uint8 black and white).
                They are scaled down, with a warning, if all of them side by side exceed 8,192 pixels a side.
            global_step: int64; None is 0.
            tag: name of the embedding.
            metadata_header: names of the columns, at least 2: the projector calls a single column "label".

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or their lengths differ.
            OSError: the files cannot be written.

        Source: torch/utils/tensorboard/_embedding.py. Entries of other writers stay in projector_config.pbtxt.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step)) is None:
                return
            global_step, _ = when
        from tickertape.writer import embeddings  # noqa: PLC0415  # a rare topic, see the top

        embedding = embeddings.checked(mat, metadata, label_img, global_step, tag, metadata_header)
        if self.write_to_disk:
            embeddings.write(embedding, self._get_file_writer().get_logdir())

    def add_pr_curve(
        self,
        tag: str,
        labels: types.Array,
        predictions: types.Array,
        global_step: types.Step = None,
        num_thresholds: int = 127,
        weights: types.Array | None = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes the precision-recall curve of a binary classifier.

        Args:
            tag: name of the series.
            labels: the truth, 0 or 1 (or bool), any shape. torch takes any numbers.
            predictions: probabilities in [0, 1], the shape of `labels`. Those outside by rounding (1e-6) count as 0 or 1.
                torch ignores those outside.
            global_step: int64; None is 0.
            num_thresholds: points of the curve, at least 1; more than 127 become 127, as in torch.
            weights: a number, or one for each prediction; of a sum below 10, the page cuts the curve.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, a prediction is NaN or outside [0, 1], or a label
                is neither 0 nor 1.

        Source: torch/utils/tensorboard/summary.py, compute_curve.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        from tickertape.writer import pr_curves  # noqa: PLC0415  # a rare topic, see the top

        pr_curves.add_pr_curve(
            self._op_writer, tag, labels, predictions, global_step, num_thresholds, weights, walltime
        )

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: types.Array,
        false_positive_counts: types.Array,
        true_negative_counts: types.Array,
        false_negative_counts: types.Array,
        precision: types.Array,
        recall: types.Array,
        global_step: types.Step = None,
        num_thresholds: int = 127,
        weights: types.Array | None = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes a precision-recall curve that was counted elsewhere, unchanged, in float32.

        Args:
            tag: name of the series.
            true_positive_counts: one for each threshold, [n].
            false_positive_counts: one for each threshold, [n].
            true_negative_counts: one for each threshold, [n].
            false_negative_counts: one for each threshold, [n].
            precision: one for each threshold, [n].
            recall: one for each threshold, [n].
            global_step: int64; None is 0.
            num_thresholds: the number that TensorBoard is told; more than 127 become 127, as in torch.
            weights: no effect: the counts are already weighted. It warns; torch ignores it silently.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or the rows differ in length.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        rows = {
            "true_positive_counts": true_positive_counts,
            "false_positive_counts": false_positive_counts,
            "true_negative_counts": true_negative_counts,
            "false_negative_counts": false_negative_counts,
            "precision": precision,
            "recall": recall,
        }
        from tickertape.writer import pr_curves  # noqa: PLC0415  # a rare topic, see the top

        pr_curves.add_pr_curve_raw(self._op_writer, tag, rows, global_step, num_thresholds, weights, walltime)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """add_custom_scalars of one chart with a line for each tag. It replaces the run's layout.

        Args:
            tags: tags given to add_scalar, at least one.
            category: the category's name.
            title: the chart's title.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        if _core.is_gated and recording.admit(self) is None:
            return
        from tickertape.writer import custom_scalars  # noqa: PLC0415  # a rare topic, see the top

        self._layout = custom_scalars.add_chart(
            self._op_writer, "multiline", tags, category, title, self._layout
        )

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """add_custom_scalars of one chart with a line between two bounds. It replaces the run's layout.

        Args:
            tags: three tags given to add_scalar: value, lower bound, upper bound.
            category: the category's name.
            title: the chart's title.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        if _core.is_gated and recording.admit(self) is None:
            return
        from tickertape.writer import custom_scalars  # noqa: PLC0415  # a rare topic, see the top

        self._layout = custom_scalars.add_chart(
            self._op_writer, "margin", tags, category, title, self._layout
        )

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Writes which scalars TensorBoard's custom scalars page draws together.

        TensorBoard uses the last layout of a run: to add a chart, write all of them again. close() warns of a tag in it that
        this run has no scalar for.

        Args:
            layout: name of each category to its charts; each chart is a title to `["Multiline", tags]`, or to
                `["Margin", [value, lower, upper]]`. Tags are those given to add_scalar.

        Raises:
            TypeError, ValueError: the layout is of another form (torch draws a chart of an unknown type as lines).

        Source: torch/utils/tensorboard/summary.py, custom_scalars.
        """
        if _core.is_gated and recording.admit(self) is None:
            return
        from tickertape.writer import custom_scalars  # noqa: PLC0415  # a rare topic, see the top

        self._layout = custom_scalars.add_layout(self._op_writer, layout, self._layout)

    def add_mesh(
        self,
        tag: str,
        vertices: types.Array,
        colors: types.Array | None = None,
        faces: types.Array | None = None,
        config_dict: Mapping[str, Any] | None = None,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes meshes in float32, or point clouds if there are no faces.

        Args:
            tag: name of the series.
            vertices: [B, N, 3] coordinates, finite. The page takes B, what else is given, and config_dict from the first
                step of a tag.
            colors: [B, N, 3], 0 to 255, one for each vertex.
            faces: [B, M, 3] triangles: each has three whole numbers in [0, N), the indices of its vertices; the page shows
                those of up to 65,536 vertices. torch takes other numbers too, which the page cannot draw.
            config_dict: camera, lights and material for three.js; anything that JSON can hold.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: torch/utils/tensorboard/summary.py, mesh.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        content = (vertices, colors, faces, config_dict)
        from tickertape.writer import meshes  # noqa: PLC0415  # a rare topic, see the top

        meshes.add_mesh(
            self._op_writer, self._mesh_tags, self._first_meshes, tag, content, global_step, walltime
        )

    if TYPE_CHECKING:  # native

        def flush(self, wait: bool = False) -> None:
            """Returns when everything added so far is in the files and visible to a reader. Does nothing after close().

            Args:
                wait: also wait for values that are still on a device. Otherwise the first of them in a file, and what follows
                    it there, is written later.
            """

    def close(self) -> None:
        """Writes everything that is queued and closes the files. Closing twice is fine. A later add_* opens a new file."""
        with lifecycle.opening:
            # A signal handler that logs between two of these lines opens a new file, which `_open` binds again.
            writers = self.all_writers or {}
            self.all_writers = None
            self.file_writer = None
            self._bind(None)
            for writer in writers.values():
                writer.leave_directory()
        if self._target is None:
            self._close_files(writers)
            return
        self._target.lift_limits()
        try:
            self._close_files(writers)
        finally:
            if writers:
                self._target.close()

    def _close_files(self, writers: Mapping[str, FileWriter]) -> None:
        for directory, writer in writers.items():
            self._closed_files += ((directory, writer.event_writer.path),)
            writer.close()
        if self._layout is not None and writers and self.write_to_disk:
            self._layout.warn_of_unknown_tags(path for _, path in self._closed_files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {os.fspath(self.log_dir)!r}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same writer, e.g. in a copy of a model that holds it: a directory has one writer."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle. The copy has the same directory and options; its first add_* opens a file of its own."""
        kept = {name: value for name, value in vars(self).items() if name not in _OF_THIS_PROCESS}
        return _reopened, (type(self), kept)

    # --- tensorboardX's methods

    def export_scalars_to_json(self, path: types.Path) -> None:
        """Writes this writer's scalars that have not been exported yet: `{curve: [[wall time, step, value], ...], ...}`.

        A curve is named by the directory of its run: `<log_dir>/<tag>`, or `<log_dir>/<main_tag>_<key>` for add_scalars.
        tensorboardX exports those of add_scalars only. Values are read back from the event files, so no memory is kept
        for this, and they are float32.

        Args:
            path: of the JSON file; a file that exists is written over.

        Raises:
            OSError: a file cannot be read or written.
            TypeError, ValueError: `path` is no path.

        Source: tensorboardX/writer.py.
        """
        from tickertape.writer import exports  # noqa: PLC0415  # a rare topic, see the top

        target = paths.text(path, "path")
        writers = tuple((self.all_writers or {}).values())
        for writer in writers:
            writer.flush()
        files = [(writer.get_logdir(), writer.event_writer.path) for writer in writers]
        self._exported = exports.export(
            target, (self._directory, os.fspath(self.log_dir)), [*self._closed_files, *files], self._exported
        )

    def add_openvino_graph(self, xmlname: types.Path) -> None:
        """Writes the graph of an OpenVINO model. Needs no package: the .xml file holds all of it.

        Every layer is one node with its type, shapes and settings (tensorboardX: one node for each edge, without them).

        Args:
            xmlname: path of the model's .xml file.

        Raises:
            TypeError, ValueError: `xmlname` is no OpenVINO model.
            OSError: the file cannot be read.

        Source: tensorboardX/openvino_graph.py.
        """
        if _core.is_gated and recording.admit(self) is None:
            return
        from tickertape.writer.graphs import add as graphs  # noqa: PLC0415  # a rare topic, see the top

        graphs.add_openvino_graph(self._op_writer, xmlname)
        self._has_graph = graphs.one_more(is_another=self._has_graph)

    @contextlib.contextmanager
    def use_metadata(
        self, *, global_step: types.Step = None, walltime: types.WallTime = None
    ) -> Iterator[Self]:
        """While it lasts, add_* of this writer that name no step or wall time use these, in every thread.

        May be nested: the inner one counts.

        Args:
            global_step: int64.
            walltime: seconds since the epoch.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind, or neither is given.

        Source: tensorboardX/writer.py.
        """
        values = metadata.checked(global_step, walltime)
        with self._defaults.replaced_by(values), recording.gated_block():
            yield self

    # --- methods of this package

    if TYPE_CHECKING:  # native

        def log(  # type: ignore[override]  # the native signature has a Protocol for it
            self,
            values: types.Scalars | ScalarBuffer,
            global_step: types.Step = None,
            walltime: types.WallTime = None,
        ) -> None:
            """Logs many numbers of one step in one Event: one call, one wall time, all or nothing.

            Args:
                values: dict of tag to anything that add_scalar takes, or a ScalarBuffer; nested dicts become `a/b`.
                global_step: anything int() takes; None is 0.
                walltime: seconds since the epoch; None is now.

            Raises:
                TypeError, ValueError: an argument is of the wrong kind; nothing was logged.
            """

    def write(
        self,
        tag: str,
        tensor: types.ComplexArray | types.Texts,
        metadata: Any = None,
        global_step: types.Step = None,
        walltime: types.WallTime = None,
    ) -> None:
        """Writes an array for any of TensorBoard's plugins.

        Args:
            tag: name of the series.
            tensor: as in `add_tensor`; or texts: a str, bytes, or a (nested) list or array of them. The page of plugin "text"
                shows a table of up to 2 axes, in UTF-8.
            metadata: for the plugin: a SummaryMetadata message of any protobuf package, or its bytes. A str is the
                plugin's name, with no content. None leaves metadata out.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.

        Source: tf.summary.write.
        """
        if _core.is_gated:
            if (when := recording.admit(self, global_step, walltime)) is None:
                return
            global_step, walltime = when
        tensors.write(self._op_writer, tag, tensor, metadata, global_step, walltime)

    def restart(self, step: types.Step = 0, tag: str | None = None) -> None:
        """Starts over from `step`: TensorBoard hides what was logged before at this step and later.

        Does at any time what `purge_step` does when a writer is opened, in the run's directory and in those that add_scalars
        and add_hparams have made below it, also in earlier processes. Nothing is removed from the files. TensorBoard's fast loader does not know restarts: it
        hides a tag's later steps as soon as an earlier one is logged.

        Args:
            step: the first step to hide.
            tag: hide this tag only. TensorBoard cannot do that, so everything else that the restart hides is written
                again after the restart, read from the directory's event files: they grow by that much.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
            OSError: an event file cannot be read.
        """
        from tickertape.writer import restarts  # noqa: PLC0415  # a rare topic, see the top

        restarts.restart(self._open_writers, self._new_file_writer, step, tag, is_on_disk=self.write_to_disk)

    def stats(self) -> dict[str, Any]:
        """Counters of the process, see `tickertape.stats`; also the number of open `files` of this writer and their `file_bytes`.

        Counts bytes that have been written: call flush() first to count what is queued.
        """
        from tickertape.writer import counters  # noqa: PLC0415  # a rare topic, see the top

        return counters.stats_of(
            writer.event_writer.path for writer in tuple((self.all_writers or {}).values())
        )

    def sync(self) -> None:
        """flush(), and waits until what was written is on the disk, where it survives a loss of power; with a URL, in the store.

        Raises:
            OSError: the disk or the store refused.
        """
        for writer in tuple((self.all_writers or {}).values()):
            writer.event_writer.sync()
        if self._target is not None:
            self._target.upload(raises=True)

    # --- files

    def _get_file_writer(self) -> FileWriter:
        """The FileWriter of the main file; a new one (a new file) after close(). torch's name: other packages call it."""
        open_writer = self.file_writer  # read once: another thread may close meanwhile
        if open_writer is not None and self.all_writers is not None:
            return open_writer
        with lifecycle.opening:
            if self.file_writer is None or self.all_writers is None:
                if self._target is None or not self.write_to_disk or os.getpid() != self._process_id:
                    self._open_main_file()
                else:
                    self._directory = self._target.open()
                    with self._target.closed_after_error():
                        self._open_main_file()
            return cast("FileWriter", self.file_writer)

    def _open_main_file(self) -> None:
        purge_step, self.purge_step = self.purge_step, None
        file_writer = self._new_file_writer(self._directory, purge_step)
        self.all_writers = {file_writer.get_logdir(): file_writer}
        self.file_writer = file_writer
        self._bind(file_writer.op_writer)
        if purge_step is not None and self.write_to_disk:
            from tickertape.writer import restarts  # noqa: PLC0415  # a rare topic, see the top

            restarts.purge_earlier_runs(self._directory, purge_step, self._new_file_writer)

    def _new_file_writer(self, directory: str, purge_step: int | None = None) -> FileWriter:
        """A FileWriter with the options of this writer; with write_to_disk=False one that writes nothing."""
        if os.getpid() != self._process_id:  # forked: files that were open go there by themselves
            directory = _core.fork_directory(directory)
        writer = FileWriter(
            directory,
            self.max_queue,
            self.flush_secs,
            self.filename_suffix,
            purge_step=purge_step,
            is_patient=self._is_patient,
            write_to_disk=self.write_to_disk,
            **self._policies,
        )
        if self._target is not None:
            self._target.add_writer(writer.event_writer)
        return writer

    def _op_writer(self) -> EventWriter:
        """Takes the ops of the main file. Called after the arguments are checked, so that a bad one opens no file.

        If another thread closes the file meanwhile, the op goes into a new one.
        """
        return Reopening(self._main_op_writer)  # type: ignore[return-value]  # has its methods

    def _main_op_writer(self) -> Any:
        return self._get_file_writer().op_writer

    def _curves_of(self, main_tag: str) -> tuple[str, str]:
        """(what is before a key in the directory of its run below log_dir, the curves' tag), for add_scalars."""
        return main_tag.replace("/", "_") + "_", main_tag

    def _sub_writers(self, prefix: str, names: Iterable[str]) -> list[FileWriter]:
        """The FileWriters of the runs `<log_dir>/<prefix><name>`, which stay in `all_writers` until close()."""
        with lifecycle.opening:
            self._get_file_writer()
            while (writers := self.all_writers) is None:  # a signal handler may close
                self._get_file_writer()
            found = []
            for name in names:
                path = f"{self._directory}/{windows_names.allowed(prefix + name)}"
                if path not in writers:
                    writers[path] = self._new_file_writer(path)
                found.append(writers[path])
            return found

    def _open_writers(self) -> tuple[FileWriter, ...]:
        """The FileWriters of all files; opens the main one if need be."""
        self._get_file_writer()
        return tuple((self.all_writers or {}).values())

    def _open(self) -> None:
        """Called by the native add_scalar while no file is bound."""
        with lifecycle.opening:  # otherwise another thread could close the file before it is bound
            self._bind(self._get_file_writer().op_writer)

    def _flush(self, wait: bool = False) -> None:
        """Called by the native flush() if something is queued."""
        for writer in tuple((self.all_writers or {}).values()):  # another thread may open one meanwhile
            writer.flush(wait)
        if wait and self._target is not None:
            self._target.upload(raises=self._policies["on_error"] == "raise")


for _name, _method in list(vars(SummaryWriter).items()):
    if (_name.startswith("add_") and _name != "add_histogram") or _name in ("__init__", "write", "restart"):
        setattr(SummaryWriter, _name, keywords.explained(_method))

_core.put_fast_methods(SummaryWriter)

# Attributes that stay here when a writer is pickled.
_OF_THIS_PROCESS = frozenset(
    ("file_writer", "all_writers", "purge_step", "_closed_files", "_exported", "_defaults", "_process_id")
)


def _reopened(cls: type[SummaryWriter], kept: dict[str, Any]) -> SummaryWriter:
    """A pickled writer in another process: as after close()."""
    writer = cls.__new__(cls)
    _core.SummaryWriterBase.__init__(writer)
    vars(writer).update(kept)
    write_to_disk, ranks = writer._chosen  # noqa: SLF001  # this module's class
    writer.write_to_disk = write_to_disk and rank.writes(ranks)
    writer.file_writer = writer.all_writers = writer.purge_step = None
    writer._closed_files = ()  # noqa: SLF001  # this module's class
    writer._defaults = metadata.Defaults()  # noqa: SLF001  # as above
    writer._process_id = os.getpid()  # noqa: SLF001  # as above
    return writer


def _default_log_dir(comment: str) -> str:
    """Torch's `runs/<date>_<host><comment>`.

    Raises:
        ValueError: `comment` leads out of `runs`.
    """
    windows_names.refuse(f"x{comment}", "comment")
    if not paths.stays_inside(f"x{comment}"):
        raise UnsupportedValue(f"comment: expected the end of a name inside runs, got {comment!r}")
    import socket  # noqa: PLC0415  # takes longer to import than all of this package

    return f"runs/{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}"
