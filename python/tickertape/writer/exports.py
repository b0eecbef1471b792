"""SummaryWriter.export_scalars_to_json: the scalars of a run, read back from its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def export(
    target: str | bytes,
    log_dir: tuple[str, str],
    files: Iterable[tuple[str, str]],
    exported: Mapping[tuple[str, str], int],
) -> dict[tuple[str, str], int]:
    """Writes the points that were not exported before.

    Args:
        target: path of the JSON file.
        log_dir: directory of the run, and how its curves name it.
        files: (directory, event file) of each; "" for the file of a writer that writes nothing.
        exported: event file and tag to the number of points that were exported.

    Returns:
        The new `exported`.

    Raises:
        OSError: a file cannot be read or written.
    """
    import json  # noqa: PLC0415  # few export

    main, given = log_dir
    counts = {}
    curves: dict[str, list[list[float]]] = {}
    for directory, path in files:
        if not path:
            continue
        (index,) = _core.scan_files([path], kinds=["scalars"])
        if index.error is not None:
            raise index.error
        for series in index.series:
            counts[path, series.tag] = len(series)
            columns = (series.wall_time.tolist(), series.step.tolist(), series.value.tolist())
            fresh = list(map(list, zip(*columns, strict=True)))[exported.get((path, series.tag), 0) :]
            if fresh:
                curve = f"{given}/{series.tag}" if directory == main else given + directory.removeprefix(main)
                curves.setdefault(curve, []).extend(fresh)
    with open(target, "w", encoding="utf-8") as file:  # noqa: PTH123  # any path, bytes too
        json.dump(curves, file)
    return counts
