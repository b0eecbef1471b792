"""What the editing subcommands share: `-o NEW` and `--in-place`, backups, and refusals."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.cli import living, paths, records, terminal
from tickertape.cli.errors import NOTHING_FOUND, CommandError
from tickertape.cli.progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    Edit = Callable[[bytes], bytes | None]

_MARK = "tfevents"  # what readers look for in the name of a file
_BACKUP_MARK = "tf-events-backup"  # does not contain it


def add_target(parser: argparse.ArgumentParser) -> None:
    """Adds `-o` and `--in-place`, of which one is needed."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "-o", "--out", metavar="NEW", help="write here, to a file or directory that does not exist yet"
    )
    where.add_argument(
        "--in-place", action="store_true", help="replace the files; each leaves a backup beside it"
    )
    add_closed(parser)


def add_closed(parser: argparse.ArgumentParser) -> None:
    """Adds `--closed`."""
    parser.add_argument(
        "--closed",
        action="store_true",
        help="the writers were closed, although their processes may still be living",
    )


def edit_runs(
    given: str, options: argparse.Namespace, edit: Edit, doing: str
) -> list[tuple[str, records.Copied]]:
    """Edits every event file of a path, into `options.out` or in place: all of them or, after an error, none.

    Damage stays as it is. A file of which nothing changes stays as it is if the edit is in place, and is copied byte for
    byte otherwise.

    Returns:
        (path of the source, what became of its records) of each file.
    """
    if options.in_place:
        paths.refuse_url(given)
    files = editable(given, options)
    if not options.in_place:
        return copy_files(given, files, options.out, edit, doing)
    _refuse_outside(paths.meant(given), files)
    return _edit_in_place(files, edit, doing)


def copy_files(
    given: str,
    files: list[str],
    out: str,
    edit: Edit,
    doing: str,
    *,
    keeps_damage: bool = True,
    place: Callable[[Path], Path] = lambda file: file,
) -> list[tuple[str, records.Copied]]:
    """The same into a new file or directory.

    Args:
        given: the path that the user gave.
        files: its event files.
        out: the new path.
        edit: see records.copy().
        doing: a word for what takes its time.
        keeps_damage: copies what is no record, too.
        place: from where a file is in a log directory to where it is in the new one.
    """
    source, target = Path(paths.meant(given)), check_new(out)
    refuse_inside(source, target)
    done = []
    with contextlib.ExitStack() as stack:
        top = stack.enter_context(records.new_directory(target)) if source.is_dir() else target
        if top == target and _MARK not in target.name:
            terminal.say(f"readers look for files whose names contain {_MARK!r}: {target.name!r} does not")
        progress = stack.enter_context(Progress(doing))
        for file, report in progress.files(files):
            new = top / place(Path(os.path.relpath(file, source))) if source.is_dir() else target
            before = state(file)
            new.parent.mkdir(parents=True, exist_ok=True)
            with records.new_file(new) as copy:
                done.append((file, records.copy(file, copy, edit, report, keeps_damage=keeps_damage)))
                refuse_if_changed(file, before)
    return done


def refuse_inside(source: Path, target: Path, argument: str = "-o") -> None:
    """Raises CommandError if a new path is in a directory that is read."""
    if source.is_dir() and source.resolve() in (target.resolve(), *target.resolve().parents):
        raise CommandError(f"{argument}: expected a path outside {str(source)!r}, got {str(target)!r}")


def editable(given: str, options: argparse.Namespace) -> list[str]:
    """The event files of a path. Raises CommandError if there are none, or as check_editable()."""
    files = [file for group in paths.runs_of(given).values() for file in group]
    check_editable(files, options)
    return files


def check_editable(files: list[str], options: argparse.Namespace) -> None:
    """Raises CommandError if a file is of another format, or is being written."""
    for file in files:
        paths.refuse_other(file)
    living.refuse_if_written(files, are_closed=options.closed)


def _refuse_outside(given: str, files: list[str]) -> None:
    """A log directory may come from anybody: what its links lead to is not changed."""
    top = os.path.realpath(given)
    for file in files:
        real = os.path.realpath(file)
        if real != top and not real.startswith(os.path.join(top, "")):  # noqa: PTH118
            raise CommandError(f"{file!r} leads out of {given!r} to {real!r}; name that file to edit it")


def check_new(out: str, argument: str = "-o", cure: str = "nothing is overwritten") -> Path:
    """A path for a new file or directory.

    Args:
        out: what the user gave.
        argument: as what.
        cure: what the message says at its end.

    Raises:
        CommandError: something is there.
    """
    target = Path(os.path.expanduser(out))  # noqa: PTH111  # a str
    if os.path.lexists(target):
        raise CommandError(f"{argument}: expected a path that does not exist yet, got {out!r}; {cure}")
    return target


def _edit_in_place(files: list[str], edit: Edit, doing: str) -> list[tuple[str, records.Copied]]:
    """Replaces files by their edited records, all or none, and keeps each under another name beside it."""
    done: list[tuple[str, records.Copied]] = []
    edited: list[tuple[Path, Path, tuple[int, int]]] = []  # file, what replaces it, its state before
    once = list({os.path.realpath(file): file for file in reversed(files)}.values())[
        ::-1
    ]  # a link may lead to another
    try:
        with Progress(doing) as progress:
            for file, report in progress.files(once):
                path = Path(os.path.realpath(file))
                partial = path.parent / f".tickertape-edit-{os.getpid()}-{len(edited)}"
                edited.append((path, partial, state(file)))
                with records.written(partial, path) as target:
                    shutil.copymode(path, partial)
                    copied = records.copy(str(path), target, edit, report)
                done.append((file, copied))
                if not (copied.changed or copied.removed):
                    partial.unlink()
                    edited.pop()
        for path, _, before in edited:
            refuse_if_changed(str(path), before)
        for backup in _replaced([(path, partial) for path, partial, _ in edited]):
            terminal.say(f"kept {backup}")
    finally:
        for _, partial, _ in edited:
            partial.unlink(missing_ok=True)
    return done


def _replaced(edited: list[tuple[Path, Path]]) -> list[Path]:
    """Replaces files; an error takes all of it back. Returns the backups."""
    replaced: list[tuple[Path, Path]] = []
    with _signals_wait():
        try:
            for path, partial in edited:
                backup = _back_up(path)
                partial.replace(path)
                replaced.append((path, backup))
        except BaseException:
            for path, backup in reversed(replaced):
                backup.replace(path)
            raise
    return [backup for _, backup in replaced]


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C and SIGTERM take effect at the end. Not by the signal mask: other threads would still take them."""
    waiting: list[int] = []
    is_main = (
        threading.current_thread() is threading.main_thread()
    )  # in others Python sets no handlers, and calls none
    numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    before = {number: signal.signal(number, lambda number, _: waiting.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for came in waiting:
            signal.raise_signal(came)


def _back_up(path: Path) -> Path:
    number = 0
    while True:
        backup = path.with_name(path.name.replace(_MARK, _BACKUP_MARK) + (f".{number}" if number else ""))
        if _MARK not in path.name:
            backup = path.with_name(f"{path.name}.backup" + (f".{number}" if number else ""))
        try:
            os.link(path, backup)  # the same bytes: nothing is copied, and nothing is overwritten
        except FileExistsError:
            number += 1
            continue
        except OSError:  # a file system without links
            if backup.exists():
                number += 1
                continue
            shutil.copy2(path, backup)
        return backup


def state(file: str) -> tuple[int, int]:
    """The size of a file and when it was last written."""
    status = os.stat(file)  # noqa: PTH116  # names need not be UTF-8
    return status.st_size, status.st_mtime_ns


def refuse_if_changed(file: str, before: tuple[int, int]) -> None:
    """Raises CommandError if a file is not what it was when `before` = state(file) was taken."""
    if state(file) != before:
        raise CommandError(f"{file!r} was written while it was read; nothing was changed", NOTHING_FOUND)


def report(done: list[tuple[str, records.Copied]], changed: str, nothing: Callable[[], str]) -> int:
    """Says what was done in a line, and what stays damaged; returns the exit status: 1 if nothing changed.

    Args:
        done: what edit_runs() returned.
        changed: such as "removed".
        nothing: makes the line if no record was concerned.
    """
    records_changed = sum(copied.changed + copied.removed for _, copied in done)
    files = sum(1 for _, copied in done if copied.changed + copied.removed)
    for file, copied in done:
        if copied.damage or copied.undecodable:
            terminal.say(
                f"{file} is damaged in {terminal.counted(len(copied.damage) + copied.undecodable, 'place')}, which were "
                "copied as they are; `tickertape repair FILE -o NEW` leaves them out"
            )
    if not records_changed:
        sys.stdout.write(f"{terminal.clean(nothing())}\n")
        return NOTHING_FOUND
    sys.stdout.write(
        f"{terminal.clean(changed)} {terminal.counted(records_changed, 'record')} of {terminal.counted(files, 'file')}\n"
    )
    return 0
