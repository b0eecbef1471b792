"""A device with streams and events: asynchronous copies into page-locked memory, and the pools they come from.

What differs between libraries (torch; a fake one in the tests) is the few methods at the end of `StreamDevice`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape import _core
from tickertape.convert.device_registry import DeferredArray
from tickertape.devices import live

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import numpy.typing as npt

# Slots that are made together, and how many bytes they may have: to lock pages takes the driver 100 us and more, and may
# make it wait for the device.
_SLOTS_A_BLOCK = 128
_BLOCK_BYTES = 2**20
# What may be under way to the host. Beyond, a value takes the usual way, which waits for the device: so memory and events
# stay bounded. A stream takes about 1,000 launches before it makes its caller wait, so scalars stay far below.
_MOST_SLOTS = 2**16
_MOST_BYTES = 2**28


class Source(NamedTuple):
    """What is to be copied: a contiguous array on the device."""

    data: Any
    dtype: str  # in the core's words
    item_size: int  # bytes
    length: int  # elements
    kept: Any = None  # what must outlive the copy: memory that this device's library does not manage


class Slot:
    """Page-locked memory of one copy and the event behind it. The core holds it until nobody needs the memory."""

    __slots__ = ("address", "event", "kept", "memory", "pool")

    def __init__(self, memory: Any, address: int, event: Any, pool: list[Slot]) -> None:
        self.memory = memory  # the library's view of it
        self.address = address
        self.event = event
        self.pool = pool
        self.kept: Any = None

    def give_back(self) -> None:
        """Ready for the next copy."""
        self.kept = None
        self.pool.append(self)


class LargeSlot:
    """The same for an array; its memory goes back to the library, which keeps it for the next."""

    __slots__ = ("address", "event", "kept", "memory", "size", "under_way")

    def __init__(self, memory: Any, address: int, event: Any, size: int, under_way: set[LargeSlot]) -> None:
        self.memory = memory
        self.address = address
        self.event = event
        self.size = size
        self.under_way = under_way
        self.kept: Any = None
        under_way.add(self)

    def give_back(self) -> None:
        """No longer counted."""
        self.kept = None
        self.under_way.discard(self)


class StreamDevice(ABC):
    """What all devices with streams have in common. Any thread may call it; no lock is held while others' code runs."""

    kind: str  # who asks the events: see Arrival in _core.pyi

    def __init__(self) -> None:
        self.forget()
        live.register(self)

    # --- device_registry.Device

    def scalars(self, values: Sequence[Any], arguments: Sequence[str]) -> Sequence[_core.LateScalar | None]:
        """All values in one copy."""
        with self.current():
            return self._elements(self.pack(values, arguments), arguments[0])

    def elements(self, values: Any, argument: str) -> Sequence[_core.LateScalar | None]:
        """All elements of an array of one dimension in one copy."""
        with self.current():
            return self._elements(self.whole(values, argument), argument)

    def array(self, value: Any, argument: str, *, exact: bool = False) -> DeferredArray | None:
        """One copy into memory of its own."""
        with self.current():
            return self._array(self.whole(value, argument, exact=exact), argument)

    def histogram(self, value: Any, argument: str) -> DeferredArray | None:
        """The counts in one copy."""
        with self.current():
            counts = self.counts(value, argument)
            return None if counts is None else self._array(counts, argument)

    def poll(self) -> None:
        """Asks the events of arrivals that the core cannot ask itself."""
        for _ in range(len(self._polled)):
            try:
                arrival, event = self._polled.popleft()
            except IndexError:  # another thread polls, too
                return
            try:
                if not self.has_passed(event):
                    self._polled.append((arrival, event))
                    continue
            except Exception as error:  # noqa: BLE001  # the device's error belongs to the value, not to this call
                arrival.settle(str(error) or type(error).__name__)
            else:
                arrival.settle()

    def forget(self) -> None:
        """Starts anew: a forked child has no use for its parent's memory and events."""
        self._free: dict[tuple[str, int], list[Slot]] = {}
        self._slots = 0
        self._polled: deque[tuple[_core.Arrival, Any]] = deque()
        self._under_way: set[LargeSlot] = set()

    # --- behind them

    def _look_around(self) -> None:
        if self._polled:
            self.poll()
        live.recycle()

    def _elements(self, source: Source, argument: str) -> Sequence[_core.LateScalar | None]:
        self._look_around()
        slot = self._take(source)
        if slot is None:
            return [None] * source.length
        arrival = self._send(slot, source, argument)
        return arrival.scalars(slot.address, source.dtype, source.length)

    def _take(self, source: Source) -> Slot | None:
        """A slot that nobody uses; None where too many are under way."""
        key = (source.dtype, source.length)
        free = self._free.get(key)
        if free is None:
            free = self._free.setdefault(key, [])
        try:
            return free.pop()
        except IndexError:
            return self._make(source, free)

    def _make(self, source: Source, free: list[Slot]) -> Slot | None:
        if self._slots >= _MOST_SLOTS:
            return None
        number = max(1, min(_SLOTS_A_BLOCK, _BLOCK_BYTES // (source.item_size * source.length)))
        self._slots += number
        block = self.block(source, number)
        # The first is the caller's: another thread may empty the pool meanwhile.
        first, *others = [Slot(memory, address, self.event(), free) for memory, address in block]
        free.extend(others)
        return first

    def _array(self, source: Source, argument: str) -> DeferredArray | None:
        self._look_around()
        size = source.length * source.item_size
        under_way = sum(slot.size for slot in tuple(self._under_way))
        if under_way and under_way + size > _MOST_BYTES:
            return None
        memory, address, array = self.page_locked(source)
        slot = LargeSlot(memory, address, self.event(), size, self._under_way)
        return DeferredArray(array, source.dtype, self._send(slot, source, argument))

    def _send(self, slot: Slot | LargeSlot, source: Source, argument: str) -> _core.Arrival:
        """Puts the copy, and the event behind it, into the device's queue."""
        try:
            # A slot whose copy failed half-way is not used again: its memory may still be written.
            slot.kept = source.kept
            self.copy(slot, source)
            handle, queue = self.record(slot.event)
            arrival = _core.Arrival(slot, self.kind, handle, queue)
        except RuntimeError as error:
            raise RuntimeError(f"{argument}: cannot be copied from {self}: {error}") from error
        if self.kind == "manual":
            self._polled.append((arrival, slot.event))
        return arrival

    # --- what a library has to give

    @abstractmethod
    def current(self) -> AbstractContextManager[Any]:
        """While it lasts, this device is the calling thread's.

        Raises:
            RuntimeError: its work is just being captured.
        """

    @abstractmethod
    def pack(self, values: Sequence[Any], arguments: Sequence[str]) -> Source:
        """One array of values that have one element each.

        Raises:
            TypeError, ValueError, RuntimeError: a value that has not; names its argument.
        """

    @abstractmethod
    def whole(self, value: Any, argument: str, *, exact: bool = False) -> Source:
        """`value` in a type that the core knows; `exact` as in `arrays.as_array`."""

    @abstractmethod
    def counts(self, value: Any, argument: str) -> Source | None:
        """The words of a histogram; None where it cannot be counted on the device."""

    @abstractmethod
    def block(self, source: Source, number: int) -> list[tuple[Any, int]]:
        """(memory, address) of `number` page-locked slots, each for what is like `source`."""

    @abstractmethod
    def page_locked(self, source: Source) -> tuple[Any, int, npt.NDArray[Any]]:
        """Page-locked memory for `source`, its address, and its view in NumPy."""

    @abstractmethod
    def event(self) -> Any:
        """A new event of this device."""

    @abstractmethod
    def copy(self, slot: Slot | LargeSlot, source: Source) -> None:
        """Copies on the current stream, without waiting."""

    @abstractmethod
    def record(self, event: Any) -> tuple[int, int]:
        """Records `event` on the current stream; (its raw handle, a number for the stream)."""

    @abstractmethod
    def has_passed(self, event: Any) -> bool:
        """Whether the device is past a recorded event. Only for kind "manual"."""
