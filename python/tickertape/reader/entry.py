"""The values of one tag in one run, file by file. Needs NumPy only once a column is asked for: a server starts without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from tickertape.reader.scan import Piece


class Entry:
    """The values of one tag in one run, file by file. A log directory has one for each tag of each run, so it is small."""

    __slots__ = ("_counts", "pieces", "run", "tag")

    def __init__(self, run: str, tag: str, pieces: Sequence[Piece]) -> None:
        self.run = run
        self.tag = tag
        self.pieces = pieces
        self._counts: list[int] | None = None

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def counts(self) -> list[int]:
        """Of each piece the number of rows that count."""
        if self._counts is None:
            self._counts = [_count(piece) for piece in self.pieces]
        return self._counts

    @property
    def has_rows(self) -> bool:
        """Whether any row counts: without counting them. A series has at least one."""
        for piece in self.pieces:  # noqa: SIM110  # any() takes twice as long, and nearly every entry has one piece
            if piece.live is None or piece.live.any():
                return True
        return False

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column of its series; the file's own memory if it is one file of which everything counts."""
        return column_of(self.pieces, name)

    @property
    def metadata(self) -> bytes:
        """The SummaryMetadata of the first value."""
        return next((piece.series.metadata for piece in self.pieces if piece.series.metadata), b"")


def live(piece: Piece, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The rows of a column that count."""
    return values if piece.live is None else values[piece.live]


def column_of(pieces: Sequence[Piece], name: str) -> npt.NDArray[Any]:
    """One column of series; the file's own memory if it is one series of which every row counts."""
    if len(pieces) == 1 and pieces[0].live is None:
        column: npt.NDArray[Any] = getattr(pieces[0].series, name)
        return column
    return _core.join_columns([piece.series for piece in pieces], [piece.live for piece in pieces], name)


def _count(piece: Piece) -> int:
    return len(piece.series) if piece.live is None else int(piece.live.sum())
