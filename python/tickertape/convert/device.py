"""What an accelerator does for the conversions. `devices` has the classes; device_registry.py finds the one of a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt

    from tickertape import _core


class DeferredArray(NamedTuple):
    """An array that a device is still copying to the host."""

    array: npt.NDArray[Any]  # memory that holds the values once `device_copy` has ended
    dtype: str  # element type, see dtypes.py
    device_copy: _core.DeviceCopy


class Device(Protocol):
    """One accelerator. No method waits for it; one that would have to returns None, and its caller converts on the host."""

    def scalars(
        self, values: Sequence[Any], arguments: Sequence[str]
    ) -> Sequence[_core.DeferredScalar | None]:
        """`values`, of one element each, as they are at this point of the device's work.

        Raises:
            TypeError, ValueError, RuntimeError: a value is no scalar or cannot be read; names its argument.
        """

    def array(self, value: Any, argument: str, *, exact: bool = False) -> DeferredArray | None:
        """`value` as a whole. `exact` as in `arrays.as_array`."""

    def histogram(self, value: Any, argument: str) -> DeferredArray | None:
        """The 1,556 words of add_histogram_counts, counted on the device."""

    def poll(self) -> None:
        """Completes the copies that have ended, if the core cannot see that by itself."""

    def forget(self) -> None:
        """Starts anew in a forked child: the copies under way belong to the parent."""


Finder = Callable[[Any], "Device | None"]  # a value to the device that holds it; None for the host
