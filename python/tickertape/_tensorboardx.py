"""What tensorboardX's modules hand out while installed: our writer behind tensorboardX's constructor."""

from __future__ import annotations

from typing import Any

from tickertape import writer


class SummaryWriter(writer.SummaryWriter):
    """SummaryWriter with tensorboardX's parameters.

    Args:
        logdir: directory of the run.
        comment, purge_step, max_queue, flush_secs, filename_suffix: as in `tickertape.SummaryWriter`.
        write_to_disk: False writes nothing.
        log_dir: the same as `logdir`; wins where both are given.
        comet_config: no effect: Comet is told nothing.
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
        **kwargs: Any,  # noqa: ARG002  # likewise
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

    @property
    def logdir(self) -> Any:
        """What tensorboardX calls `log_dir`."""
        return self.log_dir


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
