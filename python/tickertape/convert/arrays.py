"""Anything array-like in, a NumPy array and the name of its element type out: what the core takes.

Torch, JAX and the like are recognised by what they offer, never imported: whoever hands over a tensor has the module
loaded. Every error names the argument.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape.convert import check

if TYPE_CHECKING:
    import numpy.typing as npt

# Element types the core knows (csrc/array/array.h), by the dtype that holds them.
_NAMES: dict[np.dtype[Any], str] = {
    np.dtype(name): name
    for name in (
        "bool",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "uint32",
        "int32",
        "uint64",
        "int64",
        "float16",
        "float32",
        "float64",
    )
}
_COMPLEX = ("complex64", "complex128")


def as_array(value: Any, name: str, *, exact: bool = False) -> tuple[npt.NDArray[Any], str]:
    """`value` as an array of numbers.

    The array may share its memory with `value` and be strided; the core copies it during the call.

    Args:
        value: NumPy array or scalar, torch tensor, number, (nested) list, or anything with `__array__` or DLPack.
        name: the argument's name, for errors.
        exact: keep complex numbers and refuse types that would have to be widened or rounded.

    Returns:
        (array of any shape, element type). bfloat16 comes as its bits in uint16 with the name "bfloat16".

    Raises:
        TypeError: `value` is no array of numbers, or has no data that can be read (sparse, meta, masked).
        ValueError: a nested list is ragged.
    """
    if type(value) is np.ndarray:
        array: npt.NDArray[Any] = value
    elif _is_torch(value):
        array, is_bfloat16 = _torch_to_numpy(value, name)
        if is_bfloat16:
            return array, "bfloat16"
    else:
        array = _to_numpy(value, name)
    dtype_name = _NAMES.get(array.dtype)
    if dtype_name is not None:
        return array, dtype_name
    return _unusual_dtype(array, name, exact=exact)


def as_late_array(
    value: Any, name: str, *, exact: bool = False, copy: bool = True
) -> tuple[npt.NDArray[Any], str, _core.Arrival | _core.InPlace | None]:
    """What `as_array` gives, and what the core has to know of an array that it does not copy during the call.

    With an arrival (a value on an accelerator) the array is memory that is yet to be filled: only its shape and type
    may be looked at. Without `copy` the core reads `value` itself, later.

    Raises:
        TypeError, ValueError: as `as_array`; or `value` has to be copied, although `copy` says not to.
    """
    if not copy:
        array, dtype_name = _read_only(value, name, exact=exact)
        return array, dtype_name, _core.InPlace(value)
    if type(value) is not np.ndarray:
        tensor = _gathered(value) if isinstance(value, (list, tuple)) else value
        device = device_of(tensor)
        late = None if device is None else device.array(tensor, name, exact=exact)
        if late is not None:
            return late.array, late.dtype, late.arrival
    return (*as_array(value, name, exact=exact), None)


def _read_only(value: Any, name: str, *, exact: bool) -> tuple[npt.NDArray[Any], str]:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: copy=False expects a NumPy array, got {check.type_name(value)}")
    if value.flags.writeable:
        raise ValueError(f"{name}: copy=False expects a read-only array; call .setflags(write=False) first")
    array, dtype_name = as_array(value, name, exact=exact)
    if not array.flags.c_contiguous or not np.may_share_memory(array, value):
        raise ValueError(
            f"{name}: copy=False expects a C-contiguous array of a type that the core knows, got {value.dtype} with "
            f"strides {value.strides}"
        )
    return array, dtype_name


def is_here(late: _core.Arrival | _core.InPlace | None) -> bool:
    """True where the values may be looked at now."""
    return not isinstance(late, _core.Arrival)


def device_of(value: Any) -> Any:
    """The `registry.Device` that holds `value`; None where it is on the host or has to be waited for."""
    if type(value) is np.ndarray or (not (_is_torch(value) and not value.is_cpu) and not _is_foreign(value)):
        return None
    from tickertape.devices import registry  # noqa: PLC0415  # only for values that may be on a device

    return registry.find(value)


def _is_foreign(value: Any) -> bool:
    """May be an array of another library than NumPy and torch."""
    return (
        hasattr(type(value), "__dlpack_device__")
        and not isinstance(value, np.ndarray)
        and not _is_torch(value)
    )


def _gathered(values: Sequence[Any]) -> Any:
    """Tensors of one shape on one accelerator as one tensor there; anything else as it is."""
    if not values or not all(_is_torch(value) and not value.is_cpu for value in values):
        return values
    if len({(value.device, value.dtype, value.shape) for value in values}) > 1:
        return values
    return sys.modules["torch"].stack([value.detach() for value in values])


def as_floats(value: Any, name: str) -> npt.NDArray[Any]:
    """`value` as an array of float16, float32 or float64, whichever holds it: a float type is kept.

    Raises:
        TypeError, ValueError: as `as_array`.
    """
    array, dtype_name = as_array(value, name)
    return widened(array, dtype_name) if "float" in dtype_name else array.astype(np.float64)


def as_scalar(value: Any, name: str) -> float:
    """`value` as one float: a number, a 1-element array or tensor, or numeric text, as add_scalar takes it.

    Raises:
        TypeError: it has no float value (None, lists, complex numbers, objects).
        ValueError: it has several elements, is text that is no number, or is too great for a float64.
    """
    if isinstance(
        value, (list, tuple, np.complexfloating)
    ):  # float() drops NumPy's imaginary parts with a warning
        raise TypeError(f"{name}: expected one number, got {check.type_name(value)}")
    if isinstance(value, np.ndarray) or _is_torch(value):
        array, dtype_name = as_array(value, name)
        if array.size != 1:
            raise ValueError(f"{name}: expected one number, got shape {tuple(array.shape)}")
        return float(widened(array, dtype_name).item())
    try:
        return float(value)
    except (TypeError, RuntimeError) as error:
        raise TypeError(f"{name}: expected one number, got {check.type_name(value)}") from error
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: expected one number, got {str(value)[:40]!r}") from error


def check_scalar(value: Any, name: str) -> None:
    """Raises what `as_scalar` would, as far as that can be known without waiting for a device."""
    if isinstance(value, _core.LateScalar):
        return
    if device_of(value) is None:
        as_scalar(value, name)
    elif math.prod(value.shape) != 1:
        raise ValueError(f"{name}: expected one number, got shape {tuple(value.shape)}")


def widened(array: npt.NDArray[Any], dtype_name: str) -> npt.NDArray[Any]:
    """What `as_array` gave, with bfloat16 bits as float32, whose upper half they are; shape kept."""
    if dtype_name != "bfloat16":
        return array
    bits: npt.NDArray[np.uint32] = np.left_shift(array, 16, dtype=np.uint32)
    return bits.view(np.float32)


def _to_numpy(value: Any, name: str) -> npt.NDArray[Any]:
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return np.asarray(value)
    if isinstance(value, (str, bytes, bytearray, dict, set, frozenset)) or value is None:
        raise TypeError(f"{name}: expected an array of numbers, got {check.type_name(value)}")
    if isinstance(value, (list, tuple)):
        return _sequence_to_numpy(value, name)
    if isinstance(value, np.ndarray) and np.any(getattr(value, "mask", False)):
        raise TypeError(f"{name}: is a masked array; hand over .compressed() or .filled(...)")
    return _foreign_to_numpy(value, name)


def _foreign_to_numpy(value: Any, name: str) -> npt.NDArray[Any]:
    """Arrays of other libraries, through the protocol they offer."""
    try:
        if (
            hasattr(value, "__array__")
            or hasattr(value, "__array_interface__")
            or isinstance(value, Sequence)
        ):
            array: npt.NDArray[Any] = np.asarray(value)
            return array
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
    except Exception as error:  # whatever another library raises, the caller learns which argument it was
        raise TypeError(f"{name}: {check.type_name(value)} cannot be read as an array: {error}") from error
    raise TypeError(f"{name}: expected an array of numbers, got {check.type_name(value)}")


def _sequence_to_numpy(value: Sequence[Any], name: str) -> npt.NDArray[Any]:
    if any(_is_torch(item) for item in value):
        return _stack([widened(*as_array(item, name)) for item in value], name)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected rows of equal length: {error}") from error


def _stack(arrays: list[npt.NDArray[Any]], name: str) -> npt.NDArray[Any]:
    try:
        return np.stack(arrays)
    except ValueError as error:
        raise ValueError(f"{name}: expected elements of equal shape: {error}") from error


def _is_torch(value: object) -> bool:
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    return tensor is not None and isinstance(value, tensor)


def _torch_to_numpy(tensor: Any, name: str) -> tuple[npt.NDArray[Any], bool]:
    """(array that shares the memory of a CPU tensor, whether it holds the bits of bfloat16)."""
    try:  # nearly all tensors; what numpy() refuses is looked at more closely
        return (tensor.detach() if tensor.requires_grad else tensor).numpy(), False
    except (RuntimeError, TypeError):
        return _unusual_torch_to_numpy(tensor, name)


def _unusual_torch_to_numpy(tensor: Any, name: str) -> tuple[npt.NDArray[Any], bool]:
    if tensor.is_meta:
        raise TypeError(f"{name}: is a meta tensor and has no data")
    if tensor.is_quantized or getattr(tensor, "is_nested", False) or str(tensor.layout) != "torch.strided":
        raise TypeError(f"{name}: expected a dense tensor; call .to_dense() or .dequantize() first")
    torch: Any = sys.modules["torch"]
    try:
        tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
        if tensor.dtype == torch.bfloat16:
            return tensor.view(torch.int16).numpy().view(np.uint16), True
        if tensor.dtype.is_floating_point and tensor.element_size() < 2:
            tensor = tensor.float()  # float8: every value is a float32
        return tensor.numpy(), False
    except (RuntimeError, TypeError) as error:
        raise TypeError(f"{name}: {tensor.dtype} tensor cannot be read as an array: {error}") from error


def _unusual_dtype(array: npt.NDArray[Any], name: str, *, exact: bool) -> tuple[npt.NDArray[Any], str]:
    """Element types that the core does not take as they lie in memory."""
    dtype = array.dtype
    if dtype.name == "bfloat16" and dtype.itemsize == 2:  # ml_dtypes, so JAX and TensorFlow
        return array.view(np.uint16), "bfloat16"
    if not dtype.isnative:
        return as_array(array.astype(dtype.newbyteorder("=")), name, exact=exact)
    if exact and dtype.name in _COMPLEX:
        return array, dtype.name
    if not exact and dtype.name.startswith(("float8", "float6", "float4", "int4", "uint4", "int2", "uint2")):
        return array.astype(np.float32), "float32"  # ml_dtypes: every value is a float32
    if not exact and dtype.kind == "f":
        return array.astype(np.float64), "float64"  # long double
    for (
        equal,
        equal_name,
    ) in _NAMES.items():  # a second C type of the same width, such as long long beside long
        if dtype.kind == equal.kind and dtype.kind in "iuf" and dtype.itemsize == equal.itemsize:
            return array.view(equal), equal_name
    kind = "real numbers" if not exact else "numbers of a type that TensorBoard stores"
    raise TypeError(f"{name}: expected {kind}, got an array of {dtype}")
