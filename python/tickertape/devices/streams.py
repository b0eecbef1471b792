"""A device with streams and events whose copies its library makes: arrays, and scalars that the core does not copy itself.

The few methods at the end of `StreamDevice` differ between libraries: torch, and a simulated one in the tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape import _core
from tickertape._core import UnsupportedValue
from tickertape.convert import check
from tickertape.convert.device import DeferredArray
from tickertape.devices import live

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import numpy.typing as npt

# Copies that may be under way, and their bytes. If there are more, a value is converted on the host, which waits for the
# device; so memory and events are bounded.
_MOST_COPIES = 2**12
_MOST_BYTES = 2**28


class Source(NamedTuple):
    """The values to copy: an array on the device."""

    data: Any
    dtype: str  # see convert/dtypes.py
    item_size: int  # bytes
    length: int  # elements
    kept: Any = (
        None  # an owner that must outlive the copy, if this device's library does not manage the memory
    )


class Slot:
    """Page-locked memory for one copy, and the event recorded after it. The core keeps it while it needs the memory."""

    __slots__ = ("array", "event", "kept", "memory", "size", "under_way")

    def __init__(self, memory: Any, array: npt.NDArray[Any], event: Any, under_way: set[Slot]) -> None:
        self.memory = memory  # the library's view of it
        self.array = array
        self.size = array.nbytes
        self.event = event
        self.under_way = under_way
        self.kept: Any = None
        under_way.add(self)

    def give_back(self) -> None:
        """Counts the copy as under way no longer. The library caches the memory."""
        self.kept = None
        self.under_way.discard(self)


class StreamDevice(ABC):
    """What all devices with streams have in common. Any thread may call it. It holds no lock while other code runs."""

    kind: str  # the driver that is asked about events, or "manual": see DeviceCopy in _core.pyi

    def __init__(self) -> None:
        self.forget()
        live.register(self)

    # --- device.Device

    def scalars(
        self, values: Sequence[Any], arguments: Sequence[str]
    ) -> Sequence[_core.DeferredScalar | None]:
        """Each value in a copy of its own. All are checked before the first is copied."""
        with self.current():
            sources = [self.whole(*named) for named in zip(values, arguments, strict=True)]
            for source, argument in zip(sources, arguments, strict=True):
                if source.length != 1:
                    shape = tuple(source.data.shape)
                    raise UnsupportedValue(
                        f"{argument}: expected a number or an array of one element, got shape {shape}"
                    )
            return [self._scalar(*named) for named in zip(sources, arguments, strict=True)]

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
        self._polled: deque[tuple[_core.DeviceCopy, Any]] = deque()
        self._under_way: set[Slot] = set()

    # --- memory and copies

    def _scalar(self, source: Source, argument: str) -> _core.DeferredScalar | None:
        found = self._array(source, argument)
        return None if found is None else found.device_copy.scalar(found.array.ctypes.data, source.dtype)

    def _array(self, source: Source, argument: str) -> DeferredArray | None:
        if self._polled:
            self.poll()
        live.recycle()
        bytes_under_way = sum(slot.size for slot in tuple(self._under_way))
        if len(self._under_way) >= _MOST_COPIES or (
            bytes_under_way and bytes_under_way + source.length * source.item_size > _MOST_BYTES
        ):
            return None
        slot = Slot(*self.page_locked(source), self.event(), self._under_way)
        return DeferredArray(slot.array, source.dtype, self._send(slot, source, argument))

    def _send(self, slot: Slot, source: Source, argument: str) -> _core.DeviceCopy:
        """Enqueues the copy on the device, then the event."""
        try:
            # If this fails half-way, the slot stays under way: its memory may still be written.
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
    def whole(self, value: Any, argument: str, *, exact: bool = False) -> Source:
        """`value` in a type that the core knows; `exact` as in `arrays.as_array`."""

    @abstractmethod
    def counts(self, value: Any, argument: str) -> Source | None:
        """The words of a histogram; None if the device cannot count it."""

    @abstractmethod
    def page_locked(self, source: Source) -> tuple[Any, npt.NDArray[Any]]:
        """(page-locked memory for `source`, the same memory as a NumPy array)."""

    @abstractmethod
    def event(self) -> Any:
        """A new event of this device."""

    @abstractmethod
    def copy(self, slot: Slot, source: Source) -> None:
        """Copies on the current stream, without waiting."""

    @abstractmethod
    def record(self, event: Any) -> tuple[int, int]:
        """Records `event` on the current stream; returns (its raw handle, a number for the stream)."""

    @abstractmethod
    def has_passed(self, event: Any) -> bool:
        """Whether the device has passed a recorded event. Only for kind "manual"."""
