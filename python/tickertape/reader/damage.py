"""What could not be read of a file, as a warning."""

from __future__ import annotations

from tickertape.convert import notices


class DamageWarning(UserWarning):
    """Part of a file could not be read and was skipped.

    Attributes:
        path: the file.
        regions: (offset, length in bytes) of each part, in file order.
    """

    def __init__(self, path: str, regions: list[tuple[int, int]]) -> None:
        self.path = path
        self.regions = regions
        places = ", ".join(f"{length} bytes at {offset}" for offset, length in regions[:5])
        more = f" and {len(regions) - 5} more" if len(regions) > 5 else ""
        super().__init__(f"{path}: skipped {places}{more}")

    def __reduce__(self) -> tuple[type[DamageWarning], tuple[str, list[tuple[int, int]]]]:
        """For copy and pickle."""
        return DamageWarning, (self.path, self.regions)


def warn(path: str, regions: list[tuple[int, int]]) -> None:
    """One DamageWarning for a file, if there is something to say."""
    if regions:
        notices.warn(DamageWarning(path, regions))
