"""What one reader does with a log directory, in a process that does nothing else: run as a script by reading_large.py.

Prints, as JSON, the nanoseconds of each round, the memory once everything is imported and at its peak, and the answer, which
must be the same for every reader of a task.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ALL = {"scalars": 0, "images": 0}
_DECODED = 10  # images


def _totals(columns: Iterable[tuple[Any, Any]]) -> list[float]:
    """Rows, the sum of their steps and of their values; sums of integers below 2^53 are exact in any order."""
    found = [0.0, 0.0, 0.0]
    for step, value in columns:
        found[0] += len(step)
        found[1] += float(step.sum())
        found[2] += float(value.sum())
    return found


def runs_ours(directory: str) -> list[float]:
    """Every scalar of every run into columns."""
    tickertape = import_module("tickertape")
    runs = tickertape.read(directory)
    return [len(runs), *_totals([(runs.scalars.column("step"), runs.scalars.column("value"))])]


def runs_tbparse(directory: str) -> list[float]:
    """The same by tbparse."""
    frame = import_module("tbparse").SummaryReader(directory, extra_columns={"dir_name"}).scalars
    return [frame["dir_name"].nunique(), *_totals([(frame["step"], frame["value"])])]


def runs_accumulator(directory: str) -> list[float]:
    """The same by TensorBoard's EventAccumulator, one for each run."""
    import numpy as np  # noqa: PLC0415  # not before the memory is read

    module = import_module("tensorboard.backend.event_processing.event_accumulator")
    folders = sorted(path for path in Path(directory).iterdir() if path.is_dir())
    columns = []
    for folder in folders:
        accumulator = module.EventAccumulator(str(folder), _ALL).Reload()
        for tag in accumulator.Tags()["scalars"]:
            events = accumulator.Scalars(tag)
            columns.append(
                (np.array([event.step for event in events]), np.array([event.value for event in events]))
            )
    return [len(folders), *_totals(columns)]


def images_ours(directory: str) -> list[float]:
    """Lists the images and decodes ten of them."""
    table = import_module("tickertape").read(directory).images
    chosen = range(0, len(table), len(table) // _DECODED)[:_DECODED]
    return [len(table), sum(float(table[number].array.sum()) for number in chosen)]


def images_accumulator(directory: str) -> list[float]:
    """The same by EventAccumulator and Pillow."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    module = import_module("tensorboard.backend.event_processing.event_accumulator")
    accumulator = module.EventAccumulator(directory, _ALL).Reload()
    events = accumulator.Images("image")
    chosen = range(0, len(events), len(events) // _DECODED)[:_DECODED]
    pixels = [
        np.asarray(Image.open(io.BytesIO(events[number].encoded_image_string))).sum() for number in chosen
    ]
    return [len(events), sum(map(float, pixels))]


def _read_events(events: Iterable[Any]) -> list[float]:
    """Reads every field of an event with one scalar."""
    rows, steps, values, letters = 0, 0, 0.0, 0
    for event in events:
        moment, step = event.wall_time, event.step
        for value in event.summary.value:
            rows += 1
            steps += step
            values += value.simple_value
            letters += len(value.tag) + (moment < 0)
    return [rows, steps, values, letters]


def events_ours(directory: str) -> list[float]:
    """Reads each event of the file, and every field of it."""
    (path,) = Path(directory).iterdir()
    return _read_events(import_module("tickertape").summary_iterator(path))


def events_tensorflow(directory: str) -> list[float]:
    """The same by TensorFlow."""
    (path,) = Path(directory).iterdir()
    return _read_events(import_module("tensorflow").compat.v1.train.summary_iterator(str(path)))


def events_tensorboard(directory: str) -> list[float]:
    """The same by TensorBoard's loader."""
    (path,) = Path(directory).iterdir()
    module = import_module("tensorboard.backend.event_processing.event_file_loader")
    return _read_events(module.LegacyEventFileLoader(str(path)).Load())


def export_ours(directory: str) -> list[float]:
    """Reads the directory and writes Parquet."""
    with tempfile.TemporaryDirectory() as out:
        import_module("tickertape").read(directory).export(f"{out}/data", format="parquet")
        return _of_parquet(Path(out))


def export_tbparse(directory: str) -> list[float]:
    """The same by tbparse and pandas."""
    with tempfile.TemporaryDirectory() as out:
        frame = (
            import_module("tbparse").SummaryReader(directory, extra_columns={"dir_name", "wall_time"}).scalars
        )
        frame.to_parquet(f"{out}/data.parquet")
        return _of_parquet(Path(out))


def _of_parquet(folder: Path) -> list[float]:
    """The sums of every file, outside of the time."""
    stopped = perf_counter_ns()
    parquet = import_module("pyarrow.parquet")
    tables = [
        parquet.read_table(path, columns=["step", "value"], partitioning=None)
        for path in folder.rglob("*.parquet")
    ]
    found = _totals((table["step"].to_numpy(), table["value"].to_numpy()) for table in tables)
    _not_timed.append(perf_counter_ns() - stopped)
    return found


def polars_ours(directory: str) -> list[float]:
    """Hands the columns that were read to polars; only that is timed, and counts as memory."""
    start = perf_counter_ns()
    table = import_module("tickertape").read(directory).scalars
    rows = len(table)
    _reset_peak()
    _imported[0] = _peak_bytes()
    _not_timed.append(perf_counter_ns() - start)
    frame = import_module("polars").DataFrame(table)
    start = perf_counter_ns()
    _peaks.append(_peak_bytes())
    found = [float(frame["step"].sum()), float(frame["value"].sum())]
    _not_timed.append(perf_counter_ns() - start)
    return [rows, *found]


TASKS: dict[str, dict[str, tuple[Callable[[str], list[float]], tuple[str, ...]]]] = {
    "runs": {
        "tickertape": (runs_ours, ("tickertape.reader.runs",)),
        "tbparse": (runs_tbparse, ("tbparse", "pandas")),
        "EventAccumulator": (
            runs_accumulator,
            ("numpy", "tensorboard.backend.event_processing.event_accumulator"),
        ),
    },
    "images": {
        "tickertape": (images_ours, ("tickertape.reader.runs", "PIL.Image")),
        "EventAccumulator": (
            images_accumulator,
            ("PIL.Image", "numpy", "tensorboard.backend.event_processing.event_accumulator"),
        ),
    },
    "events": {
        "tickertape": (events_ours, ("tickertape.reader.events",)),
        "TensorFlow": (events_tensorflow, ("tensorflow",)),
        "tensorboard's loader": (
            events_tensorboard,
            ("tensorboard.backend.event_processing.event_file_loader",),
        ),
    },
    "polars": {"tickertape": (polars_ours, ("tickertape.reader.runs", "polars"))},
    "export": {
        "tickertape": (export_ours, ("tickertape.reader.runs", "pyarrow.parquet")),
        "tbparse + pandas": (export_tbparse, ("tbparse", "pandas", "pyarrow.parquet")),
    },
}
"""Task to reader to (what it does, what is imported before the time begins)."""

_not_timed: list[int] = []
_imported = [0]
_peaks: list[int] = []


def _peak_bytes() -> int:
    try:
        return int(Path("/proc/self/status").read_text("ascii").split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        return 0


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")


def main() -> None:
    """Arguments: task, reader, directory, rounds."""
    work, modules = TASKS[sys.argv[1]][sys.argv[2]]
    for module in modules:
        import_module(module)
    _reset_peak()
    _imported[0] = _peak_bytes()
    rounds = []
    answer: list[float] = []
    for _ in range(int(sys.argv[4])):
        _not_timed.clear()
        start = perf_counter_ns()
        answer = work(sys.argv[3])
        rounds.append(perf_counter_ns() - start - sum(_not_timed))
    peak = max(_peaks) if _peaks else _peak_bytes()
    sys.stdout.write(json.dumps({"rounds": rounds, "memory": peak - _imported[0], "answer": answer}) + "\n")


if __name__ == "__main__":
    main()
