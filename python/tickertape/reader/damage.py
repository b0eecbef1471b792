"""What could not be read of a file, as a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tickertape.convert import notices

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 5
_OVERHEAD_BYTES = 16  # of a record: length, its CRC, and the CRC of the data


class DamageWarning(UserWarning):
    """Part of a file could not be read and was skipped.

    Attributes:
        path: the file.
        regions: (offset, length in bytes) of each part, in file order.
        causes: what each part is; empty if nothing is known of them.
    """

    def __init__(self, path: str, regions: list[tuple[int, int]], causes: Sequence[str] = ()) -> None:
        self.path = path
        self.regions = regions
        self.causes = list(causes)
        shown = [f"{length} bytes at {offset}" for offset, length in regions[:_SHOWN]]
        if causes:
            shown = [f"{place} ({cause})" for place, cause in zip(shown, causes[:_SHOWN], strict=True)]
        more = f" and {len(regions) - _SHOWN} more" if len(regions) > _SHOWN else ""
        super().__init__(f"{path}: skipped {', '.join(shown)}{more}")

    def __reduce__(self) -> tuple[type[DamageWarning], tuple[str, list[tuple[int, int]], list[str]]]:
        """For copy and pickle."""
        return DamageWarning, (self.path, self.regions, self.causes)


def warn(path: str, regions: list[tuple[int, int]], causes: Sequence[str] = ()) -> None:
    """One DamageWarning for a file, if there is something to say."""
    if regions:
        notices.warn(DamageWarning(path, regions, causes))


def warn_of_places(places: Sequence[tuple[str, int, int, str]]) -> None:
    """One DamageWarning for each file of `places`: path, offset, length and cause of what was skipped."""
    for path in dict.fromkeys(place[0] for place in places):
        here = [place for place in places if place[0] == path]
        warn(path, [(offset, length) for _, offset, length, _ in here], [cause for *_, cause in here])


class _Row(Protocol):
    file: str
    tag: str
    step: int
    offset: int
    length: int


def warn_of_row(row: _Row, error: ValueError) -> None:
    """A DamageWarning for a value that is in its file, but cannot be decoded."""
    cause = f"{row.tag!r} at step {row.step}: {error}"
    notices.warn(DamageWarning(row.file, [(row.offset, row.length + _OVERHEAD_BYTES)], [cause]))
