"""The project's goals beside what one run of `tickertape bench` measured: the lines of the docs' tables.

Times and ratios are of the fastest rounds, as on the page, and so is the verdict; the median is given too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tickertape.bench import one_core
from tickertape.bench.arrays import CALL, VISIBLE
from tickertape.bench.imports import NUMPY
from tickertape.bench.loop import ALONE, COPY, EVERY, TENTH
from tickertape.bench.memory import megabytes
from tickertape.bench.png import DRAWINGS, NOISE, PHOTOGRAPHS, PILLOW
from tickertape.bench.section import NONE, digits, duration, rate, ratio
from tickertape.bench.tails import CLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS, TORCH = "tickertape", "torch"
PLACES = {"other": "backend on the other core", "same": "on the same core"}
BUDGET_BYTES = 128 << 20  # $TICKERTAPE_QUEUE_BYTES


@dataclass
class Goal:
    """One line: what was measured here, and whether it is enough."""

    what: str
    ours: str
    goal: str
    met: bool | None
    torch: str = NONE
    median: str = NONE
    times: str = NONE

    def cells(self) -> list[str]:
        verdict = {True: "yes", False: "**no**", None: NONE}[self.met]
        return [self.what, self.torch, self.ours, self.median, self.times, self.goal, verdict]


class Found:
    """The numbers of one run, by short names."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        self.numbers = numbers

    def row(self, start: str) -> dict[str, dict[str, float]]:
        """The row of "What a call costs" that is called so, or starts so."""
        rows = self.numbers["calls"]
        (name,) = [start] if start in rows else [row for row in rows if row.startswith(start)]
        return dict(rows[name])

    def caller(self, what: str, start: str, goal: str, most_ns: float, least_times: float = 0) -> Goal:
        row = self.row(start)
        ours, torch = row[OURS]["best_ns"], row[TORCH]["best_ns"]
        met = ours <= most_ns and torch / ours >= least_times
        median = duration(row[OURS]["median_ns"])
        return Goal(what, duration(ours), goal, met, duration(torch), median, ratio(torch / ours))


def goals(numbers: dict[str, Any]) -> list[Goal]:
    """In the order in which the goals were set."""
    found = Found(numbers)
    curve = "add_pr_curve, 10,000"
    return [
        *_scalars(found),
        *_throughput(numbers),
        *_one_core(numbers),
        *_arrays(found),
        *_png(numbers["png"]),
        found.caller("`add_pr_curve`, 10,000, the call alone", f"{curve}, {CALL}", "≤ 30 µs", 3e4),
        found.caller("… until a reader can see it", f"{curve}, {VISIBLE}", "≥ 30 ×", 1e12, 30),
        *_loops(numbers),
        *_reading(numbers["reading"]),
        *_imports(numbers["imports"]),
        *_curves(numbers["curves"]),
    ]


def _scalars(found: Found) -> Iterator[Goal]:
    many, both = "add_scalar, float, 2", "≤ 110 ns, ≥ 500 ×"
    yield found.caller("`add_scalar(tag, float, step)`, the call alone", many, both, 110, 500)
    row = found.row(many)
    over = row[OURS]["best_ns"] / row["limit"]["best_ns"]
    yield Goal("… over the floor", ratio(over), "≤ 1.8 ×", over <= 1.8)
    for place, words in PLACES.items():
        if place in found.numbers["tails"]:
            tails = found.numbers["tails"][place]
            ours, torch = tails[OURS]["p99.9"], tails[TORCH]["p99.9"]
            yield Goal(f"… p99.9, {words}", duration(ours), "≤ 2 µs", ours <= 2000, duration(torch))
    busy = found.numbers.get("busy")  # a report from before it was measured has none
    if busy:
        ours, nothing = busy[OURS]["p99.99"], busy[CLOCK]["p99.99"]
        goal = f"≤ 5 × nothing at all ({duration(nothing)})"
        yield Goal("… p99.99 in a training loop, every core busy", duration(ours), goal, ours <= 5 * nothing)
    yield found.caller("… 1-element CPU tensor", "add_scalar, 1-element", "≤ 1.5 µs", 1500)
    log = "20 scalars of one step: log() here, 20 calls there"
    yield found.caller("20 scalars of one step: `log()`", log, "≤ 1.2 µs", 1200)
    yield found.caller("`flush()` with nothing new to write", "flush, nothing", "≤ 200 ns", 200)
    yield found.caller("`flush()` after 20 scalars", "flush, 20", "≤ 30 µs", 30_000)


def _throughput(numbers: dict[str, Any]) -> Iterator[Goal]:
    ours, torch = numbers["throughput"][OURS], numbers["throughput"][TORCH]
    fastest, median = 1e9 / ours["best_ns"], 1e9 / ours["median_ns"]
    theirs, times = rate(1e9 / torch["best_ns"]), ratio(torch["best_ns"] / ours["best_ns"])
    what = "scalars a second, call to file"
    yield Goal(what, rate(fastest), "≥ 3 M", fastest >= 3e6, theirs, rate(median), times)
    grown = f"+{megabytes(ours['grown_bytes'])}"
    bound = f"≤ {megabytes(BUDGET_BYTES)}"
    yield Goal("… memory at its peak", grown, bound, ours["grown_bytes"] <= BUDGET_BYTES)
    for place, words in PLACES.items():
        if place in numbers["backend"]:
            result = numbers["backend"][place]["backend"]
            fastest, median = 1e9 / result["best_ns"], 1e9 / result["median_ns"]
            what = f"… the backend alone, {words.removeprefix('backend ')}"
            yield Goal(what, rate(fastest), "≥ 3 M", fastest >= 3e6, median=rate(median))


def _one_core(numbers: dict[str, Any]) -> Iterator[Goal]:
    """From the call to the page cache; a report from before it was measured has none."""
    found = numbers.get("one-core", {}).get(one_core.CALLS)
    if found:
        time, median = duration(found["best_ns"]), duration(found["median_ns"])
        yield Goal("… on one core, the call included", time, "≤ 50 ns", found["best_ns"] <= 50, median=median)


def _arrays(found: Found) -> Iterator[Goal]:
    few, many, image = (
        *("add_histogram, 1,000 float64", "add_histogram, 1,000,000 float32"),
        "add_image, 512×512×3 uint8",
    )
    yield found.caller("`add_histogram`, 1,000 float64, the call alone", f"{few}, {CALL}", "≤ 3 µs", 3000)
    yield found.caller("`add_histogram`, 1 M float32, the call alone", f"{many}, {CALL}", "≤ 1 ms", 1e6)
    yield found.caller("… until a reader can see it", f"{many}, {VISIBLE}", "≥ 12 ×", 1e12, 12)
    yield found.caller("`add_image`, 512×512×3, the call alone", f"{image}, {CALL}", "≤ 200 µs", 2e5)


def _png(png: dict[str, Any]) -> Iterator[Goal]:
    """Speed and size over the sets of pictures; the peer is Pillow, which torch's writer calls."""
    for title, least, most in ((PHOTOGRAPHS, 60, 1.0), (DRAWINGS, 20, 1.15)):
        ours, pillow = png[title][OURS], png[title][PILLOW]
        speed = pillow["best_ns"] / ours["best_ns"]
        size = ours["size_of_raw"] / pillow["size_of_raw"]
        cells = [f"{digits(each['mb_per_s'])} MB/s, {each['size_of_raw']:.4f}" for each in (pillow, ours)]
        median = f"{digits(ours['mb_per_s'] * ours['best_ns'] / ours['median_ns'])} MB/s"
        yield Goal(
            f"PNG, {png[title]['pictures']} {title}: speed, bytes of PNG a raw byte",
            cells[1],
            f"≥ {least} ×, size ≤ {most:.2f} ×",
            speed >= least and size <= most,
            cells[0],
            median,
            f"{ratio(speed)}, size {size:.3f} ×",
        )
    ours, pillow = (png[NOISE][name]["size_of_raw"] for name in (OURS, PILLOW))
    yield Goal(
        "PNG, noise: bytes of PNG a raw byte", f"{ours:.4f}", "≤ 1.002", ours <= 1.002, f"{pillow:.4f}"
    )


def _loops(numbers: dict[str, Any]) -> Iterator[Goal]:
    """Step times with and without logging; a report from before they were measured in pairs has none."""
    for key, model in (("loop", "perceptron"), ("transformer", "transformer")):
        found = numbers.get(key, {})
        if "ratio" not in found.get(f"{OURS}, {EVERY.words}", {}):
            continue
        copy = found[f"{COPY}, {EVERY.words}"]["ratio"]["value"] - 1
        most = {EVERY: 1 + 1.3 * copy, TENTH: 1.01, ALONE: 1.002}
        for kind, bound in most.items():
            ours, torch = (found[f"{name}, {kind.words}"]["ratio"]["value"] for name in (OURS, TORCH))
            goal = f"≤ {bound:.3f}" + (f" (1.3 × the copy's {copy:.1%})" if kind is EVERY else "")
            what = f"step of a {model} with / without logging, {kind.words}"
            yield Goal(what, f"{ours:.4f}", goal, ours <= bound, f"{torch:.4f}")


def _reading(reading: dict[str, Any]) -> Iterator[Goal]:
    ours = reading[OURS]
    time, median = duration(ours["best_ns"]), duration(ours["median_ns"])
    met = ours["best_ns"] <= 0.15e9
    yield Goal("read 1 M scalars into columns", time, "≤ 0.15 s", met, median=median)
    server = reading.get("fast data server")
    if server:
        times = server["best_ns"] / ours["best_ns"]
        what = f"… beside the fast data server's loading ({duration(server['best_ns'])})"
        yield Goal(what, time, "≥ 8 ×", times >= 8, median=median, times=ratio(times))
    peak = ours["peak_bytes"]
    what = f"… memory of its process at its peak ({megabytes(ours['imported_bytes'])} once it is imported)"
    yield Goal(what, megabytes(peak), "≤ 100 MB", peak <= 100e6)


def _imports(imports: dict[str, Any]) -> Iterator[Goal]:
    ours, torch, numpy = (imports[name]["best_ns"] for name in (OURS, TORCH, NUMPY))
    over = imports[OURS]["over_numpy_ns"] / 1e6
    yield Goal(
        f"`import` (NumPy alone: {duration(numpy)})",
        f"{duration(ours)}, {over:.1f} ms after NumPy",
        "NumPy + 15 ms",
        over <= 15,
        duration(torch),
        duration(imports[OURS]["median_ns"]),
        ratio(torch / ours),
    )


def _curves(curves: dict[str, Any]) -> Iterator[Goal]:
    ours, torch = curves[OURS], curves[TORCH]
    for what, key, goal in (("threads", "threads", "+0"), ("open files", "files", NONE)):
        met = ours[key] <= 0 if goal != NONE else None
        yield Goal(f"`add_scalars`, 100 keys: {what}", f"{ours[key]:+d}", goal, met, f"{torch[key]:+d}")
