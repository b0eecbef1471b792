"""The table that `make bench` prints: a row a measurement, a column a contestant, and the machine above it.

Fed by the Race fixture in conftest.py; the same table goes to build/bench.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tickertape.bench.contestants import OURS, TENSORBOARDX, TORCH
from tickertape.bench.section import NONE, machine, versions

COLUMNS = (TORCH, TENSORBOARDX, OURS)


@dataclass
class Row:
    """One line: a cell a contestant, and torch's figure over ours in `ratio`."""

    name: str
    cells: dict[str, str]
    ratio: str = NONE


@dataclass
class Report:
    """Rows and notes in the order in which they were measured."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, cells: dict[str, str], ratio: str = NONE) -> None:
        self.rows.append(Row(name, cells, ratio))

    def lines(self) -> list[str]:
        """Markdown, padded so that it reads in a terminal."""
        head = ["what", *COLUMNS, "torch / ours"]
        body = [[row.name, *(row.cells.get(name, NONE) for name in COLUMNS), row.ratio] for row in self.rows]
        widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
        rule = ["-" * width for width in widths]
        table = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in [head, rule, *body]
        ]
        return [machine(), versions(), "", *table, "", *(f"- {note}" for note in self.notes)]
