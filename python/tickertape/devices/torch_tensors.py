"""Torch tensors on an accelerator: on CUDA and ROCm the core itself asks the events; XPU and others are polled here."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, dtypes
from tickertape.devices.streams import LargeSlot, Slot, Source, StreamDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

torch: Any = sys.modules["torch"]

# Element types by the core's names. An old torch lacks some.
_NAMES: dict[Any, str] = {
    getattr(torch, name): name for name in (*dtypes.REAL, dtypes.BFLOAT16) if hasattr(torch, name)
}
_SIZES = {dtype: dtype.itemsize for dtype in _NAMES}
_COMPLEX: dict[Any, str] = {getattr(torch, name): name for name in dtypes.COMPLEX}
# torch does not promote these with other types.
_NOT_PROMOTED = {getattr(torch, name, None) for name in ("uint16", "uint32", "uint64")}

_STRIDED = torch.strided
_SCALAR = "a number or an array of one element"
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
        kind = "hip" if getattr(torch.version, "hip", None) else "cuda"
        self._may_ask = device.type == "cuda" and kind
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
        """A new event. Once there is one, the driver is loaded and the core can ask it."""
        if self._may_ask and _core.can_query(self._may_ask):
            self.kind = self._may_ask
        return self._library.Event()

    def record(self, event: Any) -> tuple[int, int]:
        """Records `event` on the current stream."""
        stream = self._library.current_stream(self._device)
        event.record(stream)
        if self.kind == "manual":
            return 0, 0
        return event.cuda_event, stream.cuda_stream

    def has_passed(self, event: Any) -> bool:
        """Whether the device has passed it."""
        return bool(event.query())

    def pack(self, values: Sequence[Any], arguments: Sequence[str]) -> Source:
        """Values of one element each as one tensor: the value itself, or a stack."""
        if self._is_capturing():
            raise RuntimeError(_CAPTURED.format(argument=arguments[0], device=self))
        return pack(values, arguments)

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

    def block(self, source: Source, number: int) -> list[tuple[Any, int]]:
        """Rows of one page-locked tensor."""
        with torch.inference_mode(False):  # a view made in inference mode may not be written outside
            rows = self._page_locked((number, source.length), source.data.dtype).unbind()
        return [(row, row.data_ptr()) for row in rows]

    def page_locked(self, source: Source) -> tuple[Any, int, npt.NDArray[Any]]:
        """A tensor of torch's own pool of page-locked memory."""
        memory = self._page_locked(source.data.shape, source.data.dtype)
        return memory, memory.data_ptr(), _as_numpy(memory)

    def copy(self, slot: Slot | LargeSlot, source: Source) -> None:
        """Copies on the current stream."""
        data = source.data
        slot.memory.copy_(data.detach() if data.requires_grad else data, non_blocking=True)

    def _page_locked(self, shape: Any, dtype: Any) -> Any:
        # The memory is used again elsewhere: the caller's default device and inference mode must not apply to it.
        with torch.inference_mode(False):
            return torch.empty(shape, dtype=dtype, device="cpu", pin_memory=self.locks_pages)


_HERE: AbstractContextManager[Any] = nullcontext()


def _never() -> bool:
    return False


def pack(values: Sequence[Any], arguments: Sequence[str]) -> Source:
    """Values of one element each as one tensor.

    If all are of one type, or all of float types, or all of integer types that torch promotes, each is held exactly;
    otherwise all are float64. float8 becomes float32.

    Raises:
        TypeError, ValueError: a value has more than one element or none; names its argument.
    """
    tensors = [_scalar(value, argument) for value, argument in zip(values, arguments, strict=True)]
    kept = None if all(ours is given for ours, given in zip(tensors, values, strict=True)) else tensors
    if len(tensors) == 1:
        (tensor,) = tensors
        data = tensor.reshape(1) if tensor.ndim > 1 else tensor
    else:
        with torch.no_grad():
            data = torch.stack(
                [tensor.reshape(()) if tensor.ndim else tensor for tensor in _promotable(tensors)]
            )
    return Source(data, _NAMES[data.dtype], data.element_size(), len(tensors), kept)


def _stacked(values: Sequence[Any]) -> Any:
    """The common case, tensors of one type without dimensions, with as few checks as possible; None for other values."""
    first = values[0]
    if not isinstance(first, torch.Tensor) or first.ndim or len({value.dtype for value in values}) > 1:
        return None
    try:
        with torch.no_grad():
            data = torch.stack(values)
    except (RuntimeError, TypeError):  # they differ: the caller checks each and says how
        return None
    return data if data.dtype in _NAMES and data.layout is _STRIDED else None


def _scalar(value: Any, argument: str) -> Any:
    tensor = value if isinstance(value, torch.Tensor) else _tensor(value, argument)
    if tensor.numel() != 1:
        raise UnsupportedValue(f"{argument}: expected {_SCALAR}, got shape {tuple(tensor.shape)}")
    if tensor.dtype in _NAMES and tensor.layout is _STRIDED:  # nearly all
        return tensor
    return _known_type(tensor, argument, _SCALAR, _NAMES)


def _promotable(tensors: list[Any]) -> list[Any]:
    """The tensors unchanged if torch.stack keeps their values, otherwise all as float64."""
    types = {tensor.dtype for tensor in tensors}
    if len(types) == 1:
        return tensors
    floats = {kind for kind in types if kind.is_floating_point}
    if (floats == types or not floats) and types.isdisjoint(_NOT_PROMOTED):
        return tensors
    return [tensor.double() for tensor in tensors]


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
    methods = (StreamDevice.scalars, StreamDevice.elements, StreamDevice.array, StreamDevice.histogram)
    ways = (*hooks, *methods)
    for way in ways:
        way._torchdynamo_disable = True  # noqa: SLF001  # a compiled function that calls it breaks its graph there
    try:
        from torch._C._dynamo import eval_frame as dynamo  # noqa: PLC0415  # may not be there

        leave_alone = dynamo._FrameExecStrategy(dynamo._FrameAction.SKIP, dynamo._FrameAction.SKIP)  # noqa: SLF001
        for way in ways:  # called from there, or by the core
            dynamo.set_code_exec_strategy(way.__code__, leave_alone)
    except (ImportError, AttributeError, TypeError):  # another torch, another way
        return
