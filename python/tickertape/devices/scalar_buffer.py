"""ScalarBuffer: scalars that are written on the device, in captured or compiled graphs too, and logged with one copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView


class ScalarBuffer:
    """Named scalars in one tensor.

    `buffer["loss"] = tensor` is one copy on the device, on the current stream. It is allowed inside a CUDA graph and a
    compiled function, where `SummaryWriter.add_scalar` is not. `writer.log(buffer, step)` logs all values as they are at
    that point of the current stream, with one copy to the host, and does not wait for it.

    Args:
        names: the tags, each once.
        device: device of the tensor, a torch device or its name; None is torch's default device.
        dtype: type of the tensor, of real numbers; None is float32. float64 keeps integers up to 2**53.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind.
        ImportError: torch is missing.

    Example:
        >>> buffer = ScalarBuffer(["loss", "grad_norm"], device="cuda")
        >>> with torch.cuda.graph(graph):
        ...     buffer["loss"] = train_step()
        >>> graph.replay()
        >>> writer.log(buffer, step)
    """

    def __init__(self, names: Iterable[str], device: Any = None, dtype: Any = None) -> None:
        import torch  # noqa: PLC0415  # only this class needs it

        if isinstance(names, (str, bytes)):
            raise UnsupportedType(f"names: expected several names, got {check.type_name(names)}")
        tags = [check.string(name, "names") for name in names]
        if not tags or len(set(tags)) < len(tags):
            raise UnsupportedValue(f"names: expected at least one name, and each once, got {tags}")
        kind = torch.float32 if dtype is None else dtype
        if not isinstance(kind, torch.dtype) or kind.is_complex:
            raise UnsupportedType(f"dtype: expected a torch.dtype of real numbers, got {dtype!r}")
        # A normal tensor even if called in inference mode: later calls outside of it write to it in place.
        with torch.inference_mode(False):
            self.tensor = torch.zeros(len(tags), dtype=kind, device=device)
            if kind.is_floating_point:
                self.tensor.fill_(float("nan"))
            self._slots = dict(zip(tags, self.tensor.unbind(), strict=True))

    def __setitem__(self, name: str, value: Any) -> None:
        """Writes one scalar: a tensor of one element, or a number (a captured graph keeps its value at capture)."""
        slot = self._slots[name]
        if isinstance(value, (int, float)):
            slot.fill_(value)
            return
        if value.numel() != 1:
            raise UnsupportedValue(f"{name!r}: expected one number, got shape {tuple(value.shape)}")
        slot.copy_(value.detach().reshape(()), non_blocking=True)

    def __getitem__(self, name: str) -> Any:
        """The scalar on the device, a view of 0 dimensions that in-place operations (`add_`) change."""
        return self._slots[name]

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __contains__(self, name: object) -> bool:
        return name in self._slots

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._slots.keys()

    def items(self) -> list[tuple[str, float | _core.DeferredScalar]]:
        """Each name and its current value: a float if the buffer is on the CPU, otherwise a deferred scalar for `log`."""
        arguments = [f"values[{name!r}]" for name in self._slots]
        deferred = _core.deferred_scalars(list(self._slots.values()), arguments)
        if None in deferred:
            return list(zip(self._slots, self.tensor.detach().double().tolist(), strict=True))
        return list(zip(self._slots, deferred, strict=True))  # type: ignore[arg-type]  # none is None


# For isinstance: log, and code of others, accepts it as a mapping. Reading a value does not wait for the device.
Mapping.register(ScalarBuffer)
