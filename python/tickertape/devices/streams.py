"""A device with streams and events: asynchronous copies into page-locked memory, and the pools they come from.

The few methods at the end of `StreamDevice` differ between libraries: torch, and a simulated one in the tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape import _core
from tickertape.convert import check
from tickertape.convert.device_registry import DeferredArray
from tickertape.devices import live

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import numpy.typing as npt

# Slots that are made together, and the bytes they may have together. Locking pages takes the driver 100 us and more, and
# may make it wait for the device.
_SLOTS_A_BLOCK = 128
_BLOCK_BYTES = 2**20
# Copies that may be under way. If there are more, a value is converted on the host, which waits for the device; so memory
# and events are bounded. A stream accepts about 1,000 launches before its caller has to wait, so scalars stay far below.
_MOST_SLOTS = 2**16
_MOST_BYTES = 2**28


class Source(NamedTuple):
    """The values to copy: a contiguous array on the device."""

    data: Any
    dtype: str  # see convert/dtypes.py
    item_size: int  # bytes
    length: int  # elements
    kept: Any = (
        None  # an owner that must outlive the copy, if this device's library does not manage the memory
    )


class Slot:
    """Page-locked memory for one copy, and the event recorded after it. The core keeps it while it needs the memory."""

    __slots__ = ("address", "event", "kept", "memory", "pool")

    def __init__(self, memory: Any, address: int, event: Any, pool: list[Slot]) -> None:
        self.memory = memory  # the library's view of it
        self.address = address
        self.event = event
        self.pool = pool
        self.kept: Any = None

    def give_back(self) -> None:
        """Makes the slot available for the next copy."""
        self.kept = None
        self.pool.append(self)


class LargeSlot:
    """The same for an array. Its memory is returned to the library, which caches it."""

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
        """Counts the bytes as under way no longer."""
        self.kept = None
        self.under_way.discard(self)


class StreamDevice(ABC):
    """What all devices with streams have in common. Any thread may call it. It holds no lock while other code runs."""

    kind: str  # the driver that is asked about events, or "manual": see DeviceCopy in _core.pyi

    def __init__(self) -> None:
        self.forget()
        live.register(self)

    # --- device_registry.Device

    def scalars(
        self, values: Sequence[Any], arguments: Sequence[str]
    ) -> Sequence[_core.DeferredScalar | None]:
        """All values, in one copy."""
        with self.current():
            return self._elements(self.pack(values, arguments), arguments[0])

    def elements(self, values: Any, argument: str) -> Sequence[_core.DeferredScalar | None]:
        """All elements of an array of one dimension in one copy."""
        with self.current():
            return self._elements(self.whole(values, argument), argument)

    def array(self, value: Any, argument: str, *, exact: bool = False) -> DeferredArray | None:
        """The array, in one copy to memory of its own."""
        with self.current():
            return self._array(self.whole(value, argument, exact=exact), argument)

    def histogram(self, value: Any, argument: str) -> DeferredArray | None:
        """The counts, in one copy."""
        with self.current():
            counts = self.counts(value, argument)
            return None if counts is None else self._array(counts, argument)

    def poll(self) -> None:
        """Asks the events that the core cannot ask itself, and completes their copies."""
        for _ in range(len(self._polled)):
            try:
                device_copy, event = self._polled.popleft()
            except IndexError:  # another thread polls too
                return
            try:
                if not self.has_passed(event):
                    self._polled.append((device_copy, event))
                    continue
            except Exception as error:  # noqa: BLE001  # an error of the device belongs to the value, not to this call
                device_copy.fail(str(error) or type(error).__name__)
            else:
                device_copy.complete()

    def forget(self) -> None:
        """Starts anew in a forked child: memory and events belong to the parent."""
        self._free: dict[tuple[str, int], list[Slot]] = {}
        self._slots = 0
        self._polled: deque[tuple[_core.DeviceCopy, Any]] = deque()
        self._under_way: set[LargeSlot] = set()

    # --- memory and copies

    def _collect(self) -> None:
        if self._polled:
            self.poll()
        live.recycle()

    def _elements(self, source: Source, argument: str) -> Sequence[_core.DeferredScalar | None]:
        self._collect()
        slot = self._take(source)
        if slot is None:
            return [None] * source.length
        device_copy = self._send(slot, source, argument)
        return device_copy.scalars(slot.address, source.dtype, source.length)

    def _take(self, source: Source) -> Slot | None:
        """A free slot; None if too many are under way."""
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
        # The first one is the caller's: another thread may empty the pool meanwhile.
        first, *others = [Slot(memory, address, self.event(), free) for memory, address in block]
        free.extend(others)
        return first

    def _array(self, source: Source, argument: str) -> DeferredArray | None:
        self._collect()
        size = source.length * source.item_size
        under_way = sum(slot.size for slot in tuple(self._under_way))
        if under_way and under_way + size > _MOST_BYTES:
            return None
        memory, address, array = self.page_locked(source)
        slot = LargeSlot(memory, address, self.event(), size, self._under_way)
        return DeferredArray(array, source.dtype, self._send(slot, source, argument))

    def _send(self, slot: Slot | LargeSlot, source: Source, argument: str) -> _core.DeviceCopy:
        """Enqueues the copy on the device, then the event."""
        try:
            # If this fails half-way, the slot is not used again: its memory may still be written.
            slot.kept = source.kept
            self.copy(slot, source)
            handle, queue = self.record(slot.event)
            device_copy = _core.DeviceCopy(slot, self.kind, handle, queue)
        except RuntimeError as error:
            raise RuntimeError(f"{argument}: cannot be copied from {self}: {check.text_of(error)}") from error
        if self.kind == "manual":
            self._polled.append((device_copy, slot.event))
        return device_copy

    # --- for each library to define

    @abstractmethod
    def current(self) -> AbstractContextManager[Any]:
        """While it lasts, this device is the current one of the calling thread.

        Raises:
            RuntimeError: the current stream is being captured into a graph.
        """

    @abstractmethod
    def pack(self, values: Sequence[Any], arguments: Sequence[str]) -> Source:
        """One array of values that have one element each.

        Raises:
            TypeError, ValueError, RuntimeError: a value has more or none; names its argument.
        """

    @abstractmethod
    def whole(self, value: Any, argument: str, *, exact: bool = False) -> Source:
        """`value` in a type that the core knows; `exact` as in `arrays.as_array`."""

    @abstractmethod
    def counts(self, value: Any, argument: str) -> Source | None:
        """The words of a histogram; None if the device cannot count it."""

    @abstractmethod
    def block(self, source: Source, number: int) -> list[tuple[Any, int]]:
        """(memory, address) of `number` page-locked slots, each of the size and type of `source`."""

    @abstractmethod
    def page_locked(self, source: Source) -> tuple[Any, int, npt.NDArray[Any]]:
        """(page-locked memory for `source`, its address, the same memory as a NumPy array)."""

    @abstractmethod
    def event(self) -> Any:
        """A new event of this device."""

    @abstractmethod
    def copy(self, slot: Slot | LargeSlot, source: Source) -> None:
        """Copies on the current stream, without waiting."""

    @abstractmethod
    def record(self, event: Any) -> tuple[int, int]:
        """Records `event` on the current stream; returns (its raw handle, a number for the stream)."""

    @abstractmethod
    def has_passed(self, event: Any) -> bool:
        """Whether the device has passed a recorded event. Only for kind "manual"."""
