"""Keeps the report of one run of `tickertape bench` in docs/, and fills the tables of README.md and docs/performance.md.

    tickertape bench --out report.html --json report.json
    python benchmarks/fill_docs.py report.json      # with report.html in the same folder
    python benchmarks/fill_docs.py                  # only the section Serving, from docs/serve-report.json

The text between `<!-- bench:NAME -->` and `<!-- /bench -->` is replaced; everything else is left alone.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import serve_goals
from goals import goals
from tickertape.bench.section import Section

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "bench-report.json"
KEPT_SERVING = ROOT / "docs" / "serve-report.json"
README, PERFORMANCE = ROOT / "README.md", ROOT / "docs" / "performance.md"

# The lines that a visitor looks for, by how they start.
_IN_README = (
    "`add_scalar(",
    "`flush()` with",
    "scalars a second",
    "`add_histogram`, 1 M",
    "`add_image`",
    "PNG, 10 photographs",
    "step of a perceptron with / without logging, every",
    "read 1 M",
)


def readme(numbers: dict[str, Any]) -> Section:
    """Some of the goals."""
    section = Section("readme", "", ["", "torch", "tickertape", ""])
    section.rows = [
        [goal.what, goal.torch, goal.ours, goal.times]
        for goal in goals(numbers)
        if goal.what.startswith(_IN_README)
    ]
    return section


def tables(numbers: dict[str, Any]) -> dict[Path, dict[str, list[str]]]:
    """For each file, the lines between its marks."""
    about = " · ".join(numbers["about"])
    used = re.findall(r"(?:Python|tickertape|torch|tensorboard) [^,]+", numbers["about"][1])
    short = " · ".join([numbers["about"][0], ", ".join(used)])
    head = ["what", "torch", "ours", "our median", "torch / ours", "goal", "met"]
    table = Section("goals", "", head, [goal.cells() for goal in goals(numbers)])
    return {
        PERFORMANCE: {"goals": [about, "", *table.markdown()[2:-1]]},
        README: {"readme": [*readme(numbers).markdown()[2:-1], "", short]},
    }


def serving(numbers: dict[str, Any]) -> dict[str, list[str]]:
    """The lines between the marks of docs/performance.md for the numbers of bench_serve.py."""
    return {
        "serve": [" · ".join(numbers["about"]), "", *serve_goals.table(numbers).markdown()[2:-1]],
    }


def filled(text: str, between: dict[str, list[str]]) -> str:
    """`text` with the parts between its marks replaced."""
    for name, lines in between.items():
        new = f"<!-- bench:{name} -->\n" + "\n".join(lines) + "\n<!-- /bench -->"
        old = f"<!-- bench:{name} -->.*?<!-- /bench -->"
        text = re.sub(old, lambda _, new=new: new, text, flags=re.DOTALL)
    return text


def main() -> None:
    PERFORMANCE.write_text(filled(PERFORMANCE.read_text(), serving(json.loads(KEPT_SERVING.read_text()))))
    if len(sys.argv) == 1:
        return
    found = Path(sys.argv[1])
    numbers = json.loads(found.read_text())
    if found.resolve() != KEPT:
        for suffix in (".html", ".json"):
            shutil.copyfile(found.with_suffix(suffix), KEPT.with_suffix(suffix))
    for path, between in tables(numbers).items():
        path.write_text(filled(path.read_text(), between))


if __name__ == "__main__":
    main()
