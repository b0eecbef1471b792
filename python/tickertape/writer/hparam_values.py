"""Hyperparameters as people write them, as TensorBoard can store them: numbers, bools and texts, with flat names."""

from __future__ import annotations

import enum
import numbers
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, notices, protobuf

_MOST_CHARACTERS = 200  # of the text of an object: a cell of the page; texts that are given stay as they are


class Value(NamedTuple):
    """A hyperparameter as google.protobuf.Value holds it."""

    kind: str  # text, bool or number
    value: str | bool | float

    def encoded(self) -> bytes:
        """google/protobuf/struct.proto, Value: number_value 2, string_value 3, bool_value 4, in a oneof."""
        if isinstance(self.value, str):
            return protobuf.text_in_oneof(3, self.value)
        if isinstance(self.value, bool):
            return protobuf.bool_field(4, value=self.value)
        return protobuf.double_field(2, self.value)


def flattened(hparams: Any, name: str) -> dict[str, Value]:
    """Name to value; what is nested is named `a/b`, as in `log`. None is left out.

    Args:
        hparams: a mapping, a dataclass, or a namespace (argparse, types).
        name: the argument's name, for errors.

    Raises:
        TypeError: `hparams` is nothing of the kind, or a key is no str.
        ValueError: two hyperparameters have the same name, or a number is beyond float64.
        RecursionError: it is nested without end.
    """
    mapping = _as_mapping(hparams)
    if mapping is None:
        raise UnsupportedType(
            f"{name}: expected a dict, a dataclass or a namespace, got {check.type_name(hparams)}"
        )
    values: dict[str, Value] = {}
    _flatten(mapping, name, "", values)
    return values


def value_of(value: Any, name: str) -> Value:
    """`value`, which is not None, as TensorBoard stores it. What is no number, bool or text becomes a short text.

    Raises:
        TypeError, ValueError: it is a number that TensorBoard cannot store, or a text that UTF-8 cannot hold.
    """
    if isinstance(value, str):
        return Value("text", check.string(value, name))
    if isinstance(value, (bool, np.bool_)):
        return Value("bool", bool(value))
    if _is_real(value):
        return Value("number", _number(value, name))
    if hasattr(value, "shape"):
        element = _only_element(value, name)
        if element is not None:
            return element
    if callable(value) and isinstance(getattr(value, "__name__", None), str):  # as tensorboardX stores it
        return Value("text", check.string(value.__name__, name))
    text = _short(value)
    notices.warn_once(
        f"text of {name}",
        f"{name}: expected a number, bool, str or None, got {check.type_name(value)}, which is stored as the text {text!r} "
        "(said once for this name)",
    )
    return Value("text", check.string(text, name))


def _as_mapping(value: Any) -> Any:
    """What holds hyperparameters by name, as something with items(); None for anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, (type, enum.Enum)) or hasattr(value, "shape"):
        return None
    fields = getattr(type(value), "__dataclass_fields__", None)
    if isinstance(fields, dict):
        return {name: getattr(value, name) for name in fields if hasattr(value, name)}
    argparse = sys.modules.get("argparse")  # loaded if the caller has a Namespace
    if isinstance(value, SimpleNamespace) or (argparse and isinstance(value, argparse.Namespace)):
        return vars(value)
    is_mapping = callable(getattr(value, "keys", None)) and callable(getattr(value, "items", None))
    return value if is_mapping else None  # ml_collections and others


def _flatten(mapping: Any, name: str, prefix: str, values: dict[str, Value]) -> None:
    for key, value in check.items(mapping, name):
        full_key = prefix + check.string(key, f"{name} (a key)")
        item_name = f"hparam_dict[{full_key!r}]"
        if value is None:
            continue
        nested = _as_mapping(value)
        if nested is not None:
            _flatten(nested, item_name, full_key + "/", values)
        elif full_key in values:
            raise UnsupportedValue(f"hparam_dict: expected each name once, got {full_key!r} twice")
        else:
            values[full_key] = value_of(value, item_name)


def _is_real(value: Any) -> bool:
    """Whether float() takes all of the number. Decimal is a Number that is not registered as a Real one."""
    if isinstance(value, numbers.Real):
        return True
    return isinstance(value, numbers.Number) and not isinstance(value, numbers.Complex)


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise UnsupportedValue(
            f"{name}: expected a number within float64, got one of {int(value).bit_length()} bits"
        ) from error
    except ValueError as error:  # Decimal("sNaN")
        raise UnsupportedValue(f"{name}: expected a number, got {check.text_of(error)}") from error
    if isinstance(value, numbers.Integral) and int(value) != number:
        notices.warn(
            f"{name}: expected a number that float64 holds, got {value}, which is stored as {number:.0f}"
        )
    return number


def _only_element(value: Any, name: str) -> Value | None:
    """The number in an array or tensor of one element; None for all others."""
    if isinstance(value, np.ndarray) and value.size == 1 and np.any(getattr(value, "mask", False)):
        return Value("number", check.scalar(value, name))  # NaN, and says so
    try:
        array, dtype = arrays.as_array(value, name)
    except (TypeError, ValueError):  # no array of numbers
        return None
    return value_of(arrays.widened(array, dtype).item(), name) if array.size == 1 else None


def _short(value: Any) -> str:
    """str() in one line and of bounded length; the type of what has no text of its own but an address."""
    kind: Any = type(value)
    if (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__):
        return str(kind.__qualname__)
    text = " ".join(check.text_of(value).split())
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
