"""JAX arrays: each is copied on its device during the call; one thread waits for the copies and moves them to the host.

JAX has no streams or events that could be polled. Its arrays are immutable, but a later jitted call may take over their
memory (donate_argnums), so the thread waits for a copy.
"""

from __future__ import annotations

import queue
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays
from tickertape.convert.device import DeferredArray
from tickertape.devices import live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Bytes of copies under way. If there are more, a value is converted on the host, which waits for the device.
_MOST_BYTES = 2**28
_MOST_COPIES = 2**16
_SCALAR = "a number or an array of one element"


def finder(kind: type) -> Callable[[Any], JaxDevice | None]:
    """Finder for arrays of one type. A tracer, JAX's placeholder while it traces a function, has no value."""
    jax: Any = sys.modules["jax"]
    return _on_host if issubclass(kind, jax.core.Tracer) else _device_of


def _on_host(_array: Any) -> None:
    return None


def _device_of(array: Any) -> JaxDevice | None:
    """None if converting on the host need not wait, or if this process does not have the whole array."""
    if not array.is_fully_addressable and not array.is_fully_replicated:
        return None
    if array.is_ready() and all(device.platform == "cpu" for device in array.devices()):
        return None
    return _device()


@cache
def _device() -> JaxDevice:
    return JaxDevice()


class _Owner:
    """Memory on the host that a copy fills."""

    def __init__(self, memory: Any, under_way: set[_Owner]) -> None:
        self.memory = memory
        self._under_way = under_way
        under_way.add(self)

    def give_back(self) -> None:
        """Called when the core needs the memory no longer."""
        self._under_way.discard(self)


class JaxDevice:
    """All devices of JAX."""

    def __init__(self) -> None:
        self.forget()
        live.register(self)

    def scalars(
        self, values: Sequence[Any], arguments: Sequence[str]
    ) -> Sequence[_core.DeferredScalar | None]:
        """One copy for all values of one type, made by one call of JAX."""
        live.recycle()
        deferred: list[_core.DeferredScalar | None] = [None] * len(values)
        groups: dict[Any, list[int]] = {}
        for index, (value, argument) in enumerate(zip(values, arguments, strict=True)):
            if value.size != 1:
                raise UnsupportedValue(f"{argument}: expected {_SCALAR}, got shape {value.shape}")
            _type_name(value, argument, _SCALAR)
            groups.setdefault((value.dtype, value.sharding), []).append(index)
        if len(self._under_way) >= _MOST_COPIES:
            return deferred
        for places in groups.values():
            stack = _jitted()(*(_local(values[place]) for place in places))
            memory, dtype, device_copy = self._send(stack, arguments[places[0]])
            scalars = device_copy.scalars(memory.ctypes.data, dtype, len(places))
            for place, scalar in zip(places, scalars, strict=True):
                deferred[place] = scalar
        return deferred

    def array(self, value: Any, argument: str, *, exact: bool = False) -> DeferredArray | None:
        """The array as a whole."""
        live.recycle()
        under_way = sum(owner.memory.nbytes for owner in tuple(self._under_way))
        if under_way and under_way + value.nbytes > _MOST_BYTES:
            return None
        _type_name(value, argument, "an array of numbers" if exact else "real numbers", exact=exact)
        return DeferredArray(*self._send(_jitted("copy")(_local(value)), argument))

    def histogram(self, value: Any, argument: str) -> None:  # noqa: ARG002
        """None: the core counts."""
        return

    def poll(self) -> None:
        """Does nothing: the thread completes the copies."""

    def forget(self) -> None:
        """In a forked child: starts without copies and without a thread."""
        self._under_way: set[_Owner] = set()
        self._queue: queue.SimpleQueue[tuple[Any, Any, _core.DeviceCopy]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def _send(self, copied: Any, argument: str) -> tuple[Any, str, _core.DeviceCopy]:
        copied.copy_to_host_async()
        view, dtype = arrays.as_array(np.empty(copied.shape, copied.dtype), argument, exact=True)
        device_copy = _core.DeviceCopy(_Owner(view, self._under_way), "manual", 0, 0)
        self._queue.put((copied, view, device_copy))
        self._see_to_thread()
        return view, dtype, device_copy

    def _see_to_thread(self) -> None:
        thread = self._thread
        if thread is not None and thread.is_alive():
            return
        # Two callers may start one thread each. Both serve the same queue, so that does no harm.
        thread = threading.Thread(
            target=_move_to_host, args=(self._queue,), name="tickertape-jax", daemon=True
        )
        try:
            thread.start()
            self._thread = thread
        except RuntimeError:  # the interpreter is ending: no thread can be started
            _move_to_host(self._queue, is_forever=False)


def _move_to_host(
    waiting: queue.SimpleQueue[tuple[Any, Any, _core.DeviceCopy]], *, is_forever: bool = True
) -> None:
    while is_forever or not waiting.empty():
        copied, view, device_copy = waiting.get()
        try:
            np.copyto(view, np.asarray(copied).view(view.dtype))  # waits without the GIL
        except Exception as error:  # noqa: BLE001  # any error of JAX becomes the value's
            device_copy.fail(str(error) or type(error).__name__)
        else:
            device_copy.complete()
        del copied, view, device_copy  # now, not when the next one is received


def _local(array: Any) -> Any:
    return array if array.is_fully_addressable else array.addressable_data(0)


def _type_name(array: Any, argument: str, expected: str, *, exact: bool = False) -> None:
    try:
        arrays.as_array(np.empty(0, array.dtype), argument, exact=exact)
    except TypeError:
        raise UnsupportedType(f"{argument}: expected {expected}, got an array of {array.dtype}") from None


@cache
def _jitted(what: str = "stack") -> Any:
    """A jitted function. JAX compiles it once for each number and type of values."""
    jax: Any = sys.modules["jax"]
    numpy: Any = jax.numpy

    def stack(*values: Any) -> Any:
        return _wide(numpy, numpy.stack([value.reshape(()) for value in values]))

    def copy(value: Any) -> Any:
        return _wide(numpy, numpy.copy(value))

    return jax.jit(stack if what == "stack" else copy)


def _wide(numpy: Any, array: Any) -> Any:
    """float8 and other narrow floats as float32, which holds every value of theirs."""
    narrow = array.dtype.itemsize < 2 and numpy.issubdtype(array.dtype, numpy.floating)
    return array.astype(numpy.float32) if narrow else array
