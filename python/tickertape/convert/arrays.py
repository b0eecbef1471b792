"""Converts anything array-like to what the core takes: a NumPy array and the name of its element type.

torch, JAX and other libraries are never imported: a caller with a tensor has imported its library. Every error names the
argument.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, dtypes

if TYPE_CHECKING:
    import numpy.typing as npt

_MOST_AXES = 64  # NPY_MAXDIMS
_OF_FILES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".npy", ".wav", ".mp4")
# Arguments that follow a tag, for which a text is probably the tag.
_AFTER_TAG = ("values", "img_tensor", "vid_tensor", "snd_tensor", "tensor", "vertices", "labels")
_NAMES: dict[np.dtype[Any], str] = {np.dtype(name): name for name in dtypes.REAL}


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
        ValueError: a nested list is ragged, or there are more than 64 dimensions.
    """
    if type(value) is not np.ndarray:
        value = _core.host_array(value)
    if type(value) is np.ndarray:
        array: npt.NDArray[Any] = value
    elif is_torch(value):
        check_rank(value, name)
        array, is_bfloat16 = _torch_to_numpy(value, name)
        if is_bfloat16:
            return array, dtypes.BFLOAT16
    else:
        array = _to_numpy(value, name)
    dtype_name = _NAMES.get(array.dtype)
    if dtype_name is not None:
        return array, dtype_name
    return _unusual_dtype(array, name, exact=exact)


def as_floats(value: Any, name: str) -> npt.NDArray[Any]:
    """`value` as an array of float16, float32 or float64, whichever holds it: a float type is kept.

    Raises:
        TypeError, ValueError: as `as_array`.
    """
    array, dtype_name = as_array(value, name)
    return widened(array, dtype_name) if "float" in dtype_name else array.astype(np.float64)


def widened(array: npt.NDArray[Any], dtype_name: str) -> npt.NDArray[Any]:
    """The result of `as_array` with bfloat16 bits as float32, whose upper half they are. The shape is kept."""
    if dtype_name != "bfloat16":
        return array
    bits: npt.NDArray[np.uint32] = np.left_shift(array, 16, dtype=np.uint32)
    return bits.view(np.float32)


def check_rank(value: Any, name: str) -> None:
    """Raises ValueError if `value` is an array of more dimensions than NumPy holds."""
    n_axes = getattr(value, "ndim", 0)
    if isinstance(n_axes, int) and n_axes > _MOST_AXES:
        raise UnsupportedValue(
            f"{name}: expected at most {_MOST_AXES} dimensions, which NumPy holds, got {n_axes}"
        )


def _to_numpy(value: Any, name: str) -> npt.NDArray[Any]:
    check_rank(value, name)
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return _read(value, name)
    if (
        isinstance(value, (str, bytes, bytearray, dict, set, frozenset))
        or value is None
        or hasattr(value, "__fspath__")
    ):
        raise UnsupportedType(
            f"{name}: expected an array of numbers, got {check.type_name(value)}{_cure(value, name)}"
        )
    if isinstance(value, (list, tuple)):
        return _sequence_to_numpy(value, name)
    if isinstance(value, np.ndarray):
        _check_unmasked(value, name)
    return _foreign_to_numpy(value, name)


def _cure(value: Any, name: str) -> str:
    """What was probably meant by something that is no array."""
    if hasattr(value, "__fspath__") or (isinstance(value, str) and value.lower().endswith(_OF_FILES)):
        return "; open the file first, e.g. with PIL.Image.open"
    if isinstance(value, str) and name in _AFTER_TAG:
        return "; the tag comes first, then the data"
    return ""


def _check_unmasked(array: npt.NDArray[Any], name: str) -> None:
    if np.any(getattr(array, "mask", False)):
        raise UnsupportedType(
            f"{name}: expected an array without a mask, got a masked one; pass .compressed() or .filled(...)"
        )


def _foreign_to_numpy(value: Any, name: str) -> npt.NDArray[Any]:
    """Arrays of other libraries, through the protocol that they support."""
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__") or isinstance(value, Sequence):
        return _read(value, name)
    if hasattr(value, "__dlpack__"):
        return _read(value, name, np.from_dlpack)
    raise UnsupportedType(f"{name}: expected an array of numbers, got {check.type_name(value)}")


def _read(value: Any, name: str, read: Callable[[Any], npt.NDArray[Any]] = np.asarray) -> npt.NDArray[Any]:
    try:
        return read(value)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # any error of another library: the caller learns which argument it was
        raise UnsupportedType(
            f"{name}: expected an array of numbers, got {check.type_name(value)} ({check.text_of(error)})"
        ) from error


def _sequence_to_numpy(value: Sequence[Any], name: str) -> npt.NDArray[Any]:
    kinds = set(map(type, value))
    tensor = getattr(sys.modules.get("torch"), "Tensor", None)
    if tensor is not None and any(issubclass(kind, tensor) for kind in kinds):
        return _stack([widened(*as_array(item, name)) for item in value], name)
    _check_sequence(value, kinds, name)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise UnsupportedValue(
            f"{name}: expected rows of equal length, got others ({check.text_of(error)})"
        ) from error


def _check_sequence(value: Sequence[Any], kinds: set[type], name: str, depth: int = 1) -> None:
    """Raises for what np.asarray would read wrongly: masks, and more axes than an array has."""
    if depth > _MOST_AXES:
        raise UnsupportedValue(
            f"{name}: expected at most {_MOST_AXES} dimensions, which NumPy holds, got more"
        )
    if any(issubclass(kind, np.ndarray) and kind is not np.ndarray for kind in kinds):
        for item in value:
            if isinstance(item, np.ndarray):
                _check_unmasked(item, name)
    if any(issubclass(kind, (list, tuple)) for kind in kinds):
        for item in value:
            if isinstance(item, (list, tuple)):
                _check_sequence(item, set(map(type, item)), name, depth + 1)


def _stack(arrays: list[npt.NDArray[Any]], name: str) -> npt.NDArray[Any]:
    try:
        return np.stack(arrays)
    except ValueError as error:
        raise UnsupportedValue(
            f"{name}: expected elements of equal shape, got others ({check.text_of(error)})"
        ) from error


def is_torch(value: object) -> bool:
    """Whether `value` is a torch tensor. Torch is not imported for this."""
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    return tensor is not None and isinstance(value, tensor)


def _torch_to_numpy(tensor: Any, name: str) -> tuple[npt.NDArray[Any], bool]:
    """(array, whether it holds the bits of bfloat16). The array shares the memory of a CPU tensor."""
    try:  # works for nearly all tensors
        return (tensor.detach() if tensor.requires_grad else tensor).numpy(), False
    except (RuntimeError, TypeError):
        return _unusual_torch_to_numpy(tensor, name)


def _unusual_torch_to_numpy(tensor: Any, name: str) -> tuple[npt.NDArray[Any], bool]:
    if tensor.is_meta:
        raise UnsupportedType(f"{name}: expected a tensor with data, got a meta tensor")
    if tensor.is_quantized or getattr(tensor, "is_nested", False) or str(tensor.layout) != "torch.strided":
        raise UnsupportedType(
            f"{name}: expected a dense tensor, got a {_layout(tensor)} one; call .to_dense() or .dequantize() first"
        )
    torch: Any = sys.modules["torch"]
    try:
        tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
        if tensor.dtype == torch.bfloat16:
            return tensor.view(torch.int16).numpy().view(np.uint16), True
        if tensor.dtype.is_floating_point and tensor.element_size() < 2:
            tensor = tensor.float()  # float8: every value is a float32
        return tensor.numpy(), False
    except (RuntimeError, TypeError) as error:
        raise UnsupportedType(
            f"{name}: expected an array of numbers, got a {tensor.dtype} tensor ({check.text_of(error)})"
        ) from error


def _layout(tensor: Any) -> str:
    return "quantized" if tensor.is_quantized else str(tensor.layout).removeprefix("torch.")


def _unusual_dtype(array: npt.NDArray[Any], name: str, *, exact: bool) -> tuple[npt.NDArray[Any], str]:
    """Element types that the core does not know: converted to one that it knows, or reinterpreted."""
    dtype = array.dtype
    if dtype.name == "bfloat16" and dtype.itemsize == 2:  # ml_dtypes, so JAX and TensorFlow
        return array.view(np.uint16), "bfloat16"
    if not dtype.isnative:
        return as_array(array.astype(dtype.newbyteorder("=")), name, exact=exact)
    if exact and dtype.name in dtypes.COMPLEX:
        return array, dtype.name
    if not exact and dtype.name.startswith(("float8", "float6", "float4", "int4", "uint4", "int2", "uint2")):
        return array.astype(np.float32), "float32"  # ml_dtypes: every value is a float32
    if not exact and dtype.kind == "f":
        return array.astype(np.float64), "float64"  # long double
    for (
        equal,
        equal_name,
    ) in _NAMES.items():  # a second C type of the same width, e.g. long long and long
        if dtype.kind == equal.kind and dtype.kind in "iuf" and dtype.itemsize == equal.itemsize:
            return array.view(equal), equal_name
    kind = "real numbers" if not exact else "numbers of a type that TensorBoard stores"
    raise UnsupportedType(f"{name}: expected {kind}, got an array of {dtype}")
