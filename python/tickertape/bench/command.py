"""What `tickertape bench` does: runs the parts, prints their tables, and writes the page and the JSON.

Needs only NumPy; torch, tensorboardX, Pillow, a C compiler and valgrind each add rows. section.CONVENTION says how
figures are written.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tickertape.bench import (
    backend,
    busy,
    calls,
    contestants,
    curves,
    deflaters,
    gate,
    imports,
    instructions,
    loop,
    one_core,
    png,
    reading,
    reading_large,
    strips,
    tails,
    throughput,
)
from tickertape.bench.floor import CannotBuildError, build_floor, compiler_version
from tickertape.bench.page import page
from tickertape.bench.race import Plan
from tickertape.bench.section import CONVENTION, Section, machine, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARTS: dict[str, Callable[[Plan], Section]] = {
    "calls": calls.measure,
    "tails": tails.measure,
    "busy": busy.measure,
    "gate": gate.measure,
    "backend": backend.measure,
    "one-core": one_core.measure,
    "throughput": throughput.measure,
    "png": png.measure,
    "strips": strips.measure,
    "loop": loop.measure,
    "transformer": loop.measure_transformer,
    "curves": curves.measure,
    "imports": imports.measure,
    "reading": reading.measure,
    "instructions": instructions.measure,
}
LONG_PARTS: dict[str, Callable[[Plan], Section]] = {"reading-large": reading_large.measure}
"""Some minutes each: only if `only` names them."""


def run(
    *,
    quick: bool = False,
    out: str | None = None,
    json_path: str | None = None,
    log_dir: str | None = None,
    only: Sequence[str] = (),
) -> int:
    """Measures, prints, writes.

    Args:
        quick: some seconds instead of minutes; every part runs, the figures are rough.
        out: path of the HTML page.
        json_path: path of the JSON file with the numbers.
        log_dir: keeps the event files there; None uses a temporary directory.
        only: keys of PARTS and LONG_PARTS; empty means all of PARTS.

    Returns:
        The exit status: 0, or 2 if `only` has a name that is no part.
    """
    parts = PARTS | LONG_PARTS
    unknown = [key for key in only if key not in parts]
    if unknown:
        sys.stderr.write(f"no part {', '.join(unknown)}; there are {', '.join(parts)}\n")
        return 2
    about = [machine()]
    with tempfile.TemporaryDirectory(prefix="tickertape-bench-") as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' and their dependencies' own
        plan = make_plan(Path(log_dir or temporary), quick=quick)
        tools = [("C compiler", plan.compiler), *plan.deflaters.versions] if plan.compiler else []
        about.append(versions(tools))
        sys.stdout.write("\n".join([*about, CONVENTION, "", ""]))
        sections = []
        for key in only or PARTS:
            section = parts[key](plan)
            sections.append(section)
            sys.stdout.write("\n".join([*section.markdown(), ""]))
            sys.stdout.flush()
    about.append(
        "A quick run: the figures are rough." if quick else f"{machine().rsplit(', ', 1)[1]} at the end"
    )
    if out:
        Path(out).write_text(page(sections, about), "utf-8")
    if json_path:
        found = {"about": about, "quick": quick, **{section.key: section.data for section in sections}}
        Path(json_path).write_text(as_json(found), "utf-8")
    return 0


def as_json(found: object) -> str:
    """Indented, a list of numbers on one line."""
    text = json.dumps(found, indent=1, ensure_ascii=False)
    return re.sub(r"\[[\d\s,.]*\]", lambda each: re.sub(r"\s+", "", each[0]), text) + "\n"


def make_plan(folder: Path, *, quick: bool) -> Plan:
    """The plan for this machine; helpers are compiled into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(folder, quick, contestants.installed(), deflaters=deflaters.find(folder))
    try:
        plan.floor = build_floor(folder)
        plan.compiler = compiler_version()
    except CannotBuildError as error:
        plan.no_floor = str(error)
    return plan
