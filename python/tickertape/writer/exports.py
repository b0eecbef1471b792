"""SummaryWriter.export_scalars_to_json: the scalars of a run read back from its own files. Cold."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExportMethods(WriterPart):
    """Scalars for other programs."""

    # Points that were exported, by event file and tag. Replaced, never changed: this one is every writer's.
    _exported: Mapping[tuple[str, str], int] = MappingProxyType({})

    def export_scalars_to_json(self, path: Any) -> None:
        """Writes this writer's scalars that have not been exported yet: `{curve: [[wall time, step, value], ...], ...}`.

        A curve is the tag behind the directory of its run, `<log_dir>/loss` or `<log_dir>/<main_tag>_<key>`; those of
        add_scalar are there too, other than in tensorboardX. Values are read back from the event files, so nothing is
        kept in memory for this, and they are float32.

        Args:
            path: of the JSON file; one that is there is written over.

        Raises:
            OSError: a file cannot be read or written.
            TypeError: `path` is no path.

        Source: tensorboardX/writer.py.
        """
        import json  # noqa: PLC0415  # few export

        target = os.fspath(path)
        writers = tuple((self.all_writers or {}).values())
        for writer in writers:
            writer.flush()
        files = [
            *self._closed_files,
            *((writer.get_logdir(), writer.event_writer.path) for writer in writers),
        ]
        main = os.fspath(self.log_dir)
        counts = {}
        curves: dict[str, list[list[float]]] = {}
        for directory, file_path in files:
            if not file_path:  # write_to_disk=False
                continue
            for tag, (steps, times, values) in _core.read_scalars(file_path).items():
                counts[file_path, tag] = len(steps)
                points = zip(times.tolist(), steps.tolist(), values.tolist(), strict=True)
                fresh = list(map(list, points))[self._exported.get((file_path, tag), 0) :]
                if fresh:
                    curve = f"{directory}/{tag}" if directory == main else directory
                    curves.setdefault(curve, []).extend(fresh)
        with open(target, "w", encoding="utf-8") as file:  # noqa: PTH123  # any path, bytes too
            json.dump(curves, file)
        self._exported = counts
