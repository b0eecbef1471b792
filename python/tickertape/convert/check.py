"""Arguments that are not arrays: each function returns the argument as the core takes it, or raises naming it.

The rules for text, step, wall time and numbers are the core's own (csrc/bindings/convert/arguments.h).
"""

import operator
from typing import Any

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue

type_name = _core.type_name
text_of = _core.text_of  # for messages: str() of an error raises nothing, and holds what UTF-8 can hold
string = _core.to_text
flag = _core.to_flag
items = _core.items_of
scalar = _core.to_scalar  # the rules of add_scalar; waits for a value that is still on a device

_MOST_BYTES = 2**31 - 4096  # csrc/event/op.h, kMaxEventBytes; an Event has a tag and metadata too


def message_bytes(n_bytes: int, name: str) -> None:
    """Checks the size of what becomes one message.

    Raises:
        ValueError: no protobuf can read it.
    """
    if n_bytes > _MOST_BYTES:
        raise UnsupportedValue(
            f"{name}: expected less than 2 GiB, protobuf's limit for a message, got {n_bytes} bytes"
        )


def one_of(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """`value`, if it is one of `choices`.

    Raises:
        ValueError: it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise UnsupportedValue(
            f"{name}: expected {' or '.join(map(repr, choices))}, got {_core.repr_of(value)}"
        )
    return str(value)


def step(value: Any, name: str = "global_step") -> int:
    """`value` as an int64; None is 0, anything int() takes will do.

    Raises:
        TypeError: int() does not take it.
        ValueError: it is not a whole number in text, is NaN or infinite, or does not fit.
    """
    return _core.to_step(value, name)


def walltime(value: Any, name: str = "walltime") -> float | None:
    """`value` as seconds since the epoch; None stays None.

    Raises:
        TypeError: it is no real number.
        ValueError: it is NaN or infinite: TensorBoard would drop the rest of the file.
    """
    return _core.to_wall_time(value, name)


def real(value: Any, name: str) -> float:
    """`value` as a float; text and complex numbers are refused.

    Raises:
        TypeError, ValueError: float() does not take it.
    """
    return _core.to_real(value, name)


def integer(value: Any, name: str, least: int, most: int | None = None) -> int:
    """`value` as an int from `least` to `most`; bool and float are no integers.

    Raises:
        TypeError: it is no integer.
        ValueError: it is outside.
    """
    if isinstance(value, bool):
        raise UnsupportedType(f"{name}: expected an integer, got bool")
    try:
        number = operator.index(value)
    except TypeError as error:
        raise UnsupportedType(f"{name}: expected an integer, got {type_name(value)}") from error
    if number < least:
        raise UnsupportedValue(f"{name}: expected at least {least}, got {text_of(number)}")
    if most is not None and number > most:
        raise UnsupportedValue(f"{name}: expected at most {most}, got {text_of(number)}")
    return number
