"""`tickertape rename-run`: a log directory in which a run has another name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.cli import editing, paths, terminal
from tickertape.cli.errors import NOTHING_FOUND, CommandError

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape rename-run runs Nov28_11-09-53_host baseline --in-place
  tickertape rename-run runs old/name new/name -o runs-renamed"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `rename-run`."""
    parser.add_argument("path", help="a log directory")
    parser.add_argument("old", help="the run's name, as TensorBoard shows it; runs below it move with it")
    parser.add_argument("new", help="its new name")
    editing.add_target(parser)


def run(options: argparse.Namespace) -> int:
    """Renames the run: its directory in place, or a copy of the event files."""
    if options.in_place:
        paths.refuse_url(options.path)
    top = Path(paths.meant(options.path))
    if not top.is_dir():
        raise CommandError(f"path: expected a log directory, got the file {options.path!r}")
    runs = paths.runs_of(options.path)
    old, new = _name(options.old, "old"), _name(options.new, "new")
    moved = {name: name for name in runs} | {
        name: _renamed(name, old, new) for name in runs if _is_in(name, old)
    }
    concerned = [name for name in runs if moved[name] != name]
    if not concerned:
        known = ", ".join(repr(name) for name in list(runs)[:5])
        raise CommandError(
            f"old: expected a run of {options.path!r}, got {options.old!r}; runs: {known}", NOTHING_FOUND
        )
    for name in concerned:
        if (moved[name] in runs and moved[name] not in concerned) or (top / moved[name]).is_file():
            raise CommandError(f"new: expected a name that is not taken, got {options.new!r}")
    if options.in_place:
        editing.check_editable([file for name in concerned for file in runs[name]], options)
        _move(top, old, new, runs)
    else:
        files = editing.editable(options.path, options)
        editing.copy_files(
            options.path, files, options.out, lambda event: event, "copying",
            place=lambda file: Path(moved[str(file.parent)]) / file.name,
        )  # fmt: skip
    sys.stdout.write(f"renamed {terminal.counted(len(concerned), 'run')}\n")
    return 0


def _name(given: str, argument: str) -> str:
    """A run's name without dots and double separators; it stays below the log directory."""
    path = Path(given)
    if path.is_absolute() or ".." in path.parts or not given.strip():
        raise CommandError(f"{argument}: expected the name of a run below the log directory, got {given!r}")
    return str(path)


def _is_in(name: str, old: str) -> bool:
    return name == old or name.startswith(f"{old}/")


def _renamed(name: str, old: str, new: str) -> str:
    return str(Path(new) / Path(name).relative_to(old)) if name != old else new


def _move(top: Path, old: str, new: str, runs: dict[str, list[str]]) -> None:
    """Renames a directory; the event files alone of the run ".", which is the log directory itself."""
    target = top / new
    if old == "." or new == "." or Path(old) in Path(new).parents:
        target.mkdir(parents=True, exist_ok=True)
        for file in runs[old]:
            Path(file).rename(target / Path(file).name)
        return
    if target.exists():
        raise CommandError(
            f"new: expected a name that is not taken, got {new!r}; there is a directory of that name"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    (top / old).rename(target)
