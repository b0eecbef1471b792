"""Which values of a tag TensorBoard's EventAccumulator keeps: its reservoir sampling and what restarts remove.

The numbers are those of tensorboard/backend/event_processing/reservoir.py, random ones included: each tag has a generator
of its own with seed 0, so that what is kept of a tag depends on the number of its values alone.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

_SEED = 0


class Purge(NamedTuple):
    """At position `at` of a run, what came before and has a step of at least `step` becomes void."""

    at: int
    step: int


class Sampler:
    """What a reservoir of `size` items (0: unlimited) keeps of the values of each tag."""

    def __init__(self, size: int, *, keeps_last: bool = True) -> None:
        self.size = size
        self.keeps_last = keeps_last
        self._kept: dict[
            int, npt.NDArray[np.int64]
        ] = {}  # tags with the same number of values keep the same ones

    def kept(
        self, at: npt.NDArray[np.int64], step: npt.NDArray[np.int64], purges: Sequence[Purge]
    ) -> npt.NDArray[np.int64]:
        """Indices of the values that are kept, in the order in which the reservoir has them.

        Args:
            at: [n] positions in the run, ascending.
            step: [n].
            purges: by position.
        """
        if self.size == 0 or len(at) <= self.size:
            return np.flatnonzero(_survives(at, step, purges))
        if not purges:
            return self._sampled(len(at))
        bucket = _Bucket(self)
        first = 0
        for purge in purges:
            end = int(np.searchsorted(at, purge.at))
            bucket.extend(range(first, end))
            bucket.keep(lambda item, bound=purge.step: bool(step[item] < bound))  # type: ignore[misc]
            first = end
        bucket.extend(range(first, len(at)))
        return np.array(bucket.items, dtype=np.int64)

    def _sampled(self, count: int) -> npt.NDArray[np.int64]:
        if count not in self._kept:
            bucket = _Bucket(self)
            bucket.extend(range(count))
            if len(self._kept) >= 64:  # a file being written has another number at each Reload
                self._kept.clear()
            self._kept[count] = np.array(bucket.items, dtype=np.int64)
        return self._kept[count]


class _Bucket:
    """One tag's reservoir, step by step as TensorBoard has it."""

    def __init__(self, sampler: Sampler) -> None:
        self.items: list[int] = []
        self._sampler = sampler
        self._seen = 0
        self._random = random.Random(_SEED)  # noqa: S311  # TensorBoard's choice, which is to be the same

    def extend(self, added: range) -> None:
        size, keeps_last = self._sampler.size, self._sampler.keeps_last
        room = max(0, size - len(self.items))
        self.items += added[:room]
        self._seen += len(added[:room])
        for item in added[room:]:
            place = self._random.randint(0, self._seen)
            if place < size:
                self.items.pop(place)
                self.items.append(item)
            elif keeps_last:
                self.items[-1] = item
            self._seen += 1

    def keep(self, is_kept: Callable[[int], bool]) -> None:
        before = len(self.items)
        self.items = [item for item in self.items if is_kept(item)]
        share = len(self.items) / before if before else 0
        self._seen = round(self._seen * share)


def _survives(
    at: npt.NDArray[np.int64], step: npt.NDArray[np.int64], purges: Sequence[Purge]
) -> npt.NDArray[np.bool_]:
    """Which values no later purge removes: those whose step is below the least step of the purges behind them."""
    if not purges:
        return np.ones(len(at), dtype=np.bool_)
    least = np.minimum.accumulate(np.array([purge.step for purge in purges], dtype=np.int64)[::-1])[::-1]
    following = np.searchsorted(np.array([purge.at for purge in purges], dtype=np.int64), at, side="right")
    survives = np.ones(len(at), dtype=np.bool_)
    is_followed = following < len(purges)
    survives[is_followed] = step[is_followed] < least[following[is_followed]]
    return survives
