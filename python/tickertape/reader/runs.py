"""The runs of log directories as data: `read()` and what it returns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from tickertape.reader import export, hparams, left_events, log_dirs, names, rank_merge, rows, scan
from tickertape.reader.compressed import Unpacked
from tickertape.reader.entry import Entry
from tickertape.reader.frame import grid
from tickertape.reader.scalar_table import ScalarTable
from tickertape.reader.scan import Problem
from tickertape.reader.selection import KINDS, Patterns, Selection, selection
from tickertape.reader.table import RowTable

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Sequence

    from tickertape.reader.scan import ScannedFile

    AnyPath = str | bytes | os.PathLike[str]

_Row = TypeVar("_Row", bound=rows.Row)
_SHOWN_RUNS = 20


def read(
    logdir: AnyPath | Iterable[AnyPath],
    *,
    runs: Patterns | None = None,
    tags: Patterns | None = None,
    kinds: Collection[str] | str | None = None,
    steps: tuple[int | None, int | None] | None = None,
    restarts: Literal["as-tensorboard", "newest", "all"] = "as-tensorboard",
    ranks: Literal["all", "merge"] = "all",
    progress: Callable[[int, int], object] | None = None,
) -> Runs:
    """The runs of log directories, of event files, or of a list of both.

    The files are looked for at once, and read when you first ask for their content. Then every checksum is checked, scalars become
    columns, and of other values only the place in the file is kept.

    Args:
        logdir: directories and files. Symbolic links are followed; `.gz` and `.zst` files are unpacked.
        runs: which runs: a name, a glob, a compiled regular expression (searched for), a function, or a list of them.
        tags: which tags, likewise.
        kinds: which kinds: "scalars", "histograms", "images", "audio", "text", "tensors", "pr_curves", "hparams",
            "meshes", "graphs". Everything if None.
        steps: the first and the last step, both included; None is no limit.
        restarts: which values count if a run was started over. "as-tensorboard": those that TensorBoard shows; a restart marker hides its
            step and later steps of what was written before. "newest": from the first step of a later file on, only the later
            file counts. "all": every value.
        ranks: how the files of several ranks in one run are taken, whose names end in `.rank3` and the like. "all": one
            after the other. "merge": of each tag of scalars one curve, with mean, min, max and n over ranks; of everything
            else what the lowest rank has that has the tag.
        progress: called with the bytes read and the bytes in all, now and then, from the thread that reads.

    Returns:
        A mapping of run names, as TensorBoard shows them ("." for the directory itself), to runs.

    Raises:
        FileNotFoundError: there is no such path, or no event file in it; the message says what is there.
        TypeError, ValueError: an argument is of the wrong kind, or a file is no event file; the message says what it is.

    Warns:
        DamageWarning: when a file is read that is damaged. RuntimeWarning: a killed process left events for the directory that
            are in no file yet; `tickertape.recover` or `tickertape repair` puts them there.
    """
    return Runs(logdir, selection(runs, tags, kinds, steps, restarts, ranks), progress)


class _Kinds:
    """The tables of a run or of many."""

    _ranks: str

    def _entries(self, kind: str) -> list[Entry]:
        raise NotImplementedError

    @property
    def scalars(self) -> ScalarTable:
        """Columns `run, tag, step, wall_time, value`; with merged ranks also `min, max, n`."""
        table = rank_merge.RankTable if self._ranks == "merge" else ScalarTable
        return table(self._entries("scalars"))

    @property
    def histograms(self) -> RowTable[rows.HistogramRow]:
        """Columns `run, tag, step, wall_time, min, max, num, sum, sum_squares, limits, counts`."""
        return self._table("histograms", rows.HistogramRow)

    @property
    def images(self) -> RowTable[rows.ImageRow]:
        """Columns `run, tag, step, wall_time, width, height, encoded`."""
        return self._table("images", rows.ImageRow)

    @property
    def audio(self) -> RowTable[rows.AudioRow]:
        """Columns `run, tag, step, wall_time, sample_rate, channels, frames, content_type, encoded`."""
        return self._table("audio", rows.AudioRow)

    @property
    def text(self) -> RowTable[rows.TextRow]:
        """Columns `run, tag, step, wall_time, text`."""
        return self._table("text", rows.TextRow)

    @property
    def tensors(self) -> RowTable[rows.TensorRow]:
        """Columns `run, tag, step, wall_time, dtype, shape, data`."""
        return self._table("tensors", rows.TensorRow)

    @property
    def pr_curves(self) -> RowTable[rows.PrCurveRow]:
        """Columns `run, tag, step, wall_time, thresholds, tp, fp, tn, fn, precision, recall`."""
        return self._table("pr_curves", rows.PrCurveRow)

    @property
    def meshes(self) -> RowTable[rows.MeshRow]:
        """Columns `run, tag, step, wall_time, mesh, part, dtype, shape, data`."""
        return self._table("meshes", rows.MeshRow)

    @property
    def graphs(self) -> RowTable[rows.GraphRow]:
        """Columns `run, tag, step, wall_time, graph_def`."""
        return self._table("graphs", rows.GraphRow)

    @property
    def hparams(self) -> hparams.HparamsTable:
        """One row a session: `run, group, status, start_time, end_time`, hyperparameters and metrics; see HparamsTable."""
        return hparams.HparamsTable(self._entries("hparams"), self._entries("scalars"))

    def _table(self, kind: str, row: type[_Row]) -> RowTable[_Row]:
        return RowTable(kind, self._entries(kind), row)


class Run(_Kinds):
    """One run, as it was when it was read.

    Attributes:
        name: as TensorBoard shows it.
    """

    def __init__(self, name: str, files: Sequence[ScannedFile], restarts: str, ranks: str = "all") -> None:
        self.name = name
        self._files = tuple(files)
        self._restarts = restarts
        self._ranks = ranks
        self._by_kind: dict[str, list[Entry]] | None = None

    @property
    def files(self) -> list[Path]:
        """Its event files, in the order in which they were made."""
        return [Path(file.path) for file in self._files]

    @cached_property
    def tags(self) -> dict[str, list[str]]:
        """The tags of each kind that it has, in the order of their first values."""
        kinds = dict.fromkeys(
            series.kind for file in self._files if file.index is not None for series in file.index.series
        )
        found = {kind: [entry.tag for entry in self._entries(kind)] for kind in kinds}
        return {kind: tags for kind, tags in found.items() if tags}

    @property
    def problems(self) -> list[Problem]:
        """What could not be read, or is unusual."""
        return [problem for file in self._files for problem in file.problems]

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(tags)} {kind}" for kind, tags in self.tags.items())
        return f"Run({self.name!r}: {counts or 'nothing'})"

    def _entries(self, kind: str) -> list[Entry]:
        if self._by_kind is None:  # no cached_property: its lock takes as long as the rest
            self._by_kind = self._find_entries()
        return self._by_kind.get(kind, [])

    def _find_entries(self) -> dict[str, list[Entry]]:
        if self._ranks == "merge":
            return rank_merge.entries(self.name, self._files, self._restarts)
        found: dict[str, list[Entry]] = {}
        for (kind, tag), pieces in scan.pieces(self._files, self._restarts).items():
            entry = Entry(self.name, tag, pieces)
            if not entry.has_rows:
                continue
            if kind in found:
                found[kind].append(entry)
            else:
                found[kind] = [entry]
        return found


class Runs(Mapping[str, Run], _Kinds):
    """Runs by name, as `read()` returns them. Everything is read when you first ask for it."""

    def __init__(
        self, where: object, selected: Selection, progress: Callable[[int, int], object] | None = None
    ) -> None:
        self._where = where
        self._selected = selected
        self._ranks = selected.ranks
        self._progress = progress
        self._unpacked = Unpacked()
        self._lock = threading.Lock()
        self._last: scan.Scan | None = None
        self._by_name: dict[str, Run] | None = None
        self._left: list[Problem] = []
        self._found: list[log_dirs.EventFile] | None = log_dirs.find_event_files(where)  # for the first look

    def refresh(self) -> Runs:
        """Reads what is new: files that have grown, new files and new runs. Tables that you already have do not change.

        Returns:
            This object.
        """
        with self._lock:
            self._read()
        return self

    def export(
        self,
        directory: AnyPath,
        format: export.Format | None = None,  # noqa: A002  # the name that pandas and polars use
        *,
        kind: str = "scalars",
    ) -> export.ExportReport:
        """Writes the values of one kind as a data set. If the data set exists, adds what is new to it.

        Each run is a folder `run=NAME` (so data frames find the column `run`) with files of the other columns of the kind's
        table: of scalars `tag, step, wall_time, value`. Each value is there once, also if an earlier export was killed; if a
        restart made rows void that had been exported, the run is written anew. A run that `read()` filtered out stays as it is.
        In CSV lists are JSON, and bytes are base64 there and in JSON lines. `runs.images.save()` writes files instead.

        Args:
            directory: empty or not there yet, or of an earlier export in this format.
            format: "parquet" and "arrow" need pyarrow or polars; "csv" and "jsonl" need nothing. None: as in the earlier
                export; otherwise what the directory's name ends in, such as "data.csv"; otherwise "parquet".
            kind: "scalars", "histograms", "images", "audio", "text", "tensors", "pr_curves", "meshes" or "graphs". Each kind
                has a directory of its own.

        Raises:
            ValueError: the format or kind is unknown or not what the directory's name ends in, or the directory is of another
                format or kind or holds something else; or the runs were read with ranks="merge".
            ModuleNotFoundError: nothing installed can write the format.
            OSError: a file cannot be written; what was exported before stays.
        """
        if self._ranks == "merge":
            raise ValueError('ranks: expected runs that were read with ranks="all", got "merge"')
        sources = (export.Source(run.name, run._entries(kind), run._files) for run in self.values())  # noqa: SLF001
        return export.export(sources, directory, format, {"kind": kind, "restarts": self._selected.restarts})

    @property
    def problems(self) -> list[Problem]:
        """What could not be read, and what is unusual, for each file; then events that only recovery can read."""
        of_files = [problem for run in self.values() for problem in run.problems]
        return of_files + self._left

    def __getitem__(self, name: str) -> Run:
        runs = self._runs()
        if name not in runs:
            raise KeyError(f"{name!r}; {names.there(runs, 'run')}{names.near(name, runs)}")
        return runs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs())

    def __len__(self) -> int:
        return len(self._runs())

    def __repr__(self) -> str:
        shown = list(self.values())[:_SHOWN_RUNS]
        kinds = [kind for kind in KINDS if any(kind in run.tags for run in shown)]
        columns = {"run": [run.name for run in shown], "files": [str(len(run.files)) for run in shown]}
        columns |= {kind: [str(len(run.tags.get(kind, ()))) for run in shown] for kind in kinds}
        columns["last step"] = [_last_step(run) for run in shown]
        more = f"\n… and {len(self) - len(shown)} more" if len(self) > len(shown) else ""
        return f"Runs: {len(self)}, with the number of tags of each kind\n{grid(columns)}{more}"

    def _runs(self) -> dict[str, Run]:
        with self._lock:
            if self._by_name is None:
                self._read()
            assert self._by_name is not None  # noqa: S101  # for the type checker
            return self._by_name

    def _read(self) -> None:
        found = self._found if self._found is not None else log_dirs.find_event_files(self._where)
        self._found = None
        last = scan.scan(found, self._selected, self._unpacked, self._last, self._progress)
        told = {problem for file in self._last.files() for problem in file.problems} if self._last else set()
        before = self._by_name or {}
        self._by_name = {
            name: _unchanged(before.get(name), files)
            or Run(name, files, self._selected.restarts, self._ranks)
            for name, files in last.runs.items()
        }
        self._last = last
        left = left_events.warn(log_dirs.top_folders(self._where))
        self._left = [Problem(folder, 0, 0, words) for folder, words in left.items()]
        for file in last.files():
            if file.problems:
                scan.warn_of_damage(file, told)

    def _entries(self, kind: str) -> list[Entry]:
        runs = self._runs().values()
        return [entry for run in runs for entry in run._entries(kind)]  # noqa: SLF001  # its own half


def _unchanged(run: Run | None, files: tuple[ScannedFile, ...]) -> Run | None:
    """The run as it was, with everything it has computed, if nothing came to it."""
    if run is None or len(run._files) != len(files):  # noqa: SLF001
        return None
    same = all(one.is_same_as(other) for one, other in zip(run._files, files, strict=True))  # noqa: SLF001
    return run if same else None


def _last_step(run: Run) -> str:
    steps = [
        int(entry.column("step").max())
        for kind in run.tags
        for entry in run._entries(kind)  # noqa: SLF001
        if len(entry)
    ]
    return f"{max(steps):,}" if steps else ""
