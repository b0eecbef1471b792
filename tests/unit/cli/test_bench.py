"""`python -m tickertape bench --quick`: its figures are of events that were written; its page needs no other file."""

import json
import re
import shutil
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from support import oracle
from tickertape import bench
from tickertape.bench import (
    contestants,
    floor,
    instructions,
    loop,
    paired,
    pictures,
    png,
    race,
    readback,
    section,
    svg,
    timing,
)
from tickertape.cli import main as command

PARTS = [
    "reading-large",
    "calls",
    "throughput",
    "png",
    "strips",
    "loop",
    "curves",
    "reading",
    "tails",
    "gate",
    "backend",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """One quick run of what takes seconds: its folder, numbers and page."""
    folder = tmp_path_factory.mktemp("bench")
    arguments = ["--quick", "--out", str(folder / "report.html"), "--json", str(folder / "report.json")]
    parts = [word for part in PARTS for word in ("--only", part)]
    assert command.main(["bench", *arguments, "--log-dir", str(folder / "events"), *parts]) == 0
    return folder, json.loads((folder / "report.json").read_text()), (folder / "report.html").read_text()


def test_every_event_that_was_timed_is_in_the_file(report):
    folder, numbers, _ = report
    for name in contestants.installed():
        (log_dir,) = (folder / "events").glob(f"*-throughput-{name}")
        (path,) = oracle.event_files(log_dir)
        events = oracle.load(path)
        steps = [event.step for event in events if event.summary.value]
        assert steps == list(range(numbers["throughput"][name]["events"]))
        assert {value.simple_value for event in events for value in event.summary.value} == {0.5}


def test_large_directories_are_read_by_everybody_who_is_here(report):
    """Each reader's answer was compared with what was written, or there would be no figures."""
    large = report[1]["reading-large"]
    assert set(large) == {"runs", "images", "events", "polars", "export"}
    assert set(large["runs"]) >= {"tickertape", "tbparse", "EventAccumulator"}
    for readers in large.values():
        for result in readers.values():
            assert 0 < result["best_ns"] <= result["median_ns"]
            assert 0 <= result["memory_bytes"] < 2**30


def test_figures_are_of_this_run(report):
    _, numbers, _ = report
    rows = {row: cells for row, cells in numbers["calls"].items() if row.startswith("add_scalar, float")}
    assert len(rows) == 2
    for cells in rows.values():
        for result in cells.values():
            assert 0 < result["best_ns"] <= result["median_ns"]
            assert (
                result["best_ns"] < 1e7
            )  # nobody takes 10 ms for a scalar; a figure in the wrong unit would
    for place in numbers["tails"].values():
        for tail in place.values():
            assert tail["calls"] == sum(tail["counts"])
            assert 0 < tail["p50"] <= tail["p99"] <= tail["p99.9"] <= tail["worst"]
            assert tail["late"]["preempted"] <= tail["late"]["calls"]
            assert tail["late"]["worst_else_ns"] <= tail["worst"]
    for place in numbers["backend"].values():
        assert 0 < place["backend"]["best_ns"] < 1e5  # nanoseconds an event
    assert set(numbers["gate"]) == {"add_scalar, float", "log() of 20 scalars", "flush, nothing new"}
    for row in numbers["gate"].values():
        assert 0 < row["before"]["best_ns"] < 1e7
        assert 0 < row["after"]["best_ns"] < 1e7
    for group in numbers["png"].values():
        assert 0 < group["tickertape"]["size_of_raw"] < 1.002
    assert (
        numbers["reading"]["tickertape"]["imported_bytes"] <= numbers["reading"]["tickertape"]["peak_bytes"]
    )


def check_loop(rows):
    """Checks a loop's numbers: a row for each writer and limit, each with its interval."""
    rows = {row: runs for row, runs in rows.items() if row != loop.NOTHING}
    assert len(rows) == len(loop.KINDS) * (1 + len(contestants.installed()))
    for runs in rows.values():
        assert 0 <= runs["logging"]["best_ns"] < runs["step"]["best_ns"]
        assert runs["ratio"]["low"] <= runs["ratio"]["value"] <= runs["ratio"]["high"]


def test_the_perceptron_has_ratios_and_their_intervals(report):
    check_loop(report[1]["loop"])


def test_the_transformer_has_ratios_and_their_intervals(tmp_path):
    plan = race.Plan(tmp_path, quick=True, contestants=contestants.installed())
    check_loop(bench.PARTS["transformer"](plan).data)


def test_busy_cores_and_one_core(tmp_path):
    plan = race.Plan(tmp_path, quick=True, contestants=contestants.installed())
    for tail in bench.PARTS["busy"](plan).data.values():
        assert 0 < tail["p50"] <= tail["p99.9"] <= tail["p99.99"] <= tail["worst"]
    for result in bench.PARTS["one-core"](plan).data.values():
        assert 0 < result["best_ns"] <= result["median_ns"] < 1e6


def test_a_figure_is_the_median_and_the_fastest(report):
    """The one convention: cells of the page from the numbers beside them."""
    _, numbers, text = report
    page = ET.fromstring(text.split("\n", 1)[1])
    rows = {}  # a call has a row in more than one table
    for row in page.iter("tr"):
        rows.setdefault(row[0].text, []).extend(cell.text for cell in row)
    for name, found in numbers["calls"].items():
        if name in rows:
            median, best = (section.duration(found["tickertape"][key]) for key in ("median_ns", "best_ns"))
            assert section.with_best(median, best) in rows[name]
    assert section.CONVENTION in "".join(page.itertext())


def test_page_is_complete_in_itself(report):
    _, numbers, text = report
    assert text.startswith("<!DOCTYPE html>\n")
    page = ET.fromstring(text.split("\n", 1)[1])
    kinds = {element.tag.rsplit("}", 1)[-1] for element in page.iter()}
    assert not kinds & {"script", "link", "img", "iframe", "object", "image", "use"}
    fetched = {name for element in page.iter() for name in element.attrib if name in {"src", "href", "data"}}
    assert not fetched
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    plots = page.findall(".//{http://www.w3.org/2000/svg}svg")
    assert len(plots) == 9  # four in the overview; tails, throughput, two of PNG, loop
    rows = ["".join(row.itertext()) for row in page.iter("tr")]
    for name in numbers["calls"]:
        assert any(row.startswith(name) for row in rows)


def test_lost_events_give_no_figure(tmp_path, monkeypatch):
    def open_forgetful(name, log_dir):
        writer = contestants.open_writer(name, log_dir)
        add_scalar = writer.add_scalar

        class Forgetful:
            flush, close = writer.flush, writer.close

            def add_scalar(self, tag, value, step):
                if step != 3:
                    add_scalar(tag, value, step)

        return Forgetful()

    monkeypatch.setattr("tickertape.bench.throughput.open_writer", open_forgetful)
    plan = race.Plan(tmp_path, quick=True, contestants=[contestants.OURS])
    with pytest.raises(readback.WrongAnswerError, match="expected"):
        bench.PARTS["throughput"](plan)


def test_without_peers_compiler_or_valgrind(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(contestants, "importable", lambda _: False)
    for module in ("calls", "arrays", "png", "loop", "reading"):
        monkeypatch.setattr(f"tickertape.bench.{module}.importable", lambda _: False)
    monkeypatch.setattr(pictures, "photographs", list)
    monkeypatch.setenv("CC", "tickertape-has-no-such-compiler")
    parts = ["calls", "png", "loop", "reading", "imports", "instructions"]
    assert bench.run(quick=True, log_dir=str(tmp_path / "events"), only=parts) == 0
    printed = capsys.readouterr().out
    assert "The floor under add_scalar was not measured" in printed
    assert "valgrind is not installed here" in printed
    assert "No photographs are installed" in printed
    assert "in NumPy" in printed
    assert "torch /" not in printed
    assert "the compiler 'tickertape-has-no-such-compiler' cannot be run" in printed
    assert not re.search(r"\| [-+−]?-\d", printed)  # no time is negative
    imported = re.search(r"\| tickertape +\| [^|]+\| ([\d.]+) ms", printed)
    assert float(imported[1]) > 0


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_instructions_repeat(tmp_path):
    plan = bench.make_plan(tmp_path, quick=True)
    found, again = (bench.PARTS["instructions"](plan).data for _ in range(2))
    scalar = found["add_scalar, float"]
    assert found["the loop alone"] < found["flush(), nothing new"] < scalar
    assert scalar < found["log() of 20 scalars"] < 20 * scalar
    for name in ("add_scalar, float", "log() of 20 scalars", "flush(), nothing new"):
        assert found[name + instructions.AFTER] == pytest.approx(found[name], rel=0.005), name
    for name, count in again.items():
        # NumPy's own part depends on where its types lie: half a percent from run to run. Elsewhere a thousandth is the
        # backend's thread that comes by in between.
        with_numpy = name in ("add_scalar, 0-d ndarray", "add_histogram, 1,000 float64")
        assert count == pytest.approx(found[name], rel=0.02 if with_numpy else 1e-3)


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a compiler")
def test_a_missing_header_is_named_without_the_compilers_output(tmp_path, monkeypatch):
    monkeypatch.setattr(floor, "_SOURCES", tmp_path)
    (tmp_path / "gone.c").write_text('#include "tickertape_has_no_such_header.h"\n')
    (tmp_path / "wrong.c").write_text("nonsense\n")
    for source, words in (
        ("gone.c", "tickertape_has_no_such_header.h is not installed"),
        ("wrong.c", "cc cannot compile it"),
    ):
        with pytest.raises(floor.CannotBuildError) as caught:
            floor.compile_shared(source, tmp_path / "out.so")
        assert str(caught.value).endswith(words)
        assert "error" not in str(caught.value)


def test_a_loop_that_logged_nothing_is_no_measurement(tmp_path):
    lane = loop.Lane("someone", loop.EVERY, model=None, steps=9)
    with pytest.raises(readback.WrongAnswerError, match="expected a logged step, got 9 steps without one"):
        lane.check(tmp_path)


@pytest.mark.parametrize("size", [1, 3, 6, 9, 40, 1000])
def test_interval_of_a_median_is_scipys(size):
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(size).normal(1, 0.1, size)
    found = paired.estimate(values)
    assert found.value == pytest.approx(np.median(values))
    interval = stats.quantile_test(values, p=0.5).confidence_interval(paired.CONFIDENCE)
    # Of few values no order statistic is far enough out; then it is all of them.
    assert found.low == pytest.approx(values.min() if np.isnan(interval.low) else interval.low)
    assert found.high == pytest.approx(values.max() if np.isnan(interval.high) else interval.high)


def test_blocks_of_a_turn_are_compared():
    ran = []
    blocks = [
        paired.Block(name, lambda name=name: ran.append(name), one_in=n) for name, n in (("a", 1), ("b", 2))
    ]
    paired.take_turns(blocks, 4, lambda: ran.append("before"))
    assert (ran.count("a"), ran.count("b"), ran.count("before")) == (4, 2, 6)
    assert sorted(blocks[1].taken_ns) == [0, 2]
    blocks[0].taken_ns, blocks[1].taken_ns = {0: 2, 1: 3, 2: 4, 3: 5}, {0: 6, 2: 8}
    assert paired.ratios(blocks[1], blocks[0]) == [3, 2]


def test_unknown_part(capsys):
    assert command.main(["bench", "--only", "nothing"]) == 2
    assert "there are calls, tails" in capsys.readouterr().err


def test_percentiles_and_shares():
    found = timing.percentiles(list(range(10_001)))
    assert found == {"p50": 5000, "p99": 9900, "p99.9": 9990, "p99.99": 9999, "worst": 10_000}
    assert svg.share_above([1, 2, 1]) == pytest.approx([0.75, 0.25, 0])


def test_the_unit_is_said_once():
    assert section.with_best("52.1 µs", "39.4 µs") == "52.1 µs (39.4)"
    assert section.with_best("1.03 µs", "998 ns") == "1.03 µs (998 ns)"
    assert section.with_best("16,119", "15,000") == "16,119 (15,000)"


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (0.5, "0.5 ns"),
        (59.96, "60 ns"),
        (999.7, "1 µs"),
        (75_240, "75.2 µs"),
        (1.5e6, "1.5 ms"),
        (2e9, "2 s"),
    ],
)
def test_durations(nanoseconds, words):
    assert section.duration(nanoseconds) == words


def test_stand_ins_are_pictures():
    image = pictures.clouds(64)
    assert (image.shape, image.dtype.name) == ((64, 64, 3), "uint8")
    assert len(png.inflate(png._core.encode_png(image))) == image.nbytes + 64


def test_drawings_with_and_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    without = pictures.drawings()
    monkeypatch.undo()
    for found in (without, pictures.drawings()):
        assert len(found) == 10
        assert {(image.dtype.name, image.ndim, image.shape[2]) for image in found} == {("uint8", 3, 3)}
        for image, again in zip(found, without if found is without else pictures.drawings(), strict=True):
            np.testing.assert_array_equal(image, again)
