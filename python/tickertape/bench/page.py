"""The report as one HTML page (well-formed XML too): its style and plots are inside, nothing is fetched."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tickertape.bench.section import CONVENTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickertape.bench.section import Section

_STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --back: #ffffff; --line: #d8dde3; --muted: #868e96;
  --ours: #1971c2; --torch: #e8590c; --tensorboardx: #f08c00; --floor: #2f9e44; --other: #9c36b5; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --back: #14171a; --line: #363c43; --muted: #868e96;
  --ours: #4dabf7; --torch: #ff922b; --tensorboardx: #ffd43b; --floor: #69db7c; --other: #da77f2; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
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
    body = "".join(_section(section) for section in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" />'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />'
        f"<title>tickertape bench</title><style>{_STYLE}</style></head><body>"
        f'<h1>tickertape bench</h1><p class="about">{lines}</p>{body}</body></html>\n'
    )


def _section(section: Section) -> str:
    return f"<h2>{escape(section.title)}</h2>{section.figure}{_table(section)}{_notes(section)}\n"


def _table(section: Section) -> str:
    if not section.rows:
        return ""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in section.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _notes(section: Section) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    return f"<ul>{items}</ul>" if items else ""
