"""Whether and at which step add_* record: record_if, set_step and use_metadata.

The core has a gate (csrc/bindings/fast/gate.h). It is set while a block of record_if or use_metadata runs. Then each
add_* calls `admit` before it checks its arguments. Otherwise a call costs one test of a flag.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape._core import UnsupportedType
from tickertape.convert import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tickertape.convert import types

_STEP_NAMES = ("global_step", "step")
_WALLTIME = "walltime"


class _Block:
    """A block of record_if. It also ends for asyncio tasks that were started inside it and inherited it."""

    __slots__ = ("condition", "has_ended", "outer")

    def __init__(self, condition: Any, outer: _Block | None) -> None:
        self.condition = condition
        self.outer = outer
        self.has_ended = False


_innermost: ContextVar[_Block | None] = ContextVar("tickertape_record_if", default=None)


def set_step(step: types.Step) -> None:
    """Sets the step of every add_* call that names none, in all threads. None unsets it: such calls then have step 0.

    tf.summary.experimental.set_step does this for one thread only.

    Args:
        step: anything int() takes, or None.

    Raises:
        TypeError, ValueError: `step` is of the wrong kind.
    """
    _core.set_default_step(None if step is None else check.step(step, "step"))


def get_step() -> int | None:
    """The step that `set_step` has set, or None."""
    return _core.default_step()


def record_if(condition: bool | Callable[[], Any]) -> contextlib.AbstractContextManager[None]:
    """Inside its block, add_* of every SummaryWriter record only if `condition` is true; otherwise they do nothing.

    Used with `with`, or as the decorator of a function. It holds for the calling thread, and for the asyncio tasks that
    this thread starts inside the block, until the block ends. If blocks are nested, the innermost counts, as with
    tf.summary.record_if. Protobuf messages (FileWriter.add_summary, add_event) are always recorded.

    Args:
        condition: a bool, or a function without arguments that every add_* calls.

    Raises:
        TypeError: `condition` is neither.
    """
    if not isinstance(condition, bool) and not callable(condition):
        if not hasattr(condition, "item"):
            raise UnsupportedType(
                f"condition: expected a bool or a function, got {check.type_name(condition)}"
            )
        condition = bool(condition)  # NumPy's, a tensor's
    return _block_of(condition)


@contextlib.contextmanager
def _block_of(condition: Any) -> Iterator[None]:
    block = _Block(condition, _running())
    with gated_block():
        token = _innermost.set(block)
        try:
            yield
        finally:
            block.has_ended = True
            with contextlib.suppress(ValueError):  # a generator that continues in another context
                _innermost.reset(token)


@contextlib.contextmanager
def gated_block() -> Iterator[None]:
    """Inside its block, each add_* of the process calls `admit`."""
    _core.enter_gated_block()
    try:
        yield
    finally:
        _core.leave_gated_block()


def admit(writer: Any, global_step: Any = None, walltime: Any = None) -> tuple[Any, Any] | None:
    """Decides whether and when a call records; called by add_* of a SummaryWriter while `_core.is_gated`.

    Returns:
        The step and wall time of the call, with the defaults for those that are None. None if the call records nothing.
    """
    block = _running()
    if block is not None:
        condition = block.condition
        if not (condition if isinstance(condition, bool) else condition()):
            return None
    set_for_writer = writer._defaults.current  # noqa: SLF001  # the two belong together
    if global_step is None:
        global_step = _core.default_step() if set_for_writer.step is None else set_for_writer.step
    return global_step, set_for_writer.walltime if walltime is None else walltime


_core.set_admit_hook(admit)


def _running() -> _Block | None:
    """The innermost block that has not ended."""
    block = _innermost.get()
    while block is not None and block.has_ended:
        block = block.outer
    return block


def gated(method: Callable[..., Any]) -> Callable[..., Any]:
    """Makes `method` of another package's writer obey the gate, like the methods of SummaryWriter.

    Calls that `method` itself makes always record.
    """
    import inspect  # noqa: PLC0415  # few use this, and it takes long to import

    signature = inspect.signature(method)
    step_name = next((name for name in _STEP_NAMES if name in signature.parameters), "")

    @functools.wraps(method)
    def asking(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not _core.is_gated:
            return method(self, *args, **kwargs)
        call = signature.bind(self, *args, **kwargs)
        given = call.arguments
        when = admit(self, given.get(step_name), given.get(_WALLTIME))
        if when is None:
            return None
        for name, value in zip((step_name, _WALLTIME), when, strict=True):
            if name in signature.parameters:
                given[name] = value
        token = _innermost.set(_Block(condition=True, outer=None))
        try:
            return method(*call.args, **call.kwargs)
        finally:
            _innermost.reset(token)

    return asking
