"""The classes that tensorboardX's modules have after install(): our writers with tensorboardX's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape import writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tickertape.convert import types


class SummaryWriter(writer.SummaryWriter):
    """SummaryWriter with tensorboardX's parameters.

    Args:
        logdir: directory of the run.
        comment, purge_step, max_queue, flush_secs, filename_suffix: as in `tickertape.SummaryWriter`.
        write_to_disk: False writes nothing.
        log_dir: the same as `logdir`, and preferred if both are given.
        comet_config: no effect; nothing is sent to Comet.
        kwargs: no effect, as in tensorboardX.

    Source: tensorboardX/writer.py.
    """

    def __init__(
        self,
        logdir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: Any = 10,
        flush_secs: Any = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        log_dir: Any = None,
        comet_config: Any = None,  # noqa: ARG002  # tensorboardX's
        **kwargs: Any,  # noqa: ARG002  # as above
    ) -> None:
        options: dict[str, Any] = {} if write_to_disk else {"write_to_disk": False}
        super().__init__(
            logdir if log_dir is None else log_dir,
            comment or "",
            purge_step,
            max_queue,
            flush_secs,
            filename_suffix or "",
            **options,
        )

    def add_scalar(  # type: ignore[override]  # in that order display_name comes fifth
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        display_name: str = "",
        summary_description: str = "",
        **options: Any,
    ) -> None:
        """add_scalar of `tickertape.SummaryWriter` in tensorboardX's order; `options` are torch's."""
        names: dict[str, Any] = {
            "display_name": display_name or "",
            "summary_description": summary_description or "",
        }
        super().add_scalar(tag, scalar_value, global_step, walltime, **options, **names)

    def add_onnx_graph(self, onnx_model_file: Any) -> None:
        """add_onnx_graph of `tickertape.SummaryWriter` under tensorboardX's name for the path."""
        super().add_onnx_graph(onnx_model_file)

    @property
    def logdir(self) -> Any:
        """`log_dir` under tensorboardX's name."""
        return self.log_dir

    def add_hparams(  # type: ignore[override]  # tensorboardX's order
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        name: str | None = None,
        global_step: Any = None,
        **options: Any,
    ) -> None:
        """SummaryWriter.add_hparams; `name` is its `run_name`, `options` are its other parameters."""
        super().add_hparams(hparam_dict, metric_dict, global_step=global_step, name=name, **options)

    def add_image_with_boxes(  # type: ignore[override]  # tensorboardX's order
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: types.Dataformats = "CHW",
        labels: Any = None,
        **kwargs: Any,
    ) -> None:
        """SummaryWriter.add_image_with_boxes; `kwargs` may hold `rescale`."""
        super().add_image_with_boxes(
            tag,
            img_tensor,
            box_tensor,
            global_step,
            walltime,
            dataformats=dataformats,
            labels=labels,
            **kwargs,
        )


class FileWriter(writer.FileWriter):
    """FileWriter with tensorboardX's parameters.

    Args:
        logdir: directory of the event file.
        max_queue, flush_secs, filename_suffix: as in `tickertape.FileWriter`.
    """

    def __init__(
        self, logdir: Any, max_queue: Any = 10, flush_secs: Any = 120, filename_suffix: str = ""
    ) -> None:
        super().__init__(logdir, max_queue, flush_secs, filename_suffix)
