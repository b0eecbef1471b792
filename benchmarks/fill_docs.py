"""Fills the tables of README.md and docs/performance.md from the JSON of `tickertape bench`.

    python benchmarks/fill_docs.py bench.json

What stands between `<!-- bench:NAME -->` and `<!-- /bench -->` is replaced; everything else is left alone.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickertape.bench.section import NONE, Section, digits, duration, ratio

ROOT = Path(__file__).parents[1]


@dataclass
class Goal:
    """One line of the project's goals: what was measured here, and whether it is enough."""

    what: str
    torch: str
    ours: str
    times: str
    goal: str
    met: bool | None

    def cells(self) -> list[str]:
        verdict = {True: "yes", False: "**no**", None: NONE}[self.met]
        return [self.what, self.torch, self.ours, self.times, self.goal, verdict]


class Found:
    """The numbers of one run, by short names; times are of the fastest rounds, in nanoseconds."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        self.numbers = numbers

    def call(self, start: str, who: str = "tickertape") -> float:
        rows = self.numbers["calls"] | self.numbers["imports"]
        (row,) = [row for row in rows if row.startswith(start)]
        return float(rows[row][who]["best_ns"])

    def caller(self, what: str, start: str, most_ns: float, goal: str, least_times: float = 0) -> Goal:
        ours, torch = self.call(start), self.call(start, "torch")
        met = ours <= most_ns and torch / ours >= least_times
        return Goal(what, duration(torch), duration(ours), ratio(torch / ours), goal, met)


def goals(numbers: dict[str, Any]) -> list[Goal]:
    """The rows of the project's goals, in their order."""
    found = Found(numbers)
    scalar, floor = found.call("add_scalar, float, 2"), found.call("add_scalar, float, 2", "limit")
    tails = {place: part["latency"]["tickertape"]["p99.9"] for place, part in numbers["tails"].items()}
    in_all = "{}, in all"
    histogram, curve = "add_histogram, 1,000,000 float32", "add_pr_curve, 10,000"
    rate = numbers["throughput"]["tickertape"]["best_events_per_s"]
    core = min(
        part["backend"]["events"] / part["backend"]["backend_cpu_ns"] * 1e9
        for part in numbers["tails"].values()
    )
    imports = found.call("import"), found.call("import", "NumPy alone")
    read = numbers["reading"]["tickertape"]["best_ns"]
    server = numbers["reading"].get("fast data server", {}).get("best_ns")
    return [
        found.caller("`add_scalar(tag, float, step)`, caller", "add_scalar, float, 2", 110, "≤ 110 ns, ≥ 500 ×", 500),
        Goal("… over the floor", NONE, ratio(scalar / floor), NONE, "≤ 1.8 ×", scalar <= 1.8 * floor),
        *(
            Goal(f"… p99.9, {words}", duration(numbers["tails"][place]["latency"]["torch"]["p99.9"]), duration(tails[place]), NONE, "≤ 2 µs", tails[place] <= 2000)
            for place, words in (("other", "backend on the other core"), ("same", "on the same core"))
            if place in tails
        ),
        found.caller("… 1-element CPU tensor", "add_scalar, 1-element", 1500, "≤ 1.5 µs"),
        found.caller("20 scalars of one step: `log()`", "20 scalars", 1200, "≤ 1.2 µs"),
        found.caller("`flush()`, nothing new", "flush, nothing", 200, "≤ 200 ns"),
        found.caller("`flush()`, 20 new scalars", "flush, 20", 30_000, "≤ 30 µs"),
        Goal("scalars a second, call to file", digits(numbers["throughput"]["torch"]["best_events_per_s"]), digits(rate), ratio(rate / numbers["throughput"]["torch"]["best_events_per_s"]), "≥ 3 M", rate >= 3e6),
        Goal("… the backend alone, a core", NONE, digits(core), NONE, "≥ 3 M", core >= 3e6),
        found.caller("`add_histogram`, 1,000 float64, caller", "add_histogram, 1,000 float64, caller", 3000, "≤ 3 µs"),
        found.caller("`add_histogram`, 1 M float32, caller", f"{histogram}, caller", 1e6, "≤ 1 ms"),
        found.caller("… in all", in_all.format(histogram), 1e12, "≥ 12 ×", 12),
        found.caller("`add_image`, 512×512×3, caller", "add_image, 512×512×3 uint8, caller", 2e5, "≤ 200 µs"),
        *png_goals(numbers["png"]),
        found.caller("`add_pr_curve`, 10,000, caller", f"{curve}, caller", 3e4, "≤ 30 µs"),
        found.caller("… in all", in_all.format(curve), 1e12, "≥ 30 ×", 30),
        Goal("read 1 M scalars into columns", NONE, duration(read), NONE, "≤ 0.15 s", read <= 0.15e9),
        *([Goal("… beside the fast data server's loading", duration(server), duration(read), ratio(server / read), "≥ 8 ×", server >= 8 * read)] if server else []),
        Goal("`import`", duration(found.call("import", "torch")), duration(imports[0]), ratio(found.call("import", "torch") / imports[0]), f"NumPy ({duration(imports[1])}) + 15 ms", imports[0] <= imports[1] + 15e6),
        Goal("`add_scalars`, 100 keys: threads", f"{numbers['curves']['torch']['threads']:+d}", f"{numbers['curves']['tickertape']['threads']:+d}", NONE, "+0", numbers["curves"]["tickertape"]["threads"] <= 0),
    ]  # fmt: skip


def png_goals(png: dict[str, Any]) -> list[Goal]:
    """Speed and size over both sets of pictures; the peer is Pillow, which torch's writer calls."""
    lines = []
    for (title, found), (least, most) in zip(png.items(), ((40, 1.12), (15, 1.6)), strict=True):
        ours, pillow = found["tickertape"], found["Pillow, default"]
        speed = ours["mb_per_s"] / pillow["mb_per_s"]
        size = ours["size_of_raw"] / pillow["size_of_raw"]
        cells = [f"{digits(each['mb_per_s'])} MB/s, {each['size_of_raw']:.3f}" for each in (pillow, ours)]
        times = f"{ratio(speed)}, size {size:.3f} ×"
        goal = f"≥ {least} ×, size ≤ {most} ×"
        lines.append(
            Goal(
                f"PNG, {title}: speed, size of raw",
                cells[0],
                cells[1],
                times,
                goal,
                speed >= least and size <= most,
            )
        )
    return lines


def readme(numbers: dict[str, Any]) -> Section:
    """The lines that a visitor looks for."""
    section = Section("readme", "", ["", "torch", "tickertape", ""])
    wanted = (
        "`add_scalar(",
        "`flush()`, nothing",
        "scalars a second",
        "`add_histogram`, 1 M",
        "`add_image`",
        "PNG, ",
    )
    for goal in goals(numbers):
        if goal.what.startswith(wanted):
            section.rows.append([goal.what, goal.torch, goal.ours, goal.times])
    for every in ("every step", "every 10th step"):
        torch, ours = (numbers["loop"][f"{name}, {every}"]["share"] for name in ("torch", "tickertape"))
        what = f"share of a training loop, 20 scalars and 10 histograms {every}"
        section.rows.append([what, f"{torch:.1%}", f"{ours:.1%}", ratio(torch / ours)])
    return section


def fill(path: Path, tables: dict[str, list[str]]) -> None:
    """Replaces what stands between the marks."""
    text = path.read_text()
    for name, lines in tables.items():
        between = f"<!-- bench:{name} -->\n" + "\n".join(lines) + "\n<!-- /bench -->"
        text = re.sub(
            f"<!-- bench:{name} -->.*?<!-- /bench -->", lambda _, new=between: new, text, flags=re.DOTALL
        )
    path.write_text(text)


def main() -> None:
    numbers = json.loads(Path(sys.argv[1]).read_text())
    about = [" · ".join(numbers["about"]), ""]
    table = Section("goals", "", ["what", "torch", "ours", "torch / ours", "goal", "met"])
    table.rows = [goal.cells() for goal in goals(numbers)]
    fill(ROOT / "docs" / "performance.md", {"goals": about + table.markdown()[2:-1]})
    fill(ROOT / "README.md", {"readme": [*readme(numbers).markdown()[2:-1], "", *about[:1]]})


if __name__ == "__main__":
    main()
