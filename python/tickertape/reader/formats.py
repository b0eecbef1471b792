"""The files of an export: Parquet and Arrow by pyarrow or polars, CSV and JSON lines by ourselves."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import math
import os
from importlib import import_module
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tickertape.convert import file_lock
from tickertape.reader.scalar_table import ScalarTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tickertape.reader.table import Table

FORMATS = ("parquet", "arrow", "csv", "jsonl")
_ROWS_AT_ONCE = 100_000  # some 10 MB of text


def check(form: object) -> None:
    """Raises ValueError for an unknown format, and ModuleNotFoundError if what writes it is not installed."""
    if form not in FORMATS:
        raise ValueError(f"format: expected one of {', '.join(map(repr, FORMATS))}, got {form!r}")
    if form in ("parquet", "arrow"):
        _writer(str(form))


def chosen(form: str | None, directory: Path) -> str:
    """The format of an export: the one that was asked for, or that the directory's name ends in, otherwise Parquet.

    Raises:
        ValueError: the format is unknown, or the directory's name ends in another one.
        ModuleNotFoundError: what writes it is not installed.
    """
    ending = directory.suffix.removeprefix(".").lower()
    named = ending if ending in FORMATS else None
    form = form if form is not None else named or FORMATS[0]
    check(form)
    if named not in (None, form):
        raise ValueError(
            f"format: expected {named!r}, in which the name {directory.name!r} ends, got {form!r}"
        )
    return form


def write(table: Table, path: Path, form: str) -> None:
    """Writes a file; sync() is for the caller."""
    with path.open("wb") as file:
        if form == "csv":
            _write_csv(table, file)
        elif form == "jsonl":
            _write_jsonl(table, file)
        else:
            name, module = _writer(form)
            (_write_by_pyarrow if name == "pyarrow" else _write_by_polars)(module, table, file, form)


def replace(path: Path, content: bytes) -> None:
    """Gives a file a new content: the old one or the new one is there, at any moment."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    sync(new)
    new.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Writes a file, or the names in a directory, to the disk."""
    # Windows cannot open a directory, and syncs a file only if it was opened for writing.
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Waits for other exports to the same directory. The lock ends with the process, however that ends."""
    with path.open("ab") as file:
        file_lock.lock(file.fileno())
        yield


def _writer(form: str) -> tuple[str, Any]:
    for name, module in (
        ("pyarrow", "pyarrow.parquet" if form == "parquet" else "pyarrow.ipc"),
        ("polars", "polars"),
    ):
        try:
            return name, import_module(module)
        except ModuleNotFoundError:  # noqa: PERF203  # two rounds
            continue
    raise ModuleNotFoundError(
        f"format: {form!r} needs pyarrow or polars; pip install pyarrow, or choose 'csv' or 'jsonl'"
    )


def _write_by_pyarrow(module: Any, table: Table, file: IO[bytes], form: str) -> None:
    arrow = table.to_arrow().drop_columns(["run"])
    if form == "parquet":
        module.write_table(arrow, file)
    else:
        arrow = arrow.unify_dictionaries()
        with module.new_file(file, arrow.schema) as target:
            target.write_table(arrow)


def _write_by_polars(module: Any, table: Table, file: IO[bytes], form: str) -> None:
    frame = module.DataFrame(table).drop("run")
    if form == "parquet":
        frame.write_parquet(file)
    else:
        frame.write_ipc(file)


def _blocks(table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """The rows without the run, some at a time."""
    rows: Iterator[tuple[Any, ...]]
    if isinstance(table, ScalarTable):
        rows = (row[1:] for row in table)
    else:
        rows = zip(*(column for name, column in table.to_dict().items() if name != "run"), strict=True)
    while True:
        block = list(islice(rows, _ROWS_AT_ONCE))
        if not block:
            return
        yield block


def _write_csv(table: Table, file: IO[bytes]) -> None:
    """Lists are JSON; bytes are base64."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns[1:])
    is_plain = isinstance(table, ScalarTable)
    for block in _blocks(table):
        writer.writerows(block if is_plain else [map(_cell, row) for row in block])
        file.write(text.getvalue().encode("utf-8", "replace"))
        text.seek(0)
        text.truncate()


def _write_jsonl(table: Table, file: IO[bytes]) -> None:
    """JSON has no NaN and no infinity: they are the texts "NaN", "Infinity" and "-Infinity", as in protobuf's JSON."""
    names = [json.dumps(name) for name in table.columns[1:]]
    for block in _blocks(table):
        lines = (
            ", ".join(f"{name}: {_json(value)}" for name, value in zip(names, row, strict=True))
            for row in block
        )
        file.write("".join(f"{{{line}}}\n" for line in lines).encode())


def _cell(value: Any) -> Any:
    """A value in a CSV file."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return _json(value) if isinstance(value, list | np.ndarray) else value


def _json(value: Any) -> str:
    """A value in JSON lines."""
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bytes):
        return f'"{base64.b64encode(value).decode()}"'
    if isinstance(value, np.ndarray | np.generic):
        return _json(value.tolist())
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    return json.dumps(value)


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return '"NaN"' if math.isnan(value) else f'"{"-" if value < 0 else ""}Infinity"'
