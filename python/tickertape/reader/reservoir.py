"""TensorBoard's sampling: at most so many values of a tag, the same ones that its reservoir keeps."""

from __future__ import annotations

import random
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Reservoir(Generic[Item]):
    """The values of one tag, as `tensorboard.backend.event_processing.reservoir` keeps them: the same random numbers.

    Args:
        size: how many are kept; 0 keeps all.
        always_keep_last: whether the newest is always among them.
    """

    def __init__(self, size: int, *, always_keep_last: bool) -> None:
        self.items: list[Item] = []
        self._size = size
        self._always_keep_last = always_keep_last
        self._seen = 0
        self._random = random.Random(0)  # noqa: S311  # TensorBoard's seed: a sample, no secret

    def add(self, item: Item) -> None:
        """Takes one more value, or drops it."""
        if self._size == 0 or len(self.items) < self._size:
            self.items.append(item)
        else:
            place = self._random.randint(0, self._seen)
            if place < self._size:
                self.items.pop(place)
                self.items.append(item)
            elif self._always_keep_last:
                self.items[-1] = item
        self._seen += 1

    def keep(self, items: list[Item]) -> None:
        """Keeps only these of its values; the number of those seen is scaled by as much."""
        share = len(items) / len(self.items) if self.items else 0
        self.items = items
        self._seen = round(self._seen * share)
