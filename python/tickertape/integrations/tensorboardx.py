"""The classes that tensorboardX's modules have after install(): our writers as code for tensorboardX knows them.

Parameters have tensorboardX's order. Where tensorboardX writes something else than torch, so do they, unless it would lose
something; docs/migration.md lists both.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from tickertape import writer
from tickertape._core import UnsupportedValue
from tickertape.convert import paths
from tickertape.writer import meshes, tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tickertape.convert import types

_Method = TypeVar("_Method", bound="Callable[..., None]")


def _taking_its_tag(method: _Method) -> _Method:
    """A method of our SummaryWriter that cleans its tag if `clean_tags` is set, as tensorboardX's method of this name does."""
    name = method.__name__

    @functools.wraps(method)
    def call(self: SummaryWriter, tag: str, *arguments: Any, **options: Any) -> None:
        # Looked up at each call: other packages patch our class.
        getattr(super(SummaryWriter, self), name)(self._tag(tag), *arguments, **options)

    return cast("_Method", call)


def _number(value: Any) -> Any:
    """What is in a list of one element, however deep: tensorboardX takes it as a scalar."""
    while type(value) is list and len(value) == 1:
        value = value[0]
    return value


def _numbers(values: Any) -> Any:
    """A dict with the numbers in its lists. Anything else is the same, for the method's own check."""
    return {key: _number(value) for key, value in values.items()} if type(values) is dict else values


class SummaryWriter(writer.SummaryWriter):
    """SummaryWriter with tensorboardX's parameters, curves' directories, mesh tags and scalars in lists.

    Attributes:
        clean_tags: whether tags are changed as in tensorboardX (`add_scalar`, `add_scalars`, `add_histogram`, `add_image`,
            `add_images`, `add_video`): other characters than letters, digits and `_-/.` become "_", "/" at the start is
            removed. `install(clean_tags=True)` sets it; it may also be set on one writer.

    Args:
        logdir: directory of the run.
        comment, purge_step, max_queue, flush_secs, filename_suffix: as in `tickertape.SummaryWriter`.
        write_to_disk: False writes nothing.
        log_dir: the same as `logdir`, which is preferred if both are given.
        comet_config: no effect; nothing is sent to Comet.
        kwargs: no effect, as in tensorboardX.

    Source: tensorboardX/writer.py and summary.py.
    """

    clean_tags: bool = False
    _mesh_tags: ClassVar[Mapping[str, str]] = {
        kind: f"_{number}" for kind, number in meshes.CONTENT_TYPES.items()
    }

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
            log_dir if logdir is None else logdir,
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
        super().add_scalar(self._tag(tag), _number(scalar_value), global_step, walltime, **options, **names)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, walltime: Any = None
    ) -> None:
        """add_scalars of `tickertape.SummaryWriter`, but the runs are `<log_dir>/<main_tag>/<key>`."""
        super().add_scalars(main_tag, _numbers(tag_scalar_dict), global_step, walltime)

    add_histogram = _taking_its_tag(writer.SummaryWriter.add_histogram)
    add_image = _taking_its_tag(writer.SummaryWriter.add_image)
    add_images = _taking_its_tag(writer.SummaryWriter.add_images)
    add_video = _taking_its_tag(writer.SummaryWriter.add_video)

    def add_onnx_graph(self, onnx_model_file: Any) -> None:
        """add_onnx_graph of `tickertape.SummaryWriter` under tensorboardX's name for the path."""
        super().add_onnx_graph(onnx_model_file)

    def _tag(self, tag: Any) -> Any:
        return tags.cleaned(tag) if self.clean_tags and isinstance(tag, str) else tag

    def _curves_of(self, main_tag: str) -> tuple[str, str]:
        if not paths.stays_inside(main_tag):
            raise UnsupportedValue(
                f"main_tag: expected a directory inside log_dir (as in tensorboardX), got {main_tag!r}"
            )
        prefix = main_tag if main_tag.endswith("/") or not main_tag else f"{main_tag}/"
        return prefix, self._tag(main_tag)

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
        metrics = _numbers(metric_dict)
        super().add_hparams(hparam_dict, metrics, global_step=global_step, name=name, **options)

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
