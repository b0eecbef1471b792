"""ray_dataset(): log directories as a data set of Ray Data, a task for each bundle of runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tickertape.convert import check
from tickertape.reader.bundling import Bundle, bundles
from tickertape.reader.selection import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator


def ray_dataset(logdir: Any, *, kind: str = "scalars", concurrency: int | None = None, **filters: Any) -> Any:
    """The table of one kind as a `ray.data.Dataset`, with the columns that `tickertape.read` has for it.

    Each task scans one bundle of runs and applies the filters while it does; see `bundles`. The order of the rows is that of
    the tasks.

    Args:
        logdir: directories and files, which every node can open by the same path.
        kind: "scalars", "histograms", ...: the table.
        concurrency: how many tasks may run at a time; None leaves it to Ray.
        filters: `runs`, `tags`, `steps`, `restarts` and `bundle_bytes`, as `bundles` has them.

    Raises:
        ModuleNotFoundError: Ray or pyarrow is not installed.
        FileNotFoundError, TypeError, ValueError: as `bundles`.
    """
    check.one_of(kind, "kind", KINDS)
    try:
        from ray import data  # noqa: PLC0415  # only whoever asks needs it
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "ray_dataset: expected Ray to be installed; pip install 'ray[data]'"
        ) from error
    parts = bundles(logdir, kinds=kind, **filters)
    return data.read_datasource(_source(data, parts, kind), concurrency=concurrency)


def _source(data: Any, parts: list[Bundle], kind: str) -> Any:
    from ray.data.block import BlockMetadata  # noqa: PLC0415

    class EventFiles(data.Datasource):  # type: ignore[misc]
        """Ray's view of the bundles."""

        def get_name(self) -> str:
            return "EventFiles"

        def estimate_inmemory_data_size(self) -> int:
            return sum(part.bytes for part in parts)

        def get_read_tasks(self, _parallelism: int, *_: Any, **__: Any) -> list[Any]:
            return [
                data.ReadTask(
                    partial(_tables, part, kind),
                    BlockMetadata(
                        num_rows=None,
                        size_bytes=part.bytes,
                        input_files=tuple(file.path for file in part.files),
                        exec_stats=None,
                    ),
                )
                for part in parts
            ]

    return EventFiles()


def _tables(bundle: Bundle, kind: str) -> Iterator[Any]:
    yield getattr(bundle.read(), kind).to_arrow()
