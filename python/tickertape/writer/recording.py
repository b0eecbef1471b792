"""Whether and at which step add_* record: record_if, the default step, and what use_metadata sets.

A process that uses none of them pays nothing. The first use puts a function before each add_* of SummaryWriter,
which costs about 1 µs a call from then on.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tickertape.convert import check
from tickertape.writer import gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STEP_NAMES = ("global_step", "step")
_WALLTIME_NAMES = ("walltime",)

_condition: ContextVar[Any] = ContextVar("tickertape_condition", default=True)
_default_step: int | None = None


def set_step(step: Any) -> None:
    """Sets the step of every add_* call that names none, in all threads; None unsets it, and they are at step 0.

    tf.summary.experimental.set_step does so for one thread.

    Args:
        step: anything int() takes, or None.

    Raises:
        TypeError, ValueError: it is no step.
    """
    global _default_step  # noqa: PLW0603  # one default step a process is what it is for
    number = None if step is None else check.step(step, "step")
    if number is not None:
        stand_before_add()
    _default_step = number


def get_step() -> int | None:
    """The step that `set_step` has set, or None."""
    return _default_step


def record_if(condition: bool | Callable[[], Any]) -> contextlib.AbstractContextManager[None]:
    """While it lasts, add_* of every SummaryWriter record only where `condition` holds; otherwise they do nothing at all.

    For `with`, and as a decorator of a function. It holds for the calling thread (and its asyncio task). Inside one
    another the innermost counts, as with tf.summary.record_if. Protobuf messages (FileWriter.add_summary, add_event)
    are not asked about.

    Args:
        condition: a bool, or a function without arguments that is asked at every add_*.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(condition, bool) and not callable(condition):
        if not hasattr(condition, "item"):
            raise TypeError(f"condition: expected a bool or a function, got {check.type_name(condition)}")
        condition = bool(condition)  # NumPy's, a tensor's
    stand_before_add()
    return _condition_set(condition)


@contextlib.contextmanager
def _condition_set(condition: Any) -> Iterator[None]:
    token = _condition.set(condition)
    try:
        yield
    finally:
        _condition.reset(token)


@functools.cache
def stand_before_add() -> None:
    """Puts a function before each add_* of SummaryWriter that asks the condition and fills in the defaults."""
    gate.take_over_native_methods()  # now, so that it does not come before ours later
    gate.change(_put_before)


def _put_before(cls: type) -> None:
    for name in dir(cls):
        method = getattr(cls, name)
        if (gate.writes(name) or name == "write") and callable(method):
            setattr(cls, name, _asking(method))


def _asking(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` behind the condition and with the defaults."""
    parameters = list(inspect.signature(method).parameters)
    step = next((name for name in _STEP_NAMES if name in parameters), None)
    walltime = next((name for name in _WALLTIME_NAMES if name in parameters), None)

    def filled(
        args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None, default: Any
    ) -> tuple[Any, ...]:
        """`args` with the default where they say None; where they say nothing, `kwargs` gets it."""
        if default is None or name is None:
            return args
        index = parameters.index(name) - 1  # without self
        if len(args) <= index:
            if kwargs.get(name) is None:
                kwargs[name] = default
        elif args[index] is None:
            return (*args[:index], default, *args[index + 1 :])
        return args

    @functools.wraps(method)
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        condition = _condition.get()
        if not (condition if isinstance(condition, bool) else condition()):
            return None
        own_step, own_walltime = self._defaults.current
        args = filled(args, kwargs, step, _default_step if own_step is None else own_step)
        args = filled(args, kwargs, walltime, own_walltime)
        if condition is True:
            return method(self, *args, **kwargs)
        token = _condition.set(True)  # what one add_* asks another is not asked again
        try:
            return method(self, *args, **kwargs)
        finally:
            _condition.reset(token)

    return asked
