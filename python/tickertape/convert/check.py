"""Arguments that are not arrays: each function returns the argument as the core takes it, or raises naming it.

The core checks tag, step and wall time itself; these are for methods that must know before they touch the disk.
"""

import math
import operator
from typing import Any

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def type_name(value: object) -> str:
    """The type of `value` as a reader of an error message would write it."""
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def string(value: Any, name: str) -> str:
    """`value` as text that UTF-8 can hold.

    Raises:
        TypeError: `value` is no str.
        ValueError: it holds a lone surrogate.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a str, got {type_name(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name}: expected text that UTF-8 can hold, got a lone surrogate at {error.start}"
            ) from None
    return value


def one_of(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """`value`, where it is one of `choices`.

    Raises:
        ValueError: it is none of them.
    """
    if value not in choices:
        raise ValueError(f"{name}: expected {' or '.join(map(repr, choices))}, got {value!r}")
    return str(value)


def step(value: Any, name: str = "global_step") -> int:
    """`value` as an int64; None is 0, anything int() takes will do.

    Raises:
        TypeError: int() does not take it.
        ValueError: it is not a whole number in text, is NaN or infinite, or does not fit.
    """
    if value is None:
        return 0
    try:
        number = int(value)
    except (TypeError, RuntimeError) as error:
        raise TypeError(f"{name}: expected an integer or None, got {type_name(value)}") from error
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: expected an integer or None, got {value!r}") from error
    if not _INT64_MIN <= number <= _INT64_MAX:
        raise ValueError(f"{name}: expected an integer of 64 bits, got {number}")
    return number


def walltime(value: Any, name: str = "walltime") -> float | None:
    """`value` as seconds since the epoch; None stays None.

    Raises:
        TypeError: it is no real number.
        ValueError: it is NaN or infinite, at which TensorBoard would drop the rest of the file.
    """
    if value is None:
        return None
    seconds = real(value, name)
    if not math.isfinite(seconds):
        raise ValueError(f"{name}: expected finite seconds since the epoch, got {seconds}")
    return seconds


def real(value: Any, name: str) -> float:
    """`value` as a float; text is not taken.

    Raises:
        TypeError: it is no real number.
    """
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"{name}: expected a number, got {type_name(value)}")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(f"{name}: expected a number, got {type_name(value)}") from error


def integer(value: Any, name: str, least: int, most: int | None = None) -> int:
    """`value` as an int from `least` to `most`; bool and float are no integers.

    Raises:
        TypeError: it is no integer.
        ValueError: it is outside.
    """
    if isinstance(value, bool):
        raise TypeError(f"{name}: expected an integer, got bool")
    try:
        number = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name}: expected an integer, got {type_name(value)}") from error
    if number < least:
        raise ValueError(f"{name}: expected at least {least}, got {number}")
    if most is not None and number > most:
        raise ValueError(f"{name}: expected at most {most}, got {number}")
    return number
