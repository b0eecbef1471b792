"""Hyperparameters and what came of them: a row for each session, whoever wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape.reader import damage, wire
from tickertape.reader.column import Column, categories, objects
from tickertape.reader.frame import Frame
from tickertape.reader.rows import Row
from tickertape.reader.table import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tickertape.reader.entry import Entry

_STATUS = {0: "unknown", 1: "success", 2: "failure", 3: "running"}  # tensorboard/plugins/hparams/api.proto
_LESS_IS_BETTER = re.compile(
    r"(^|[^a-z])(loss|err|error|mae|mse|rmse|nll|perplexity|ppl|wer|cer|fid|bpc)($|[^a-z])"
)


class Metric(NamedTuple):
    """A series of one session in four numbers.

    Attributes:
        last: the last value.
        min, max: the least and the greatest, NaN left out.
        best: the least if the name says that less is better (loss, error, mse, …), otherwise the greatest.
    """

    last: float
    min: float
    max: float
    best: float


class Session(NamedTuple):
    """One session.

    Attributes:
        run: the run that its hyperparameters are in.
        group: the name of its group; "" if it has none.
        status: "unknown", "success", "failure" or "running".
        start_time, end_time: seconds since the epoch; NaN if nothing says so.
        hparams: hyperparameters by name.
        metrics: metrics by tag.
    """

    run: str
    group: str
    status: str
    start_time: float
    end_time: float
    hparams: dict[str, wire.Hparam]
    metrics: dict[str, Metric]


class HparamsTable(Frame):
    """A row for each session, in the order of the runs.

    Columns: `run, group, status, start_time, end_time`, then `hparam.NAME` for each hyperparameter (None if a session lacks
    it), then `metric.TAG.last`, `.min`, `.max` and `.best` for each metric (NaN if a session lacks it). Metrics are those
    that the experiment names; every scalar of the run if it names none. `sessions` has the same as objects.
    """

    def __init__(self, entries: Sequence[Entry], scalars: Sequence[Entry]) -> None:
        self.sessions = list(_sessions(entries, scalars))
        super().__init__(_columns(self.sessions))

    def __iter__(self) -> Iterator[Session]:
        return iter(self.sessions)


def _sessions(entries: Sequence[Entry], scalars: Sequence[Entry]) -> Iterator[Session]:
    by_run: dict[str, list[Entry]] = {}
    for entry in scalars:
        by_run.setdefault(entry.run, []).append(entry)
    contents = _contents(entries)
    metrics = {
        name for content in contents.values() for data in content.get(2, []) for name in _metric_names(data)
    }
    for run, content in contents.items():
        if 3 not in content:
            continue
        start, end = wire.fields(content[3][-1]), wire.fields(content.get(4, [b""])[-1])
        status = _STATUS.get(wire.number(end, 1), "unknown") if 4 in content else "running"
        yield Session(
            run,
            wire.text(start, 4),
            status,
            wire.double(start, 5) if 5 in start else float("nan"),
            wire.double(end, 2) if 2 in end else float("nan"),
            wire.hparams(content[3][-1]),
            _metrics(run, by_run, metrics),
        )


def _contents(entries: Sequence[Entry]) -> dict[str, dict[int, list[bytes]]]:
    """Of each run what its plugin data holds: HParamsPluginData's fields 2 experiment, 3 start and 4 end."""
    found: dict[str, dict[int, list[bytes]]] = {}
    for entry in entries:
        parts = found.setdefault(entry.run, {})
        for row in Rows([entry], Row):
            for number, values in _plugin_data(row).items():
                parts.setdefault(number, []).extend(one for one in values if isinstance(one, bytes))
    return found


def _plugin_data(row: Row) -> dict[int, list[int | bytes]]:
    """The fields of a value's own plugin data; of the tag's, if it has none."""
    try:
        return wire.fields(row.value.metadata.plugin_data.content or row.metadata.plugin_data.content)
    except ValueError as error:
        damage.warn_of_row(row, error)
        return {}


def _metric_names(experiment: bytes) -> Iterator[tuple[str, str]]:
    """(group, tag) of each metric that an Experiment names."""
    for info in wire.fields(experiment).get(5, []):
        if isinstance(info, bytes):
            name = wire.fields(wire.message(wire.fields(info), 1))
            yield wire.text(name, 1), wire.text(name, 2)


def _metrics(run: str, by_run: dict[str, list[Entry]], names: set[tuple[str, str]]) -> dict[str, Metric]:
    if not names:
        return {entry.tag: _metric(entry) for entry in by_run.get(run, [])}
    found = {}
    for group, tag in sorted(names):
        where = run if not group else group if run == "." else f"{run}/{group}"
        for entry in by_run.get(where, []):
            if entry.tag == tag:
                found[f"{group}/{tag}" if group else tag] = _metric(entry)
    return found


def less_is_better(tag: str) -> bool:
    """Whether the name of a metric says so: loss, error, mse, …."""
    return _LESS_IS_BETTER.search(tag.lower()) is not None


def _metric(entry: Entry) -> Metric:
    values = entry.column("value")
    numbers = values[~np.isnan(values)]
    if not len(numbers):
        return Metric(float(values[-1]), *[float("nan")] * 3)
    least, greatest = float(numbers.min()), float(numbers.max())
    best = least if less_is_better(entry.tag) else greatest
    return Metric(float(values[-1]), least, greatest, best)


def _columns(sessions: Sequence[Session]) -> dict[str, Column]:
    columns: dict[str, Column] = {
        "run": categories([session.run for session in sessions], [1] * len(sessions)),
        "group": categories([session.group for session in sessions], [1] * len(sessions)),
        "status": categories([session.status for session in sessions], [1] * len(sessions)),
        "start_time": np.array([session.start_time for session in sessions], dtype=np.float64),
        "end_time": np.array([session.end_time for session in sessions], dtype=np.float64),
    }
    for name in dict.fromkeys(name for session in sessions for name in session.hparams):
        columns[f"hparam.{name}"] = _hparam_column([session.hparams.get(name) for session in sessions])
    nothing = Metric(*[float("nan")] * 4)
    for tag in dict.fromkeys(tag for session in sessions for tag in session.metrics):
        for part in Metric._fields:
            values = [getattr(session.metrics.get(tag, nothing), part) for session in sessions]
            columns[f"metric.{tag}.{part}"] = np.array(values, dtype=np.float64)
    return columns


def _hparam_column(values: list[Any]) -> Column:
    """Numbers as float64 (NaN for none) and bools as bool where all are; otherwise objects."""
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.bool_)
    if all(value is None or (isinstance(value, float)) for value in values):
        return np.array([float("nan") if value is None else value for value in values], dtype=np.float64)
    return objects(values)
