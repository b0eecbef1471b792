"""SummaryWriter.add_scalars: several curves in one chart, each in a directory of its own. add_scalar is native."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tickertape.convert import check, deferred, scalars
from tickertape.devices import hooks
from tickertape.writer import lifecycle
from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    from tickertape.writer.file_writer import FileWriter


class ScalarMethods(WriterPart):
    """Scalars that are not one native call."""

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Writes several scalars of one step that TensorBoard draws in one chart.

        Each key is a run of its own at `<log_dir>/<main_tag with "/" as "_">_<key>`, in which the tag is `main_tag`
        (torch's layout). All values are checked before the first is written.

        Args:
            main_tag: tag of all curves.
            tag_scalar_dict: name of each curve to its value, of the types that add_scalar takes.
            global_step: int64; None is 0.
            walltime: seconds since the epoch; None is now, the same for all curves.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind; a key would leave log_dir (torch follows it).
            OSError: a curve's directory cannot be made.

        Source: torch/utils/tensorboard/writer.py, add_scalars.
        """
        main_tag = check.string(main_tag, "main_tag")
        step = check.step(global_step)
        seconds = check.walltime(walltime)
        seconds = time.time() if seconds is None else seconds
        if not isinstance(tag_scalar_dict, Mapping):
            raise TypeError(f"tag_scalar_dict: expected a dict, got {check.type_name(tag_scalar_dict)}")
        values = _values({_run_name(key): value for key, value in tag_scalar_dict.items()})
        prefix = f"{self._get_file_writer().get_logdir()}/{main_tag.replace('/', '_')}_"
        writers = self._sub_writers([prefix + name for name in values])
        for writer, value in zip(writers, values.values(), strict=True):
            writer.op_writer.add_scalar(main_tag, value, step, seconds)

    def _sub_writers(self, directories: list[str]) -> list[FileWriter]:
        """The writers of the curves, kept in `all_writers` until close()."""
        with lifecycle.opening:
            self._get_file_writer()
            writers = self.all_writers
            if writers is None:  # close() runs under the same lock
                raise RuntimeError("the writer was closed while it was being opened")
            for directory in directories:
                if directory not in writers:
                    writers[directory] = self._new_file_writer(directory)
            return [writers[directory] for directory in directories]


def _values(by_name: dict[str, Any]) -> dict[str, Any]:
    """The values as add_scalar takes them; those on accelerators together, in one copy for each device."""
    # Floats, which nearly all are, are asked nothing: 100 of them took 197 us, 37 since (with what _run_name keeps).
    if all(type(value) is float for value in by_name.values()):
        return by_name
    values = {name: value for name, value in by_name.items() if deferred.device_of(value) is None}
    elsewhere = {name: value for name, value in by_name.items() if name not in values}
    for name, value in values.items():
        values[name] = scalars.as_scalar(value, f"tag_scalar_dict[{name!r}]")
    if not elsewhere:
        return values
    arguments = [f"tag_scalar_dict[{name!r}]" for name in elsewhere]
    late = hooks.many(list(elsewhere.values()), arguments)
    for (name, value), argument, scalar in zip(elsewhere.items(), arguments, late, strict=True):
        values[name] = scalars.as_scalar(value, argument) if scalar is None else scalar
    return {name: values[name] for name in by_name}


@lru_cache(maxsize=4096)  # a training loop has the same few keys at every step
def _run_name(key: Any) -> str:
    """A key of tag_scalar_dict as part of a directory's name.

    Raises:
        TypeError: it is no str.
        ValueError: with it the directory would lie outside log_dir.
    """
    name = check.string(key, "tag_scalar_dict (a key)")
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise ValueError(f"tag_scalar_dict: expected keys that stay inside log_dir, got {name!r}")
    return name
