"""Torch tensors on an accelerator: on CUDA and ROCm the core copies scalars and asks events; XPU and others are polled here."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType
from tickertape.convert import check, dtypes
from tickertape.devices.streams import Slot, Source, StreamDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

torch: Any = sys.modules["torch"]

# Element types by the core's names. An old torch lacks some.
_NAMES: dict[Any, str] = {
    getattr(torch, name): name for name in (*dtypes.REAL, dtypes.BFLOAT16) if hasattr(torch, name)
}
_COMPLEX: dict[Any, str] = {getattr(torch, name): name for name in dtypes.COMPLEX}

_CAPTURED = (
    "{argument}: expected a value of a stream that is not being captured, got one on {device} inside a graph, whose "
    "replays would log nothing; write it into a tickertape.ScalarBuffer and log the buffer after each replay"
)

_found: dict[Any, TorchDevice | None] = {}  # by torch.device; None for one that is not supported


def finder(kind: type) -> Callable[[Any], TorchDevice | None]:
    """Finder for tensors of one type. Subclasses with their own dispatch (DTensor, FakeTensor) are left to the host."""
    own = getattr(torch._C, "_disabled_torch_dispatch_impl", None)  # noqa: SLF001  # the dispatch of plain tensors
    dispatch = getattr(kind, "__torch_dispatch__", own)
    return _device_of if kind is torch.Tensor or dispatch is own else _on_host


def known(device: Any) -> TorchDevice | None:
    """The TorchDevice of `device`; None for devices without streams and events in torch (MPS, meta)."""
    try:
        return _found[device]
    except KeyError:
        library = getattr(torch, device.type, None)
        needed = ("Event", "current_stream", "current_device", "device")
        usable = all(hasattr(library, name) for name in needed)
        return _found.setdefault(device, TorchDevice(device, library) if usable else None)


def _on_host(_tensor: Any) -> None:
    return None


def _device_of(tensor: Any) -> TorchDevice | None:
    return None if tensor.is_cpu else known(tensor.device)


class TorchDevice(StreamDevice):
    """One device of torch.

    Args:
        device: torch.device with an index.
        library: the module with its streams: torch.cuda, torch.xpu.
    """

    locks_pages = True  # False in tests, which run this class on the CPU

    def __init__(self, device: Any, library: Any) -> None:
        super().__init__()
        self._device = device
        self._library = library
        self._is_capturing = getattr(library, "is_current_stream_capturing", _never)
        driver = "hip" if getattr(torch.version, "hip", None) else "cuda"
        self._driver = driver if device.type == "cuda" else None
        self.kind = "manual"

    def __str__(self) -> str:
        return str(self._device)

    def current(self) -> AbstractContextManager[Any]:
        """While it lasts, this device is the current one of the calling thread."""
        return (
            _HERE
            if self._library.current_device() == self._device.index
            else self._library.device(self._device)
        )

    def event(self) -> Any:
        """A new event."""
        return self._library.Event()

    def record(self, event: Any) -> tuple[int, int]:
        """Records `event` on the current stream."""
        stream = self._library.current_stream(self._device)
        event.record(stream)
        if self.kind == "manual" and self._driver:
            self._open(self._driver)
        if self.kind == "manual":
            return 0, 0
        return event.cuda_event, stream.cuda_stream

    def _open(self, driver: str) -> None:
        """From now on the core asks the events of this device and copies scalars from it, if it can.

        Called after the first event was recorded: the driver is loaded, and its context of this device is current.
        """
        if not _core.open_device(driver, self._device.index):
            return
        self.kind = driver
        stream = getattr(torch._C, "_cuda_getCurrentRawStream", None)  # noqa: SLF001  # torch's own compiler uses it
        if stream is not None:
            types = (torch.Tensor, torch.nn.Parameter)
            _core.set_device_tensors(types, _NAMES, stream, stack)

    def has_passed(self, event: Any) -> bool:
        """Whether the device has passed it."""
        return bool(event.query())

    def whole(self, value: Any, argument: str, *, exact: bool = False) -> Source:
        """`value` unchanged, unless the core does not know its type."""
        if self._is_capturing():
            raise RuntimeError(_CAPTURED.format(argument=argument, device=self))
        return whole(value, argument, exact=exact)

    def counts(self, value: Any, argument: str) -> Source | None:
        """The words of a histogram; None if the device lacks float64 or an operation."""
        tensor = self.whole(value, argument).data
        from tickertape.devices import device_histograms  # noqa: PLC0415  # few count on the device

        stream = self._library.current_stream(self._device)
        try:
            words = device_histograms.counts(tensor, hash(stream))
        except (TypeError, RuntimeError):
            return None
        return Source(words, "int64", 8, words.numel())

    def page_locked(self, source: Source) -> tuple[Any, npt.NDArray[Any]]:
        """A tensor of torch's own pool of page-locked memory."""
        # The caller's default device and inference mode must not apply to it.
        with torch.inference_mode(False):
            memory = torch.empty(
                source.data.shape, dtype=source.data.dtype, device="cpu", pin_memory=self.locks_pages
            )
        return memory, _as_numpy(memory)

    def copy(self, slot: Slot, source: Source) -> None:
        """Copies on the current stream."""
        data = source.data
        slot.memory.copy_(data.detach() if data.requires_grad else data, non_blocking=True)


_HERE: AbstractContextManager[Any] = nullcontext()


def _never() -> bool:
    return False


def stack(tensors: list[Any]) -> Any:
    """One contiguous tensor of `tensors`, which are of the same type and have one element each. Called by the core."""
    is_enabled = torch.is_grad_enabled()
    # What torch.no_grad() does, which takes 20,000 instructions in Python: a fifth of all that log() of 20 tensors takes.
    torch._C._set_grad_enabled(False)  # noqa: SLF001
    try:
        return torch.stack(tensors)
    except RuntimeError:  # of different shapes: nearly never
        return torch.stack([tensor.reshape(()) for tensor in tensors])
    finally:
        torch._C._set_grad_enabled(is_enabled)  # noqa: SLF001


def whole(value: Any, argument: str, *, exact: bool = False) -> Source:
    """`value` in a type that the core knows, any shape. Complex numbers only if `exact`.

    Raises:
        TypeError: its type has no such counterpart, or it has no dense data.
    """
    given = _tensor(value, argument)
    names = {**_NAMES, **_COMPLEX} if exact else _NAMES
    with torch.no_grad():
        tensor = _known_type(given, argument, "an array of numbers" if exact else "real numbers", names)
    kept = None if tensor is value else given
    return Source(tensor, names[tensor.dtype], tensor.element_size(), tensor.numel(), kept)


def _tensor(value: Any, argument: str) -> Any:
    if isinstance(value, torch.Tensor):
        return value
    try:
        return torch.from_dlpack(value)
    except Exception as error:  # any error of another library: the caller learns which argument it was
        raise UnsupportedType(
            f"{argument}: expected an array, got {check.type_name(value)} ({check.text_of(error)})"
        ) from error


def _known_type(tensor: Any, argument: str, expected: str, names: dict[Any, str]) -> Any:
    if tensor.layout is not torch.strided or getattr(tensor, "is_nested", False):
        layout = "nested" if tensor.layout is torch.strided else str(tensor.layout).removeprefix("torch.")
        raise UnsupportedType(
            f"{argument}: expected a dense tensor, got a {layout} one; call .to_dense() first"
        )
    dtype = tensor.dtype
    if dtype in names:
        return tensor
    if dtype.is_floating_point and tensor.element_size() < 2:
        return tensor.float()  # float8: every value is a float32
    raise UnsupportedType(f"{argument}: expected {expected}, got a tensor of {dtype}")


def _as_numpy(memory: Any) -> npt.NDArray[Any]:
    if memory.dtype == torch.bfloat16:
        bits: npt.NDArray[Any] = memory.view(torch.int16).numpy()
        return bits.view(np.uint16)
    array: npt.NDArray[Any] = memory.numpy()
    return array


def keep_out_of_graphs(hooks: tuple[Any, ...]) -> None:
    """Keeps Dynamo from compiling the functions that copy values: their events and pools do not belong into a graph.

    torch.compiler.disable would do the same, but it imports Dynamo, which takes two seconds.
    """
    ways = (*hooks, stack, StreamDevice.scalars, StreamDevice.array, StreamDevice.histogram)
    for way in ways:
        way._torchdynamo_disable = True  # noqa: SLF001  # a compiled function that calls it breaks its graph there
    try:
        from torch._C._dynamo import eval_frame as dynamo  # noqa: PLC0415  # may not be there

        leave_alone = dynamo._FrameExecStrategy(dynamo._FrameAction.SKIP, dynamo._FrameAction.SKIP)  # noqa: SLF001
        for way in ways:  # called from there, or by the core
            dynamo.set_code_exec_strategy(way.__code__, leave_alone)
    except (ImportError, AttributeError, TypeError):  # another torch, another way
        return
