"""`tickertape merge`: several runs as one, such as a training and what was resumed from it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tickertape import _core
from tickertape.cli import editing, event_bytes, paths, records, terminal
from tickertape.cli.errors import NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress
from tickertape.reader.compressed import Unpacked
from tickertape.remote import slices

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape merge runs/first runs/resumed -o runs/whole
  tickertape merge runs/attempt_* -o runs/whole --restarts newest"""


class _Part:
    """A run that is merged: its files, as they are named and as they are read, when it began, and its first step."""

    def __init__(self, given: str, options: argparse.Namespace) -> None:
        self.sources = _files(given)
        self._unpacked = Unpacked()  # the files that are there in slices
        self.files = [
            self._unpacked.readable(file)[0] if file.endswith(slices.ALL) else file for file in self.sources
        ]
        editing.check_editable(self.files, options)
        self.begin = float("inf")
        self.first_step: int | None = None
        for file in self.files:
            for record in _core.RecordReader(file):
                if self._note(record):
                    return

    def _note(self, record: bytes) -> bool:
        """Notes what one of the first events says; True if nothing more is needed."""
        try:
            event = _core.Event(record)
        except ValueError:
            return False
        self.begin = min(self.begin, event.wall_time)
        if event.HasField("summary"):
            self.first_step = event.step
        return self.first_step is not None


def _files(given: str) -> list[str]:
    """The event files of a run, without those of runs below it."""
    runs = paths.runs_of(given, joins=True)
    files = next(iter(runs.values())) if not Path(paths.meant(given)).is_dir() else runs.get(".", [])
    if not files:
        names = ", ".join(repr(name) for name in list(runs)[:5])
        raise CommandError(
            f"RUN: expected a directory with event files, got {given!r}; runs below it: {names}"
        )
    return files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `merge`."""
    parser.add_argument(
        "path", nargs="+", metavar="RUN", help="a directory with event files, or an event file"
    )
    parser.add_argument(
        "-o", "--out", metavar="NEW", required=True, help="a directory that does not exist yet"
    )
    editing.add_closed(parser)
    parser.add_argument(
        "--restarts",
        choices=("as-tensorboard", "newest", "all"),
        default="as-tensorboard",
        help="what counts if a run begins at a step that an earlier one had reached: what its restart markers say, as "
        "TensorBoard shows it (default); the newer run; or all, for which the markers are left out",
    )


def run(options: argparse.Namespace) -> int:
    """Writes the records of all runs, in the order of their beginnings, into one event file."""
    parts = sorted((_Part(given, options) for given in options.path), key=lambda part: part.begin)
    _refuse_twice(options.path, parts)
    if len(parts) < 2:
        raise CommandError("RUN: expected at least two runs")
    target = editing.check_new(options.out)
    for given in options.path:
        editing.refuse_inside(Path(paths.meant(given)), target)
    with (
        records.new_directory(target) as folder,
        records.new_file(folder / Path(parts[0].files[0]).name) as file,
        Progress("merging") as progress,
    ):
        copied = _copy(parts, file, progress, options.restarts)
    sys.stdout.write(f"merged {terminal.counted(copied, 'record')} of {len(parts)} runs\n")
    return 0 if copied else NOTHING_FOUND


def _refuse_twice(given: list[str], parts: list[_Part]) -> None:
    """Raises CommandError if a file is in two of the runs: its events would be there twice."""
    files = [os.path.realpath(file) for part in parts for file in part.sources]
    if len(set(files)) < len(files):
        raise CommandError(f"RUN: expected different runs, got a run twice in {', '.join(map(repr, given))}")


def _copy(parts: list[_Part], target: IO[bytes], progress: Progress, restarts: str) -> int:
    """Copies what counts of all runs; returns how many records that are."""
    copied, has_version = 0, False
    before = {file: editing.state(file) for part in parts for file in part.files}
    reports = dict(progress.files(list(before)))
    for number, part in enumerate(parts):
        later = [p.first_step for p in parts[number + 1 :] if p.first_step is not None]
        edit = _Edit(restarts, min(later, default=None), has_version=has_version)
        for file in part.files:
            done = records.copy(file, target, edit, reports[file], keeps_damage=False)
            copied += done.kept
            _say_damage(file, done)
        has_version = edit.has_version
    for file, state in before.items():
        editing.refuse_if_changed(file, state)
    return copied


class _Edit:
    """Leaves out what does not count: later version events, replaced steps, restart markers."""

    def __init__(self, restarts: str, replaced_from: int | None, *, has_version: bool) -> None:
        self._restarts = restarts
        self._replaced_from = replaced_from if restarts == "newest" else None
        self.has_version = has_version

    def __call__(self, event: bytes) -> bytes | None:
        if event_bytes.has(event, event_bytes.FILE_VERSION):
            had, self.has_version = self.has_version, True
            return None if had else event
        if self._restarts == "all" and event_bytes.is_start(event):
            return None
        if (
            self._replaced_from is not None
            and event_bytes.has(event, event_bytes.SUMMARY)
            and event_bytes.step_of(event) >= self._replaced_from
        ):
            return None
        return event


def _say_damage(file: str, done: records.Copied) -> None:
    if done.damage:
        terminal.say(f"{file}: left out {terminal.counted(len(done.damage), 'damaged place')}")
