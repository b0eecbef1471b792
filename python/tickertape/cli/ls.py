"""`tickertape ls`: the runs and tags of a log directory."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from tickertape.cli import as_json, living, looking, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND
from tickertape.cli.progress import Progress
from tickertape.reader import local_slices, mirrors

if TYPE_CHECKING:
    import argparse

    from tickertape.reader.runs import Run

EXAMPLE = """
  tickertape ls runs
  tickertape ls runs --flat --tags 'loss/*'
  tickertape ls runs --json | jq '.[] | select(.is_live) | .run'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `ls`."""
    parser.add_argument(
        "path", nargs="?", default=".", help="a log directory, a run, or an event file (default: .)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--flat", action="store_true", help="a line for each run and tag")
    form.add_argument("--short", action="store_true", help="the runs alone")
    looking.add_filters(parser)
    as_json.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Lists them; exit status 1 if nothing matches, or can be read."""
    runs = looking.filtered(options, options.path)
    files = [str(file) for one in runs.values() for file in one.files]
    with Progress("listing"):
        written = living.written(files)
        listed = [_listed(one, written) for one in runs.values()]
    if options.tags or options.kinds or options.steps:
        listed = [one for one in listed if one["tags"]]
    if options.json:
        as_json.write(listed)
    elif options.flat:
        _flat(listed)
    elif options.short:
        _short(listed)
    else:
        _tree(listed)
    return FOUND if any(one["tags"] or not one["problems"] for one in listed) else NOTHING_FOUND


def _listed(one: Run, written: set[str]) -> dict[str, Any]:
    """What is shown of a run."""
    files = [str(file) for file in one.files]
    states = [state for file in files if (state := _status(file)) is not None]
    tags = [_tag(kind, entry) for kind in one.tags for entry in _entries(one, kind)]
    steps = [tag[end] for tag in tags for end in ("first_step", "last_step") if tag[end] is not None]
    return {
        "run": one.name,
        "files": [mirrors.shown(file) for file in files],
        "size": sum(size for size, _ in states),
        "last_write": max((written for _, written in states), default=None),
        "is_live": any(file in written for file in files),
        "first_step": min(steps, default=None),
        "last_step": max(steps, default=None),
        "problems": len(one.problems),
        "causes": list(dict.fromkeys(problem.cause for problem in one.problems)),
        "tags": tags,
    }


def _status(file: str) -> tuple[int, float] | None:
    """Size and last write; None if it is gone by now."""
    try:
        return local_slices.status(file)
    except OSError:
        return None


def _entries(one: Run, kind: str) -> list[Any]:
    return looking.entries(one, kind) if hasattr(one, kind) else []


def _tag(kind: str, entry: Any) -> dict[str, Any]:
    steps = entry.column("step")
    is_scalar = kind == "scalars"
    return {
        "tag": entry.tag,
        "kind": kind,
        "count": len(entry),
        "first_step": int(steps.min()),
        "last_step": int(steps.max()),
        "last_value": float(entry.column("value")[-1]) if is_scalar else None,
        "last_wall_time": float(entry.column("wall_time")[-1]),
    }


def _steps(item: dict[str, Any]) -> str:
    if item["first_step"] is None:
        return ""
    return (
        f"{item['first_step']}…{item['last_step']}"
        if item["first_step"] != item["last_step"]
        else str(item["first_step"])
    )


def _value(tag: dict[str, Any]) -> str:
    return "" if tag["last_value"] is None else terminal.number(tag["last_value"])


def _state(one: dict[str, Any]) -> str:
    """Size, last write, live or not, problems."""
    parts = [terminal.size(one["size"])]
    if one["last_write"] is not None:
        parts.append(f"written {terminal.ago(time.time() - one['last_write'])}")
    if one["is_live"]:
        parts.append("live")
    if one["problems"]:
        causes = "; ".join(map(terminal.clean, one["causes"]))
        parts.append(f"{terminal.counted(one['problems'], 'problem')}: {causes}")
    return ", ".join(parts)


def _tree(listed: list[dict[str, Any]]) -> None:
    out = terminal.screen()
    for one in listed:
        state = out.paint(_state(one), "green" if one["is_live"] else "dim")
        sys.stdout.write(f"{out.paint(terminal.clean(one['run']), 'bold')}  {state}\n")
        rows = [
            [
                f"  {terminal.clean(tag['tag'])}",
                tag["kind"],
                terminal.count(tag["count"]),
                _steps(tag),
                _value(tag),
            ]
            for tag in one["tags"]
        ]
        if rows:
            text = terminal.table(
                ["  tag", "kind", "count", "steps", "last value"], rows, out, ["count", "steps", "last value"]
            )
            sys.stdout.write("".join(text.splitlines(keepends=True)[1:]))


def _flat(listed: list[dict[str, Any]]) -> None:
    rows = [
        [
            terminal.clean(one["run"]), terminal.clean(tag["tag"]), tag["kind"], terminal.count(tag["count"]), _steps(tag),
            _value(tag),
        ]
        for one in listed
        for tag in one["tags"]
    ]  # fmt: skip
    if rows:
        header = ["run", "tag", "kind", "count", "steps", "last value"]
        sys.stdout.write(terminal.table(header, rows, terminal.screen(), ["count", "steps", "last value"]))


def _short(listed: list[dict[str, Any]]) -> None:
    rows = [
        [terminal.clean(one["run"]), terminal.count(len(one["tags"])), _steps(one), _state(one)]
        for one in listed
    ]
    if rows:
        sys.stdout.write(
            terminal.table(["run", "tags", "steps", "files"], rows, terminal.screen(), ["tags", "steps"])
        )
