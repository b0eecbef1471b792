"""The wide form of scalars as one file."""

from __future__ import annotations

import csv
import json
import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tickertape.cli import records

if TYPE_CHECKING:
    from pathlib import Path

    from tickertape.reader.frame import Frame


def write(frame: Frame, out: Path, form: str) -> int:
    """Writes `out/wide.<form>`; a cell without a value is empty. Returns the number of rows."""
    with records.new_directory(out) as folder:
        _write(frame, folder / f"wide.{form}", form)
    return len(frame)


def _write(frame: Frame, path: Path, form: str) -> None:
    if form == "csv":
        _csv(frame, path)
    elif form == "jsonl":
        _jsonl(frame, path)
    elif _is_there("pyarrow"):
        table = frame.to_arrow()
        if form == "parquet":
            import_module("pyarrow.parquet").write_table(table, path)
        else:
            ipc = import_module("pyarrow.ipc")
            with ipc.new_file(str(path), table.schema) as target:
                target.write_table(table)
    elif form == "parquet":
        frame.to_polars().write_parquet(path)
    else:
        frame.to_polars().write_ipc(path)


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ModuleNotFoundError:
        return False
    return True


def _rows(frame: Frame) -> Any:
    return zip(*(frame.column(name).tolist() for name in frame.columns), strict=True)


def _csv(frame: Frame, path: Path) -> None:
    with path.open("x", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(frame.columns)
        writer.writerows(["" if cell != cell else cell for cell in row] for row in _rows(frame))  # noqa: PLR0124  # NaN


def _jsonl(frame: Frame, path: Path) -> None:
    """A cell that is NaN is left out: a tag may have had no value there."""
    with path.open("x", encoding="utf-8") as file:
        for row in _rows(frame):
            cells = {
                name: cell if not isinstance(cell, float) or math.isfinite(cell) else _infinity(cell)
                for name, cell in zip(frame.columns, row, strict=True)
                if cell == cell  # noqa: PLR0124  # NaN
            }
            file.write(json.dumps(cells) + "\n")


def _infinity(value: float) -> str:
    return "Infinity" if value > 0 else "-Infinity"
