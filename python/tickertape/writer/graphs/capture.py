"""Captures a model's graph: by torch.export or, if that fails, by torch.jit.trace. TorchScript needs no capture."""

from __future__ import annotations

import contextlib
import inspect
import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedValue
from tickertape.convert import check, notices
from tickertape.writer.graphs import export, script, tensors_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tickertape.writer.graphs.nodes import Graph

# They log at length why an export failed, which does not concern the user: torch.jit.trace comes next.
_LOGGERS = (
    "torch.export._trace",
    "torch.fx.experimental.symbolic_shapes",
    "torch._subclasses.fake_tensor",
    "torch._dynamo",
)


def capture(torch: Any, model: Any, input_to_model: Any, *, strict: bool) -> tuple[Graph, str]:
    """Captures a call of `model`: (graph, its text by torch).

    Raises:
        ValueError: forward() does not take `input_to_model`.
        RuntimeError: neither torch.export nor torch.jit.trace can capture the model.
    """
    if isinstance(model, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
        return script.read(torch, model, model)
    model = getattr(model, "_orig_mod", model)  # the module inside torch.compile's wrapper
    _check_finite(input_to_model, set(), set())
    input_to_model = tensors_inside.as_tensors(torch, input_to_model)
    is_packed = isinstance(input_to_model, torch.nn.utils.rnn.PackedSequence)
    args, kwargs = _arguments(torch, model, (input_to_model,) if is_packed else input_to_model)
    with _undisturbed(torch, model), contextlib.ExitStack() as hooks:
        dicts = hooks.enter_context(tensors_inside.shown(torch, model))
        if is_packed:
            args = hooks.enter_context(tensors_inside.packed(torch, model, input_to_model))
        try:
            with _silenced():
                return export.read(torch, model, args, kwargs)
        except Exception as error:  # noqa: BLE001  # torch.export raises dozens of types, all meaning "not this model"
            export_error = error
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                captured = _traced(torch, model, args, kwargs, strict=strict, dicts=dicts)
            except Exception as error:
                _check_runs(torch, model, args, kwargs)
                raise RuntimeError(_both_failed(export_error, error)) from error
    if any(issubclass(warning.category, torch.jit.TracerWarning) for warning in caught):
        notices.warn(
            "model: its control flow depends on values of tensors; the graph shows the branches that input_to_model takes."
            f" torch.cond would show every branch ({_first_line(export_error)})"
        )
    return captured


def _traced(
    torch: Any, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, strict: bool, dicts: list[Any]
) -> tuple[Graph, str]:
    """script.trace; not strict if `dicts` shows that the dict in the result is of our own making."""
    try:
        return script.trace(torch, model, args, kwargs, strict=strict)
    except Exception:
        if not (strict and dicts):
            raise
        return script.trace(torch, model, args, kwargs, strict=False)


def _check_runs(torch: Any, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Says so if it is the input with which the model does not run. The error has torch's class, and not its traceback.

    Raises:
        RuntimeError: the model itself raises.
    """
    try:
        model(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  # whatever forward() raises
        given = [f"{name}=" + _described(torch, value) for name, value in kwargs.items()]
        given = [_described(torch, value) for value in args] + given
        message = (
            f"input_to_model: expected arguments with which {type(model).__name__} runs, got {', '.join(given) or 'none'} "
            f"({_first_line(error)})"
        )
    else:
        return
    raise RuntimeError(message) from None


def _described(torch: Any, value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    return check.type_name(value)


_WHAT_HELPS = (
    "pass use_strict_trace=False when forward() returns lists or dicts; "
    "replace `if` and `while` on values of tensors by torch.cond and torch.while_loop; keep NumPy, .item() and "
    ".tolist() out of forward(); or add the graph of a sub-module that can be captured"
)


def _both_failed(export_error: BaseException, trace_error: BaseException) -> str:
    reasons = f"  torch.export: {_first_line(export_error)}\n  torch.jit.trace: {_first_line(trace_error)}\n"
    return f"model: expected a model that torch can capture, got one that it cannot\n{reasons}What helps: {_WHAT_HELPS}."


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in check.text_of(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"


def _arguments(torch: Any, model: Any, given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """`input_to_model` as positional and keyword arguments of forward().

    Raises:
        ValueError: forward() does not take them.
    """
    try:
        signature = inspect.signature(model.forward)
    except (TypeError, ValueError):
        signature = inspect.Signature([inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)])
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    if isinstance(given, (tuple, list)):
        args = tuple(given)
    elif isinstance(given, dict) and _are_names(signature, given):
        kwargs = dict(given)
    elif given is not None:
        args = (given,)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise UnsupportedValue(
            f"input_to_model: expected arguments of {type(model).__name__}.forward{signature}, got others "
            f"({check.text_of(error)})"
        ) from None
    if any(tensor.is_meta for tensor in model.parameters()):
        args, kwargs = torch.utils._pytree.tree_map_only(  # noqa: SLF001  # torch's own name for its trees
            torch.Tensor, lambda tensor: tensor.to("meta"), (args, kwargs)
        )
    return args, kwargs


def _check_finite(given: Any, around: set[int], checked: set[int]) -> None:
    """Refuses lists and dicts that hold themselves: torch would follow them until the C stack overflows."""
    if not isinstance(given, (list, tuple, dict)) or id(given) in checked:
        return
    if id(given) in around:
        raise UnsupportedValue(
            f"input_to_model: expected arguments, got a {check.type_name(given)} that holds itself"
        )
    around.add(id(given))
    for item in given.values() if isinstance(given, dict) else given:
        _check_finite(item, around, checked)
    around.remove(id(given))
    checked.add(id(given))


def _are_names(signature: inspect.Signature, given: dict[Any, Any]) -> bool:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = {name for name, parameter in signature.parameters.items() if parameter.kind in named}
    if not given or not names.issuperset(given):
        return False
    try:
        signature.bind(**given)
    except TypeError:
        return False
    return True


@contextlib.contextmanager
def _undisturbed(torch: Any, model: Any) -> Iterator[None]:
    """While it lasts: eval mode, no gradients, no hooks, no fused layers (which would hide their modules), no warnings."""
    modes = [(module, module.training) for module in model.modules()]
    fast_path = torch.backends.mha.get_fastpath_enabled()
    random_state = torch.get_rng_state()
    try:
        model.eval()
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad(), _without_hooks(torch, model), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        torch.set_rng_state(random_state)
        for module, training in modes:
            module.training = training


@contextlib.contextmanager
def _without_hooks(torch: Any, model: Any) -> Iterator[None]:
    """While it lasts, forward hooks of users are off: they would keep torch.export's fake tensors as results.

    Those of torch itself stay: weight_norm and pruning need them.
    """
    everywhere = torch.nn.modules.module
    tables = [everywhere._global_forward_hooks, everywhere._global_forward_pre_hooks]  # noqa: SLF001  # no public way
    for module in model.modules():
        tables += [module._forward_hooks, module._forward_pre_hooks]  # noqa: SLF001  # as above
    saved = [(table, dict(table)) for table in tables if table]
    try:
        for table, hooks in saved:
            for number, hook in hooks.items():
                if not _is_torchs(hook):
                    del table[number]
        yield
    finally:
        for table, hooks in saved:
            registered_meanwhile = {number: hook for number, hook in table.items() if number not in hooks}
            table.clear()
            table.update(hooks)
            table.update(registered_meanwhile)


def _is_torchs(hook: Any) -> bool:
    function = getattr(hook, "func", hook)  # of functools.partial
    classes = type(function).__mro__ if not hasattr(function, "__code__") else ()
    homes = [getattr(function, "__module__", None), *(home.__module__ for home in classes)]
    return any(str(home).partition(".")[0] == "torch" for home in homes)


class _OtherThreads:
    """A stream that drops the text of the thread that made it, and passes on that of all other threads."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """While it lasts, torch.export prints and logs nothing. If it fails, it would print the unfinished graph and a log."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    were_disabled = [logger.disabled for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        with contextlib.redirect_stderr(_OtherThreads(sys.stderr)):
            yield
    finally:
        for logger, disabled in zip(loggers, were_disabled, strict=True):
            logger.disabled = disabled
