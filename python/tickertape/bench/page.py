"""The report as one HTML page (well-formed XML too): its style and plots are inside, nothing is fetched."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tickertape.bench.overview import charts
from tickertape.bench.section import CONVENTION, NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickertape.bench.section import Section

_STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --back: #ffffff; --line: #d8dde3; --muted: #868e96;
  --ours: #1971c2; --torch: #e8590c; --tensorboardx: #f08c00; --floor: #2f9e44; --other: #9c36b5; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --back: #14171a; --line: #363c43; --muted: #868e96;
  --ours: #4dabf7; --torch: #ff922b; --tensorboardx: #ffd43b; --floor: #69db7c; --other: #da77f2; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 68rem;
  margin: 2rem auto; padding: 0 1rem; }
.overview { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 0 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.5rem; text-align: right; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 11rem; position: sticky; left: 0;
  background: var(--back); }
@media print { body { max-width: none; margin: 0; } table { font-size: 8pt; } tr, svg { break-inside: avoid; }
  th, td { padding: 0.1rem 0.3rem; } .wide { overflow: visible; } }
svg { width: 100%; height: auto; display: block; margin: 1rem 0; }
svg text { font: 12px system-ui, sans-serif; fill: var(--text); }
svg text.title { font-size: 14px; font-weight: 600; }
svg text.label { fill: var(--muted); }
svg line.grid { stroke: var(--line); stroke-width: 1; }
.about, li { color: var(--muted); }
"""


def page(sections: Sequence[Section], about: Sequence[str]) -> str:
    """The whole page; `about` are the lines about machine and versions."""
    lines = "<br />".join(escape(line) for line in [*about, CONVENTION])
    overview = "".join(f"<div>{chart}</div>" for chart in charts(sections))
    body = "".join(_section(section) for section in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" />'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />'
        f"<title>tickertape bench</title><style>{_STYLE}</style></head><body>"
        f'<h1>tickertape bench</h1><div class="overview">{overview}</div><p class="about">{lines}</p>'
        f"{body}</body></html>\n"
    )


def _section(section: Section) -> str:
    return f"<h2>{escape(section.title)}</h2>{section.figure}{_table(section)}{_notes(section)}\n"


def _table(section: Section) -> str:
    if not section.rows:
        return ""
    order = _ratios_first(section)
    head = "".join(f"<th>{escape(section.head[column])}</th>" for column in order)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(row[column])}</td>" for column in order) + "</tr>"
        for row in section.rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _ratios_first(section: Section) -> list[int]:
    """The columns in the page's order: the name, the ratios, the rest."""
    columns = range(1, len(section.head))
    cells = {column: {row[column] for row in section.rows} - {NONE} for column in columns}
    ratios = [column for column in columns if cells[column] and all(c.endswith(" ×") for c in cells[column])]
    return [0, *ratios, *(column for column in columns if column not in ratios)]


def _notes(section: Section) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    return f"<ul>{items}</ul>" if items else ""
