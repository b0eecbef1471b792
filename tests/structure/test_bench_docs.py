"""The figures of README.md and docs/performance.md are those of the report that is kept in docs/."""

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="not in a checkout")

# A figure as the page and the docs spell it: 52.1 µs, 1,157 ×, +0, 7.51 M, 0.5430, 6.7%.
FIGURE = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?: (?:ns|µs|ms|s|M|MB/s|MB|×)(?![\w/])|%)?")


@pytest.fixture(scope="module")
def fill_docs():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import fill_docs
    finally:
        sys.path.pop(0)
    return fill_docs


@pytest.fixture(scope="module")
def tables(fill_docs):
    return fill_docs.tables(json.loads(fill_docs.KEPT.read_text()))


def test_both_files_are_as_the_kept_report_fills_them(fill_docs, tables):
    for path, between in tables.items():
        text = path.read_text()
        assert all(f"<!-- bench:{name} -->" in text for name in between)
        assert fill_docs.filled(text, between) == text


def test_the_section_on_serving_is_as_its_report_fills_it(fill_docs):
    text = fill_docs.PERFORMANCE.read_text()
    between = fill_docs.serving(json.loads(fill_docs.KEPT_SERVING.read_text()))
    assert "<!-- bench:serve -->" in text
    assert fill_docs.filled(text, between) == text
    _, _, rest = text.partition("<!-- bench:serve -->")
    prose = rest.partition("<!-- /bench -->")[2].partition("\n## ")[0]
    # What is not met is explained with its figure.
    missed = [
        cells
        for line in between["serve"]
        if (cells := [cell.strip() for cell in line.split("|")])[-2:-1] == ["**no**"]
    ]
    assert [cells[1] for cells in missed if cells[6] not in prose] == []


def test_each_figure_stands_on_the_page(fill_docs, tables):
    page = ET.fromstring(fill_docs.KEPT.with_suffix(".html").read_text().split("\n", 1)[1])
    shown = {figure for cell in page.iter("td") for figure in figures("".join(cell.itertext()))}
    for between in tables.values():
        for lines in between.values():
            rows = [line.strip("| ").split("|") for line in lines if line.startswith("|")][2:]
            columns = range(1, 5) if len(rows[0]) > 4 else range(1, 4)  # not the name, the goal, the verdict
            found = {figure for row in rows for column in columns for figure in figures(row[column])}
            assert found
            assert found <= shown


def figures(text):
    """The content of a cell; in `52.1 µs (39.4)` the second has the unit of the first."""
    text = re.sub(
        r"([\d,.]+) (\S+) \(([\d,.]+)\)",
        lambda each: f"{each[1]} {each[2]} {each[3]} {each[2]}",
        text,
    )
    return FIGURE.findall(text)


def test_figures_are_told_apart():
    assert figures("52.1 µs (39.4)") == ["52.1 µs", "39.4 µs"]
    assert figures("541 MB/s (560), 0.543") == ["541 MB/s", "560 MB/s", "0.543"]
    assert figures("1.03 µs (998 ns)") == ["1.03 µs", "998 ns"]
    assert figures("48.2 ×, size 0.992 ×") == ["48.2 ×", "0.992 ×"]
    assert figures("+100 | 6.7% | 75.5 ms, +6.2 ms") == ["+100", "6.7%", "75.5 ms", "+6.2 ms"]
    assert figures("270 ns (1.2 µs) 16,119 (15,000)") == ["270 ns", "1.2 µs", "16,119", "15,000"]


def test_what_is_not_met_is_explained_with_its_figure(fill_docs):
    _, _, rest = fill_docs.PERFORMANCE.read_text().partition("### What is not met, and why\n")
    prose = rest.partition("\n### ")[0]
    missed = [goal for goal in fill_docs.goals(json.loads(fill_docs.KEPT.read_text())) if goal.met is False]
    assert prose.count("\n**") == len(missed)
    assert [goal.what for goal in missed if goal.ours not in prose] == []


def test_the_instructions_of_the_prose_are_the_reports(fill_docs):
    count = round(json.loads(fill_docs.KEPT.read_text())["instructions"]["add_scalar, float"])
    assert f"{count} since" in fill_docs.PERFORMANCE.read_text()
    assert f"takes {count} instead" in (ROOT / "CHANGELOG.md").read_text()
